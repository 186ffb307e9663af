"""Workspaces and their credentials: create, list, change, revoke."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from suprsend_hub.domain.errors import Conflict, InvalidRequest, NotFound, Unavailable
from suprsend_hub.domain.ids import UlidFactory, parse_ulid, ulid_text
from suprsend_hub.domain.records import ApiKeyRow, WorkspaceRow
from suprsend_hub.service.credentials import MAX_KEY_CHARS
from suprsend_hub.service.secrets import SecretBox, hash_api_key, random_token
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Connection, Database

_NAME_LENGTH = 64
MAX_OVERLAP = timedelta(days=90)
"""Longer than that, an old secret is not being replaced any more, but kept."""
_MAX_SKEW_S = 86_400
_MAX_RATE = 1_000_000_000
"""Far above any hub, and what an integer column holds."""


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A workspace just created, with the credentials that are shown this once."""

    workspace_id: int
    name: str
    workspace_uid: str
    workspace_key: str
    workspace_secret: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just rotated in, shown this once; the old one is valid until `old_until`, or not any more if None."""

    workspace_secret: str = field(repr=False)
    old_until: datetime | None


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """What became of the secrets of a workspace: `changed` of them came under the first master key."""

    name: str
    changed: int
    lost: int
    """How many none of the master keys can decrypt."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """An API key just created; the key is shown this once."""

    api_key_id: str
    api_key: str = field(repr=False)


class WorkspaceService:
    """Administration of workspaces, for the CLI and the console."""

    def __init__(
        self, database: Database, secrets: SecretBox, *, now: Callable[[], datetime], ulids: UlidFactory
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._now = now
        self._ulids = ulids

    async def create(
        self, name: str, *, workspace_key: str | None = None, workspace_secret: str | None = None
    ) -> NewWorkspace:
        """Create a workspace with a first API key, both or neither. Conflict if the name (or key) is taken.

        Keys and uids are at least 20 characters, because upstream's event schema asks for that, and hold no colon,
        which separates key and signature in the Authorization header.
        """
        name = name.strip()
        if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
            raise InvalidRequest(f"a workspace name has 1 to {_NAME_LENGTH} printable characters", code="invalid_name")
        key = workspace_key or f"WK_{random_token(24)}"
        if not 1 <= len(key) <= MAX_KEY_CHARS or ":" in key or not key.isascii() or not key.isprintable():
            raise InvalidRequest(
                f"a workspace key is 1 to {MAX_KEY_CHARS} printable ASCII characters without a colon",
                code="invalid_key",
            )
        secret = workspace_secret or f"WS_{random_token(40)}"
        uid = f"wksp_{random_token(20)}"
        async with self._database.transaction() as connection:
            workspace_id = await workspaces.insert(
                connection,
                name=name,
                workspace_uid=uid,
                workspace_key=key,
                secret_encrypted=self._secrets.encrypt(secret),
                now=self._now(),
            )
            api_key = await self._insert_api_key(connection, workspace_id, "first key")
        return NewWorkspace(workspace_id, name, uid, key, secret, api_key.api_key)

    async def list_all(self) -> Sequence[WorkspaceRow]:
        """All workspaces, oldest first."""
        async with self._database.connection() as connection:
            return await workspaces.list_all(connection)

    async def get(self, name: str) -> WorkspaceRow:
        """The workspace of that name; NotFound otherwise."""
        found = await self.find(name)
        if found is None:
            raise NotFound(
                f"workspace '{name}' not found; `suprsend-hub workspace list` shows all", code="workspace_not_found"
            )
        return found

    async def find(self, name: str) -> WorkspaceRow | None:
        """The workspace of that name, or None."""
        async with self._database.connection() as connection:
            return await workspaces.find_by_name(connection, name)

    async def limit(self, name: str, *, edits_per_second: int, burst_edits: int | None = None) -> WorkspaceRow:
        """Limit the edits of a workspace, per worker; 0 lifts the limit. Running hubs follow within `CACHE_S` seconds.

        The burst is a second's worth unless given. Returns the workspace as it is then.
        """
        workspace = await self.get(name)
        if edits_per_second < 0 or (burst_edits is not None and burst_edits < 1):
            raise InvalidRequest("a rate is at least 0 edits per second, a burst at least 1 edit", code="invalid_limit")
        if max(edits_per_second, burst_edits or 0) > _MAX_RATE:
            raise InvalidRequest(f"a rate limit is at most {_MAX_RATE}", code="invalid_limit")
        burst = (burst_edits or edits_per_second) if edits_per_second else 0
        async with self._database.connection() as connection:
            await workspaces.set_rate_limit(
                connection, workspace.workspace_id, edits_per_second=edits_per_second, burst_edits=burst
            )
        return await self.get(name)

    async def limit_clock_skew(self, name: str, seconds: int) -> None:
        """Refuse signed requests whose Date is further from the hub's clock; 0 lifts the limit.

        Running hubs follow within `CACHE_S` seconds, as with every change here.
        """
        workspace = await self.get(name)
        if not 0 <= seconds <= _MAX_SKEW_S:
            raise InvalidRequest(f"a clock skew is 0 to {_MAX_SKEW_S} seconds", code="invalid_clock_skew")
        async with self._database.connection() as connection:
            await workspaces.set_max_clock_skew(connection, workspace.workspace_id, seconds)

    async def rotate_secret(self, name: str, *, overlap: timedelta) -> NewSecret:
        """Give the workspace a new secret. The old one stays valid for the overlap; one before that ends now."""
        workspace = await self.get(name)
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise InvalidRequest(f"an overlap is 0 to {MAX_OVERLAP.days} days", code="invalid_overlap")
        secret = f"WS_{random_token(40)}"
        old_until = self._now() + overlap if overlap else None
        async with self._database.connection() as connection:
            await workspaces.rotate_secret(
                connection, workspace.workspace_id, self._secrets.encrypt(secret), old_until=old_until
            )
        return NewSecret(secret, old_until)

    async def drop_old_secret(self, name: str) -> None:
        """End the overlap of the latest rotation."""
        workspace = await self.get(name)
        async with self._database.connection() as connection:
            await workspaces.drop_previous_secret(connection, workspace.workspace_id)

    async def disable(self, name: str) -> None:
        """Let nobody in: requests get 403, the console does not show it. Its data stay."""
        await self._set_disabled(name, self._now())

    async def enable(self, name: str) -> None:
        """Let everybody in again. Conflict if the workspace is being deleted."""
        await self._set_disabled(name, None)

    async def _set_disabled(self, name: str, disabled_at: datetime | None) -> None:
        workspace = await self.get(name)
        async with self._database.connection() as connection:
            if not await workspaces.set_disabled(connection, workspace.workspace_id, disabled_at):
                raise Conflict(f"workspace '{name}' is being deleted", code="workspace_being_deleted")

    async def reencrypt_secrets(self) -> AsyncIterator[Reencrypted]:
        """Bring each workspace's secrets under the first master key, one workspace at a time, and say what was done.

        Safe beside running hubs that have both keys, and safe to run again: what is done is left alone.
        """
        for workspace in await self.list_all():
            stored = (workspace.secret_encrypted, workspace.previous_secret)
            secrets = [None if secret is None else self._reencrypted(secret) for secret in stored]
            changed = sum(old != new and new is not None for old, new in zip(stored, secrets, strict=True))
            lost = sum(old is not None and new is None for old, new in zip(stored, secrets, strict=True))
            if changed:
                async with self._database.connection() as connection:
                    await workspaces.reencrypt_secrets(
                        connection,
                        workspace,
                        secret=secrets[0] or workspace.secret_encrypted,
                        previous_secret=secrets[1] or workspace.previous_secret,
                    )
            yield Reencrypted(workspace.name, changed, lost)

    def _reencrypted(self, stored: bytes) -> bytes | None:
        """The secret under the first master key; None if no key decrypts it."""
        if self._secrets.is_current(stored):
            return stored
        try:
            return self._secrets.encrypt(self._secrets.decrypt(stored))
        except Unavailable:
            return None

    async def create_api_key(self, workspace_name: str, name: str) -> NewApiKey:
        """A new Bearer API key for the workspace."""
        workspace = await self.get(workspace_name)
        async with self._database.connection() as connection:
            return await self._insert_api_key(connection, workspace.workspace_id, name)

    async def _insert_api_key(self, connection: Connection, workspace_id: int, name: str) -> NewApiKey:
        api_key = f"SS.{random_token(40)}"
        api_key_id = self._ulids.new()
        await workspaces.insert_api_key(
            connection,
            workspace_id,
            api_key_id=api_key_id,
            name=name,
            key_hash=hash_api_key(api_key),
            hint=api_key[-4:],
            now=self._now(),
        )
        return NewApiKey(ulid_text(api_key_id), api_key)

    async def list_api_keys(self, workspace_name: str) -> Sequence[ApiKeyRow]:
        """The workspace's API keys, revoked ones included."""
        workspace = await self.get(workspace_name)
        async with self._database.connection() as connection:
            return await workspaces.list_api_keys(connection, workspace.workspace_id)

    async def revoke_api_key(self, workspace_name: str, api_key_id: str) -> None:
        """Revoke a key. Running hubs stop accepting it within `CACHE_S` seconds of `service.lookup`."""
        workspace = await self.get(workspace_name)
        key = parse_ulid(api_key_id)
        async with self._database.connection() as connection:
            if not await workspaces.revoke_api_key(connection, workspace.workspace_id, key, self._now()):
                raise NotFound(
                    f"workspace '{workspace_name}' has no valid API key {api_key_id}", code="api_key_not_found"
                )
