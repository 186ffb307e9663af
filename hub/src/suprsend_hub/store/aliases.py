"""Ids that recipients had before: aliases, tombstones of merged recipients, and their other end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A recipient that was merged. `snapshot` is JSON text, None once the merge is too old to be taken back."""

    merged_into: str
    merge_id: UUID
    snapshot: str | None


@dataclass(frozen=True, slots=True)
class Successor:
    """Where the id of a recipient that is gone leads, and into whom the recipient was merged; None for neither."""

    leads_to: str | None
    merged_into: str | None


async def read(connection: Connection, keys: Sequence[RecipientKey]) -> dict[RecipientKey, RecipientKey]:
    """Return the keys to which those of `keys` lead that are aliases."""
    records = await connection.fetch(
        sql("read_aliases"),
        [key.workspace_id for key in keys],
        [key.object_type for key in keys],
        [key.recipient_id for key in keys],
    )
    return {keys[position - 1]: keys[position - 1]._replace(recipient_id=target) for position, target in records}


async def find_successor(connection: Connection, key: RecipientKey) -> Successor:
    """Return what became of a recipient that does not exist."""
    record = await connection.fetchrow(sql("find_successor"), *key[:3])
    assert record is not None
    return row(Successor, record)


async def find_tombstone(connection: Connection, key: RecipientKey) -> Tombstone | None:
    """Return the tombstone of a recipient that was merged, or None."""
    record = await connection.fetchrow(sql("find_tombstone"), *key[:3])
    return None if record is None else row(Tombstone, record)


async def lock(connection: Connection, keys: Sequence[RecipientKey]) -> bool:
    """Lock everything that says which ids recipients of one workspace had or are, in one order; tell if there is any.

    Call it first: what is done to these rows afterwards then needs no order.
    """
    workspace_id = keys[0].workspace_id
    types, ids = [key.object_type for key in keys], [key.recipient_id for key in keys]
    records = await connection.fetch(sql("find_related_ids"), workspace_id, types, ids)
    related = sorted({(record[0], record[1], record[2]) for record in records})
    if not related:
        return False
    await connection.execute(sql("lock_former_ids"), workspace_id, *map(list, zip(*related, strict=True)))
    former = sorted({(object_type, former_id) for object_type, _, former_id in related})
    for name in ("lock_aliases", "lock_tombstones"):
        await connection.execute(sql(name), workspace_id, *map(list, zip(*former, strict=True)))
    return True


async def put_alias(connection: Connection, alias: RecipientKey, target: RecipientKey, now: datetime) -> None:
    """Make an id lead to a recipient."""
    await connection.execute(sql("put_alias"), *alias[:3], target.recipient_id, now)
    await put_former_ids(connection, target, [alias.recipient_id])


async def put_tombstone(
    connection: Connection, key: RecipientKey, target: RecipientKey, *, merge_id: UUID, now: datetime, snapshot: str
) -> None:
    """Record into whom a recipient was merged."""
    await connection.execute(sql("put_tombstone"), *key[:3], target.recipient_id, merge_id, now, snapshot)
    await put_former_ids(connection, target, [key.recipient_id])


async def delete_all_of(connection: Connection, key: RecipientKey) -> None:
    """Delete the alias and the tombstone that an id is, at both ends."""
    found = await find_successor(connection, key)
    for owner in sorted({each for each in (found.leads_to, found.merged_into) if each is not None}):
        await connection.execute(sql("delete_former_id"), *key[:2], owner, key.recipient_id)
    if found.leads_to is not None:
        await connection.execute(sql("delete_aliases"), key.workspace_id, [key.object_type], [key.recipient_id])
    if found.merged_into is not None:
        await connection.execute(sql("delete_tombstones"), key.workspace_id, [key.object_type], [key.recipient_id])


async def former_ids(connection: Connection, key: RecipientKey) -> list[str]:
    """Return the ids that lead to a recipient, or were merged into it."""
    return [record[0] for record in await connection.fetch(sql("read_former_ids"), *key[:3])]


async def put_former_ids(connection: Connection, key: RecipientKey, ids: Sequence[str]) -> None:
    """Record ids that lead to a recipient."""
    await connection.execute(sql("put_former_ids"), *key[:3], list(ids))


async def hand_over(connection: Connection, source: RecipientKey, target: RecipientKey, ids: Sequence[str]) -> None:
    """Make former ids of one recipient those of another one."""
    if not ids:
        return
    for former in ids:
        await connection.execute(sql("delete_former_id"), *source[:3], former)
    await put_former_ids(connection, target, ids)
    for name in ("point_aliases", "point_tombstones"):
        await connection.execute(sql(name), *target[:3], list(ids))


async def forget_snapshots(connection: Connection, *, before: UUID, at_most: int) -> int:
    """Forget how to take back merges before an edit; return how many."""
    return len(await connection.fetch(sql("forget_snapshots"), before, at_most))
