"""Workspaces and their credentials: create, list, revoke."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from suprsend_hub.domain.actor import DEFAULT_SCOPES, Actor, Scope
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.domain.ids import UlidFactory, parse_ulid, ulid_text
from suprsend_hub.domain.records import ApiKeyRow, WorkspaceRow
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.secrets import SecretBox, hash_api_key, random_token
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Connection, Database

_NAME_LENGTH = 64
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
class NewApiKey:
    """An API key just created; the key is shown this once."""

    api_key_id: str
    api_key: str = field(repr=False)


class WorkspaceService:
    """Administration of workspaces, for the CLI and the console."""

    def __init__(
        self,
        database: Database,
        secrets: SecretBox,
        audit: AuditLog,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._audit = audit
        self._secrets = secrets
        self._now = now
        self._ulids = ulids

    async def create(
        self, actor: Actor, name: str, *, workspace_key: str | None = None, workspace_secret: str | None = None
    ) -> NewWorkspace:
        """Create a workspace with a first API key. Conflict if the name (or key) is taken.

        Keys and uids are at least 20 characters, because upstream's event schema asks for that, and hold no colon,
        which separates key and signature in the Authorization header.
        """
        name = name.strip()
        if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
            raise InvalidRequest(
                f"a workspace name has 1 to {_NAME_LENGTH} printable characters", code=Code.INVALID_NAME
            )
        key = workspace_key or f"WK_{random_token(24)}"
        if not key or ":" in key or not key.isascii() or not key.isprintable():
            raise InvalidRequest("a workspace key is printable ASCII without a colon", code=Code.INVALID_KEY)
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
            await self._audit.record(connection, actor, workspace_id, Change(Action.WORKSPACE_CREATE, name))
            api_key = await self._insert_api_key(connection, actor, workspace_id, "first key", DEFAULT_SCOPES)
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
                f"workspace '{name}' not found; `suprsend-hub workspace list` shows all", code=Code.WORKSPACE_NOT_FOUND
            )
        return found

    async def find(self, name: str) -> WorkspaceRow | None:
        """The workspace of that name, or None."""
        async with self._database.connection() as connection:
            return await workspaces.find_by_name(connection, name)

    async def limit(
        self, actor: Actor, name: str, *, edits_per_second: int, burst_edits: int | None = None
    ) -> WorkspaceRow:
        """Limit the edits of a workspace, per worker; 0 lifts the limit. Running hubs follow within `CACHE_S` seconds.

        The burst is a second's worth unless given. Returns the workspace as it is then.
        """
        workspace = await self.get(name)
        if edits_per_second < 0 or (burst_edits is not None and burst_edits < 1):
            raise InvalidRequest(
                "a rate is at least 0 edits per second, a burst at least 1 edit", code=Code.INVALID_LIMIT
            )
        if max(edits_per_second, burst_edits or 0) > _MAX_RATE:
            raise InvalidRequest(f"a rate limit is at most {_MAX_RATE}", code=Code.INVALID_LIMIT)
        burst = (burst_edits or edits_per_second) if edits_per_second else 0
        detail = {"edits_per_second": edits_per_second, "burst_edits": burst}
        async with self._database.transaction() as connection:
            await workspaces.set_rate_limit(
                connection, workspace.workspace_id, edits_per_second=edits_per_second, burst_edits=burst
            )
            change = Change(Action.WORKSPACE_LIMIT, name, detail=dict(detail))
            await self._audit.record(connection, actor, workspace.workspace_id, change)
        return await self.get(name)

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
        """Replace what a key may do. Running hubs follow within `CACHE_S` seconds of `service.credentials`."""
        workspace = await self.get(workspace_name)
        async with self._database.transaction() as connection:
            key = parse_ulid(api_key_id)
            if not await workspaces.set_api_key_scopes(connection, workspace.workspace_id, key, scopes):
                raise _key_not_found(workspace_name, api_key_id)
            change = Change(Action.API_KEY_SCOPES, ulid_text(key), detail={"scopes": sorted(scopes)})
            await self._audit.record(connection, actor, workspace.workspace_id, change)

    async def list_api_keys(self, workspace_name: str) -> Sequence[ApiKeyRow]:
        """The workspace's API keys, revoked ones included."""
        workspace = await self.get(workspace_name)
        async with self._database.connection() as connection:
            return await workspaces.list_api_keys(connection, workspace.workspace_id)

    async def revoke_api_key(self, actor: Actor, workspace_name: str, api_key_id: str) -> None:
        """Revoke a key. Running hubs stop accepting it within `CACHE_S` seconds of `service.credentials`."""
        workspace = await self.get(workspace_name)
        key = parse_ulid(api_key_id)
        async with self._database.transaction() as connection:
            if not await workspaces.revoke_api_key(connection, workspace.workspace_id, key, self._now()):
                raise _key_not_found(workspace_name, api_key_id)
            change = Change(Action.API_KEY_REVOKE, ulid_text(key))
            await self._audit.record(connection, actor, workspace.workspace_id, change)


def _checked_name(name: str, what: str) -> str:
    if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(f"a {what} name has 1 to {_NAME_LENGTH} printable characters", code=Code.INVALID_NAME)
    return name


def _key_not_found(workspace_name: str, api_key_id: str) -> NotFound:
    return NotFound(f"workspace '{workspace_name}' has no valid API key {api_key_id}", code=Code.API_KEY_NOT_FOUND)
