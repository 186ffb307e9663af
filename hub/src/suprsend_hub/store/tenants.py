"""Tenants: definitions, the numbers of their lives, and what is left of those that are over."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.recipient import USERS, RecipientKey
from suprsend_hub.domain.records import TenantRow
from suprsend_hub.domain.tenant import DEFAULT_TENANT
from suprsend_hub.store import counters
from suprsend_hub.store.database import Connection
from suprsend_hub.store.profiles import upper_bound
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row

if TYPE_CHECKING:
    import asyncpg

_NAME_OF_DEFAULT = "Default"


class DeadTenant(NamedTuple):
    """A life of a tenant that is over and may have left profiles behind."""

    workspace_id: int
    tenant_no: int
    deleted_at: datetime


async def find(connection: Connection, workspace_id: int, tenant_id: str) -> TenantRow | None:
    """Return one tenant, or None."""
    return _tenant(await connection.fetchrow(sql("find_tenant"), workspace_id, tenant_id))


async def lock(connection: Connection, workspace_id: int, tenant_id: str) -> TenantRow | None:
    """Lock a tenant against changes and deletion until the transaction ends; return it, or None."""
    return _tenant(await connection.fetchrow(sql("lock_tenant"), workspace_id, tenant_id))


async def find_numbers(connection: Connection, workspace_id: int, tenant_ids: Sequence[str]) -> dict[str, int]:
    """Return the `tenant_no` of those that exist."""
    records = await connection.fetch(sql("find_tenant_numbers"), workspace_id, list(tenant_ids))
    return {record["tenant_id"]: record["tenant_no"] for record in records}


async def page(connection: Connection, workspace_id: int, *, limit: int, offset: int) -> list[TenantRow]:
    """Return tenants, newest first."""
    records = await connection.fetch(sql("page_tenants"), workspace_id, limit, offset)
    return [row(TenantRow, record) for record in records]


async def count(connection: Connection, workspace_id: int) -> int:
    """Return the number of tenants. This counts the definitions, which are few compared to profiles."""
    return int(await connection.fetchval(sql("count_tenants"), workspace_id))


async def page_by_prefix(
    connection: Connection, workspace_id: int, *, prefix: str, cursor: str | None, direction: Direction, limit: int
) -> list[TenantRow]:
    """Return up to `limit` tenants whose id starts with `prefix`, beyond the cursor (an id), in that direction."""
    upper = upper_bound(prefix)
    if direction is Direction.DESCENDING:
        end = upper if cursor is None else min(cursor, upper)
        records = await connection.fetch(sql("search_tenants_backward"), workspace_id, prefix, end, limit)
    else:
        records = await connection.fetch(
            sql("search_tenants_forward"), workspace_id, prefix, upper, cursor or "", limit
        )
    return [row(TenantRow, record) for record in records]


async def count_prefix(connection: Connection, workspace_id: int, prefix: str) -> int:
    """Return how many ids start with `prefix`."""
    return int(await connection.fetchval(sql("count_tenant_search"), workspace_id, prefix, upper_bound(prefix)))


async def next_number(connection: Connection, workspace_id: int) -> int:
    """Return a `tenant_no` that no life of a tenant has had. Others who ask wait until the transaction ends."""
    return int(await connection.fetchval(sql("next_tenant_no"), workspace_id))


async def insert(
    connection: Connection,
    workspace_id: int,
    tenant_id: str,
    *,
    tenant_no: int,
    tenant_name: str,
    settings: str,
    properties: str,
    now: datetime,
) -> TenantRow:
    """Create a tenant that does not exist."""
    record = await connection.fetchrow(
        sql("insert_tenant"), workspace_id, tenant_no, now, tenant_id, tenant_name, settings, properties
    )
    return _existing(record)


async def insert_default(connection: Connection, workspace_id: int, now: datetime) -> None:
    """Create the tenant that every workspace has, in a new workspace."""
    number = await next_number(connection, workspace_id)
    await insert(
        connection, workspace_id, DEFAULT_TENANT,
        tenant_no=number, tenant_name=_NAME_OF_DEFAULT, settings="{}", properties="{}", now=now,
    )  # fmt: skip


async def update(
    connection: Connection,
    workspace_id: int,
    tenant_id: str,
    *,
    tenant_name: str,
    settings: str,
    properties: str,
    now: datetime,
) -> TenantRow:
    """Replace the fields of a tenant that this transaction has locked."""
    record = await connection.fetchrow(
        sql("update_tenant"), workspace_id, tenant_id, tenant_name, settings, properties, now
    )
    return _existing(record)


async def delete(connection: Connection, workspace_id: int, tenant_id: str, now: datetime) -> int | None:
    """Delete a tenant and leave its profiles to the sweeper; return its number, or None if it does not exist."""
    number: int | None = await connection.fetchval(sql("delete_tenant"), workspace_id, tenant_id)
    if number is not None:
        await connection.execute(sql("bury_tenant"), workspace_id, number, now)
    return number


async def list_dead(connection: Connection, *, at_most: int) -> list[DeadTenant]:
    """Return lives of tenants that are over, those that ended first before others."""
    return [row(DeadTenant, record) for record in await connection.fetch(sql("list_dead_tenants"), at_most)]


async def sweep(connection: Connection, dead: DeadTenant, *, at_most: int) -> int | None:
    """Delete some profiles of a dead tenant with their history; return how many.

    None if somebody else is sweeping it, or has finished.
    """
    if await connection.fetchval(sql("claim_dead_tenant"), *dead[:2]) is None:
        return None
    found = await connection.fetch(sql("find_profiles_of_dead_tenant"), *dead[:2], at_most)
    if found:
        keys = [RecipientKey(dead.workspace_id, each["object_type"], each["recipient_id"]) for each in found]
        await _delete_profiles(connection, dead, sorted(keys))
    return len(found)


async def _delete_profiles(connection: Connection, dead: DeadTenant, keys: Sequence[RecipientKey]) -> None:
    columns = ([key.object_type for key in keys], [key.recipient_id for key in keys])
    for name in (
        "lock_profiles_of_tenant",
        "delete_profiles_of_tenant",
        "delete_history_of_tenant",
        "scrub_keys_of_tenant",
    ):
        await connection.execute(sql(name), *dead[:2], *columns)


async def forget(connection: Connection, dead: DeadTenant) -> None:
    """Forget a dead tenant that has no profiles, with its counter."""
    await counters.delete(connection, dead.workspace_id, [counters.profiles_counter(USERS, dead.tenant_no)])
    await connection.execute(sql("forget_dead_tenant"), *dead[:2])


def _tenant(record: "asyncpg.Record | None") -> TenantRow | None:
    return None if record is None else row(TenantRow, record)


def _existing(record: "asyncpg.Record | None") -> TenantRow:
    assert record is not None
    return row(TenantRow, record)
