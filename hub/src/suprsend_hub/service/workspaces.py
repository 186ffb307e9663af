"""Manage workspaces and their credentials: create, list, change, revoke."""

from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from suprsend_hub.domain.actor import DEFAULT_SCOPES, Actor, Scope
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, InvalidRequest, NotFound, Unavailable
from suprsend_hub.domain.ids import UlidFactory, parse_ulid, ulid_text
from suprsend_hub.domain.merging import AFTER_MERGE
from suprsend_hub.domain.records import ApiKeyRow, WorkspaceRow
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.credentials import MAX_KEY_CHARS
from suprsend_hub.service.secrets import SecretBox, hash_api_key, random_token
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.store import tenants, workspaces
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.workspaces import SealedSecret

_NAME_LENGTH = 64
RESERVED_NAMES = frozenset(
    {"brand", "bulk", "broadcast", "event", "message", "object", "subscriber_list", "tenant", "user", "workflow"}
)
"""First segments of paths below `/v1/`, where the management interface has the name of a workspace."""
MAX_OVERLAP = timedelta(days=90)
"""The old secret must not stay in use for longer than this."""
_MAX_SKEW_S = 86_400
_MAX_RATE = 1_000_000_000
"""Far above what a hub can do, and within an integer column."""


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A new workspace, with the credentials that are shown only once."""

    workspace_id: int
    name: str
    workspace_uid: str
    workspace_key: str
    workspace_secret: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A new secret, shown only once. The old one is valid until `old_until`, or no longer valid if that is None."""

    workspace_secret: str = field(repr=False)
    old_until: datetime | None


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """The result for one workspace: `changed` secrets were encrypted again with the first master key."""

    name: str
    changed: int
    lost: int
    """Number of secrets that no master key decrypts."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A new API key, which is shown only once."""

    api_key_id: str
    api_key: str = field(repr=False)


