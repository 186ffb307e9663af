"""Workspaces and their API keys."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.records import ApiKeyRow, WorkspaceRow
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row

_SCOPES = {scope.value: scope for scope in Scope}


class SealedSecret(NamedTuple):
    """A secret in encrypted form, and the name of the master key that encrypted it."""

    secret_encrypted: bytes
    secret_key_id: str


async def insert(
    connection: Connection, *, name: str, workspace_uid: str, workspace_key: str, secret: SealedSecret, now: datetime
) -> int:
    """Create a workspace; Conflict if its name or key is taken. Returns its id."""
    return int(await connection.fetchval(sql("insert_workspace"), name, workspace_uid, workspace_key, *secret, now))


async def find_by_key(connection: Connection, workspace_key: str) -> WorkspaceRow | None:
    """Return the workspace with that key, or None."""
    return await _find(connection, "find_workspace_by_key", workspace_key)


async def find_by_name(connection: Connection, name: str) -> WorkspaceRow | None:
    """Return the workspace with that name, or None."""
    return await _find(connection, "find_workspace_by_name", name)


async def find_by_api_key_hash(
    connection: Connection, key_hash: bytes
) -> tuple[WorkspaceRow, str, frozenset[Scope]] | None:
    """Return the workspace, name and scopes of an API key that has not been revoked, or None."""
    record = await connection.fetchrow(sql("find_workspace_by_api_key_hash"), key_hash)
    if record is None:
        return None
    columns = dict(record)
    name, scopes = columns.pop("key_name"), _scopes(columns.pop("scopes"))
    return WorkspaceRow(**columns), name, scopes


def _scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes that this release knows; those of a later release allow nothing here."""
    return frozenset(_SCOPES[name] for name in names if name in _SCOPES)


async def _find(connection: Connection, query: str, value: object) -> WorkspaceRow | None:
    record = await connection.fetchrow(sql(query), value)
    return None if record is None else row(WorkspaceRow, record)


async def created_at(connection: Connection, workspace_id: int) -> datetime:
    """Return when the workspace was created."""
    moment: datetime = await connection.fetchval(sql("workspace_created_at"), workspace_id)
    return moment


async def list_all(connection: Connection) -> list[WorkspaceRow]:
    """Return all workspaces, oldest first."""
    return [row(WorkspaceRow, record) for record in await connection.fetch(sql("list_workspaces"))]


async def sample_secrets(connection: Connection) -> list[tuple[str, bytes]]:
    """Return one stored secret of each master key, with its workspace's name: enough to tell whether no key is missing.

    Secrets that an earlier release stored do not name their key; of these, the newest are returned.
    """
    return [(record["name"], record["secret_encrypted"]) for record in await connection.fetch(sql("sample_secrets"))]


async def set_rate_limit(connection: Connection, workspace_id: int, *, edits_per_second: int, burst_edits: int) -> None:
    """Limit the edits of a workspace; 0 and 0 remove the limit."""
    await connection.execute(sql("set_rate_limit"), workspace_id, edits_per_second, burst_edits)


async def set_max_clock_skew(connection: Connection, workspace_id: int, seconds: int) -> None:
    """Limit how far the Date of a signed request may be from the hub's clock; 0 removes the limit."""
    await connection.execute(sql("set_max_clock_skew"), workspace_id, seconds)


async def set_after_merge(connection: Connection, workspace_id: int, value: str) -> None:
    """Set what a new event for a merged user does."""
    await connection.execute(sql("set_after_merge"), workspace_id, value)


async def read_after_merge(connection: Connection, workspace_id: int) -> str:
    """Return what a new event for a merged user does."""
    return str(await connection.fetchval(sql("read_after_merge"), workspace_id))


async def read_tenancy(connection: Connection, workspace_id: int) -> str:
    """Return the rules about users and tenants."""
    text: str = await connection.fetchval(sql("read_tenancy"), workspace_id)
    return text


async def lock_tenancy(connection: Connection, workspace_id: int) -> str:
    """Return the rules about users and tenants, locked against changes until the transaction ends."""
    text: str = await connection.fetchval(sql("lock_tenancy"), workspace_id)
    return text


async def set_tenancy(connection: Connection, workspace_id: int, tenancy: str) -> None:
    """Replace the rules about users and tenants."""
    await connection.execute(sql("set_tenancy"), workspace_id, tenancy)


async def rotate_secret(
    connection: Connection, workspace_id: int, secret: SealedSecret, *, old_until: datetime | None
) -> None:
    """Replace the secret. The old one stays valid until that time; if it is None, the old one ends now."""
    await connection.execute(
        sql("rotate_secret"), workspace_id, secret.secret_encrypted, old_until, secret.secret_key_id
    )


async def drop_previous_secret(connection: Connection, workspace_id: int) -> None:
    """End the overlap of a rotation."""
    await connection.execute(sql("drop_previous_secret"), workspace_id)


async def set_disabled(connection: Connection, workspace_id: int, disabled_at: datetime | None) -> bool:
    """Disable a workspace, or enable it if None. Return False, and change nothing, if it is being deleted."""
    return await connection.fetchval(sql("set_disabled"), workspace_id, disabled_at) is not None


async def reencrypt_secrets(
    connection: Connection, workspace: WorkspaceRow, *, secret: SealedSecret | None, previous_secret: bytes | None
) -> None:
    """Replace encrypted forms of a workspace's secrets if they are still those of `workspace`. None leaves one."""
    await connection.execute(
        sql("reencrypt_secrets"),
        workspace.workspace_id,
        workspace.secret_encrypted,
        workspace.secret_encrypted if secret is None else secret.secret_encrypted,
        workspace.previous_secret,
        workspace.previous_secret if previous_secret is None else previous_secret,
        None if secret is None else secret.secret_key_id,
    )


async def insert_api_key(
    connection: Connection,
    workspace_id: int,
    *,
    api_key_id: UUID,
    name: str,
    key_hash: bytes,
    hint: str,
    scopes: AbstractSet[Scope],
    now: datetime,
) -> None:
    """Store the hash of a new API key."""
    await connection.execute(sql("insert_api_key"), api_key_id, workspace_id, name, key_hash, hint, now, sorted(scopes))


async def list_api_keys(connection: Connection, workspace_id: int) -> list[ApiKeyRow]:
    """Return the API keys of a workspace, oldest first, including revoked ones."""
    records = await connection.fetch(sql("list_api_keys"), workspace_id)
    return [row(ApiKeyRow, record, scopes=_scopes(record["scopes"])) for record in records]


async def set_api_key_scopes(
    connection: Connection, workspace_id: int, api_key_id: UUID, scopes: AbstractSet[Scope]
) -> bool:
    """Replace the scopes of a key; return False if the workspace has no such valid key."""
    return await connection.fetchval(sql("set_api_key_scopes"), workspace_id, api_key_id, sorted(scopes)) is not None


async def revoke_api_key(connection: Connection, workspace_id: int, api_key_id: UUID, now: datetime) -> bool:
    """Revoke a key; return False if the workspace has no such valid key."""
    return await connection.fetchval(sql("revoke_api_key"), workspace_id, api_key_id, now) is not None