class WorkspaceService:
    """Administration of workspaces, for the CLI and the console."""

    def __init__(
        self,
        database: Database,
        secrets: SecretBox,
        audit: AuditLog,
        rate_limits: RateLimits,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._audit = audit
        self._rate_limits = rate_limits
        self._secrets = secrets
        self._now = now
        self._ulids = ulids

    async def create(
        self, actor: Actor, name: str, *, workspace_key: str | None = None, workspace_secret: str | None = None
    ) -> NewWorkspace:
        """Create a workspace with a first API key, both or neither. Conflict if the name (or key) is taken.

        Unavailable if stored secrets need another master key: the new one would hide that the key is wrong.

        Keys and uids are at least 20 characters, because upstream's event schema requires that. They contain no
        colon, because a colon separates key and signature in the Authorization header.
        """
        name = name.strip()
        if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
            raise InvalidRequest(
                f"a workspace name must have 1 to {_NAME_LENGTH} printable characters", code=Code.INVALID_NAME
            )
        if name.lower() in RESERVED_NAMES:
            raise InvalidRequest(
                f"a workspace cannot be named '{name}', because paths of the API begin so", code=Code.INVALID_NAME
            )
        key = workspace_key or f"WK_{random_token(24)}"
        if not 1 <= len(key) <= MAX_KEY_CHARS or ":" in key or not key.isascii() or not key.isprintable():
            raise InvalidRequest(
                f"a workspace key must have 1 to {MAX_KEY_CHARS} printable ASCII characters, without a colon",
                code=Code.INVALID_KEY,
            )
        secret = workspace_secret or f"WS_{random_token(40)}"
        uid = f"wksp_{random_token(20)}"
        async with self._database.transaction() as connection:
            self._secrets.check(await workspaces.sample_secrets(connection))
            workspace_id = await workspaces.insert(
                connection,
                name=name,
                workspace_uid=uid,
                workspace_key=key,
                secret=self._secrets.encrypt(secret),
                now=self._now(),
            )
            await tenants.insert_default(connection, workspace_id, self._now())
            await self._audit.record(connection, actor, workspace_id, Change(Action.WORKSPACE_CREATE, name))
            api_key = await self._insert_api_key(connection, actor, workspace_id, "first key", DEFAULT_SCOPES)
        return NewWorkspace(workspace_id, name, uid, key, secret, api_key.api_key)

    async def list_all(self) -> Sequence[WorkspaceRow]:
        """Return all workspaces, oldest first."""
        async with self._database.connection() as connection:
            return await workspaces.list_all(connection)

    async def get(self, name: str) -> WorkspaceRow:
        """Return the workspace with that name; NotFound otherwise."""
        found = await self.find(name)
        if found is None:
            raise NotFound(
                f"workspace '{name}' not found; `suprsend-hub workspace list` lists all", code=Code.WORKSPACE_NOT_FOUND
            )
        return found

    async def find(self, name: str) -> WorkspaceRow | None:
        """Return the workspace with that name, or None."""
        async with self._database.connection() as connection:
            return await workspaces.find_by_name(connection, name)

    async def limit(
        self, actor: Actor, name: str, *, edits_per_second: int, burst_edits: int | None = None
    ) -> WorkspaceRow:
        """Limit the edits of a workspace, per worker; 0 removes the limit. Hubs follow within `CACHE_S` seconds.

        By default, the burst is the number of edits of one second. Return the workspace with the new limit.
        """
        workspace = await self.get(name)
        if edits_per_second < 0 or (burst_edits is not None and burst_edits < 1):
            raise InvalidRequest(
                "a rate must be at least 0 edits per second, and a burst at least 1 edit", code=Code.INVALID_LIMIT
            )
        if max(edits_per_second, burst_edits or 0) > _MAX_RATE:
            raise InvalidRequest(f"a rate limit must be at most {_MAX_RATE}", code=Code.INVALID_LIMIT)
        burst = (burst_edits or edits_per_second) if edits_per_second else 0
        detail = {"edits_per_second": edits_per_second, "burst_edits": burst}
        async with self._database.transaction() as connection:
            await workspaces.set_rate_limit(
                connection, workspace.workspace_id, edits_per_second=edits_per_second, burst_edits=burst
            )
            change = Change(Action.WORKSPACE_LIMIT, name, detail=dict(detail))
            await self._audit.record(connection, actor, workspace.workspace_id, change)
        return await self.get(name)

    async def limit_clock_skew(self, actor: Actor, name: str, seconds: int) -> None:
        """Limit how far the Date of a signed request may be from the hub's clock; 0 removes the limit.

        Running hubs follow within `CACHE_S` seconds, as with all changes in this module.
        """
        if not 0 <= seconds <= _MAX_SKEW_S:
            raise InvalidRequest(f"a clock skew must be 0 to {_MAX_SKEW_S} seconds", code=Code.INVALID_CLOCK_SKEW)
        workspace_id = (await self.get(name)).workspace_id
        async with self._database.transaction() as connection:
            await workspaces.set_max_clock_skew(connection, workspace_id, seconds)
            change = Change(Action.WORKSPACE_CLOCK_SKEW, name, detail={"max_clock_skew_s": seconds})
            await self._audit.record(connection, actor, workspace_id, change)

    async def set_after_merge(self, actor: Actor, name: str, value: str) -> None:
        """Set what a new event for a merged user does, one of AFTER_MERGE. Aliases that exist go on being aliases."""
        if value not in AFTER_MERGE:
            raise InvalidRequest(f"after_merge is one of: {', '.join(AFTER_MERGE)}", code=Code.INVALID_AFTER_MERGE)
        workspace_id = (await self.get(name)).workspace_id
        self._rate_limits.admit(workspace_id, 1)
        async with self._database.transaction() as connection:
            await workspaces.set_after_merge(connection, workspace_id, value)
            change = Change(Action.WORKSPACE_AFTER_MERGE, name, detail={"after_merge": value})
            await self._audit.record(connection, actor, workspace_id, change)

    async def rotate_secret(self, actor: Actor, name: str, *, overlap: timedelta, is_lost: bool = False) -> NewSecret:
        """Give the workspace a new secret. The old one stays valid during the overlap; any older one ends now.

        Unavailable if stored secrets need another master key, unless the old one `is_lost`, which then ends now.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise InvalidRequest(f"an overlap must be 0 to {MAX_OVERLAP.days} days", code=Code.INVALID_OVERLAP)
        workspace_id = (await self.get(name)).workspace_id
        secret = f"WS_{random_token(40)}"
        old_until = self._now() + overlap if overlap and not is_lost else None
        async with self._database.transaction() as connection:
            if not is_lost:
                self._secrets.check(await workspaces.sample_secrets(connection))
            await workspaces.rotate_secret(connection, workspace_id, self._secrets.encrypt(secret), old_until=old_until)
            overlap_s = round(overlap.total_seconds()) if old_until else 0
            change = Change(Action.WORKSPACE_ROTATE_SECRET, name, detail={"overlap_s": overlap_s, "is_lost": is_lost})
            await self._audit.record(connection, actor, workspace_id, change)
        return NewSecret(secret, old_until)

    async def drop_old_secret(self, actor: Actor, name: str) -> None:
        """End the overlap of the latest rotation."""
        workspace_id = (await self.get(name)).workspace_id
        async with self._database.transaction() as connection:
            await workspaces.drop_previous_secret(connection, workspace_id)
            await self._audit.record(connection, actor, workspace_id, Change(Action.WORKSPACE_DROP_OLD_SECRET, name))

    async def disable(self, actor: Actor, name: str) -> None:
        """Refuse all requests of the workspace (403) and hide it in the console. Its data stay."""
        await self._set_disabled(actor, name, self._now())

    async def enable(self, actor: Actor, name: str) -> None:
        """Accept requests of the workspace again. Conflict if it is being deleted."""
        await self._set_disabled(actor, name, None)

    async def _set_disabled(self, actor: Actor, name: str, disabled_at: datetime | None) -> None:
        workspace_id = (await self.get(name)).workspace_id
        action = Action.WORKSPACE_DISABLE if disabled_at else Action.WORKSPACE_ENABLE
        async with self._database.transaction() as connection:
            if not await workspaces.set_disabled(connection, workspace_id, disabled_at):
                raise Conflict(f"workspace '{name}' is being deleted", code=Code.WORKSPACE_BEING_DELETED)
            await self._audit.record(connection, actor, workspace_id, Change(action, name))

    async def reencrypt_secrets(self, actor: Actor) -> AsyncIterator[Reencrypted]:
        """Encrypt all secrets with the first master key, one workspace at a time; yield the result of each.

        Safe while hubs run that have both keys, and safe to run again: secrets under the first key stay unchanged.
        """
        for workspace in await self.list_all():
            stored = [each for each in (workspace.secret_encrypted, workspace.previous_secret) if each is not None]
            sealed = [self._reencrypted(each) for each in stored]
            changed = sum(new is not None and old != new[0] for old, new in zip(stored, sealed, strict=True))
            async with self._database.transaction() as connection:
                previous = sealed[1] if len(sealed) > 1 else None
                await workspaces.reencrypt_secrets(
                    connection, workspace, secret=sealed[0], previous_secret=None if previous is None else previous[0]
                )
                if changed:  # otherwise an earlier release may only not have named the key
                    change = Change(Action.WORKSPACE_REENCRYPT, workspace.name)
                    await self._audit.record(connection, actor, workspace.workspace_id, change)
            yield Reencrypted(workspace.name, changed, sealed.count(None))

    def _reencrypted(self, stored: bytes) -> SealedSecret | None:
        """Return the secret, encrypted with the first master key; None if no key decrypts it."""
        if self._secrets.is_current(stored):
            return SealedSecret(stored, self._secrets.key_id)
        try:
            return self._secrets.encrypt(self._secrets.decrypt(stored))
        except Unavailable:
            return None

    async def create_api_key(
        self, actor: Actor, workspace_name: str, name: str, scopes: AbstractSet[Scope] = DEFAULT_SCOPES
    ) -> NewApiKey:
        """Create a Bearer API key for the workspace."""
        _checked_name(name, "key")
        workspace = await self.get(workspace_name)
        async with self._database.transaction() as connection:
            return await self._insert_api_key(connection, actor, workspace.workspace_id, name, scopes)

    async def _insert_api_key(
        self, connection: Connection, actor: Actor, workspace_id: int, name: str, scopes: AbstractSet[Scope]
    ) -> NewApiKey:
        api_key = f"SS.{random_token(40)}"
        api_key_id = self._ulids.new()
        await workspaces.insert_api_key(
            connection,
            workspace_id,
            api_key_id=api_key_id,
            name=name,
            key_hash=hash_api_key(api_key),
            hint=api_key[-4:],
            scopes=scopes,
            now=self._now(),
        )
        change = Change(Action.API_KEY_CREATE, ulid_text(api_key_id), detail={"name": name, "scopes": sorted(scopes)})
        await self._audit.record(connection, actor, workspace_id, change)
        return NewApiKey(ulid_text(api_key_id), api_key)

    async def set_api_key_scopes(
        self, actor: Actor, workspace_name: str, api_key_id: str, scopes: AbstractSet[Scope]
    ) -> None:
        """Replace what a key may do. Running hubs follow within `CACHE_S` seconds of `service.lookup`."""
        workspace = await self.get(workspace_name)
        async with self._database.transaction() as connection:
            key = parse_ulid(api_key_id)
            if not await workspaces.set_api_key_scopes(connection, workspace.workspace_id, key, scopes):
                raise _key_not_found(workspace_name, api_key_id)
            change = Change(Action.API_KEY_SCOPES, ulid_text(key), detail={"scopes": sorted(scopes)})
            await self._audit.record(connection, actor, workspace.workspace_id, change)

    async def list_api_keys(self, workspace_name: str) -> Sequence[ApiKeyRow]:
        """Return the API keys of the workspace, including revoked ones."""
        workspace = await self.get(workspace_name)
        async with self._database.connection() as connection:
            return await workspaces.list_api_keys(connection, workspace.workspace_id)

    async def revoke_api_key(self, actor: Actor, workspace_name: str, api_key_id: str) -> None:
        """Revoke a key. Running hubs stop accepting it within `CACHE_S` seconds of `service.lookup`."""
        workspace = await self.get(workspace_name)
        key = parse_ulid(api_key_id)
        async with self._database.transaction() as connection:
            if not await workspaces.revoke_api_key(connection, workspace.workspace_id, key, self._now()):
                raise _key_not_found(workspace_name, api_key_id)
            change = Change(Action.API_KEY_REVOKE, ulid_text(key))
            await self._audit.record(connection, actor, workspace.workspace_id, change)


def _checked_name(name: str, what: str) -> str:
    if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(
            f"a {what} name must have 1 to {_NAME_LENGTH} printable characters", code=Code.INVALID_NAME
        )
    return name


def _key_not_found(workspace_name: str, api_key_id: str) -> NotFound:
    return NotFound(f"workspace '{workspace_name}' has no valid API key {api_key_id}", code=Code.API_KEY_NOT_FOUND)
