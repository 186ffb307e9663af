"""Subscriber lists: definitions, drafts, members at both ends, and the sweeping of versions that are no longer live."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.records import Draft, Member, Membership, SubscriberList
from suprsend_hub.store import counters
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row
from suprsend_hub.store.walks import walk


async def upsert(
    connection: Connection,
    workspace_id: int,
    list_id: str,
    *,
    live_version: UUID,
    now: datetime,
    list_name: str | None,
    list_description: str | None,
    track_user_entry: bool | None,
    track_user_exit: bool | None,
) -> SubscriberList:
    """Create a list, or change the fields that are not None; `live_version` is used for a new list."""
    record = await connection.fetchrow(
        sql("upsert_list"), workspace_id, list_id, live_version, now,
        list_name, list_description, track_user_entry, track_user_exit,
    )  # fmt: skip
    assert record is not None
    return row(SubscriberList, record)


async def find(connection: Connection, workspace_id: int, list_id: str) -> SubscriberList | None:
    """Return one list, or None."""
    record = await connection.fetchrow(sql("find_list"), workspace_id, list_id)
    return None if record is None else row(SubscriberList, record)


async def lock(connection: Connection, workspace_id: int, list_id: str) -> UUID | None:
    """Lock a list against changes of its membership; return its live version, or None if the list does not exist."""
    version: UUID | None = await connection.fetchval(sql("lock_list"), workspace_id, list_id)
    return version


async def page(connection: Connection, workspace_id: int, *, limit: int, offset: int) -> list[SubscriberList]:
    """Return lists, newest first."""
    records = await connection.fetch(sql("page_lists"), workspace_id, limit, offset)
    return [row(SubscriberList, record) for record in records]


async def count(connection: Connection, workspace_id: int) -> int:
    """Return the number of lists. This counts the definitions, which are few."""
    return int(await connection.fetchval(sql("count_lists"), workspace_id))


async def read(connection: Connection, workspace_id: int, list_ids: Sequence[str]) -> dict[str, SubscriberList]:
    """Return several lists by id."""
    records = await connection.fetch(sql("read_lists"), workspace_id, list(list_ids))
    return {record["list_id"]: row(SubscriberList, record) for record in records}


async def delete(connection: Connection, workspace_id: int, list_id: str) -> bool:
    """Delete a list and its drafts, and leave their members to the sweeper; return False if the list does not exist."""
    live: UUID | None = await connection.fetchval(sql("delete_list"), workspace_id, list_id)
    if live is None:
        return False
    drafts = await connection.fetch(sql("delete_drafts_of_list"), workspace_id, list_id)
    await _bury(connection, workspace_id, list_id, [live, *(record[0] for record in drafts)])
    return True


async def insert_draft(
    connection: Connection, workspace_id: int, list_id: str, version_id: UUID, now: datetime
) -> None:
    """Start a version."""
    await connection.execute(sql("insert_draft"), workspace_id, list_id, version_id, now)


async def find_draft(connection: Connection, workspace_id: int, list_id: str, version_id: UUID) -> Draft | None:
    """Return one draft, or None."""
    record = await connection.fetchrow(sql("find_draft"), workspace_id, list_id, version_id)
    return None if record is None else row(Draft, record)


async def read_drafts(connection: Connection, workspace_id: int, list_ids: Sequence[str]) -> list[Draft]:
    """Return the drafts of several lists, oldest first."""
    records = await connection.fetch(sql("read_drafts"), workspace_id, list(list_ids))
    return [row(Draft, record) for record in records]


async def delete_draft(connection: Connection, workspace_id: int, list_id: str, version_id: UUID) -> bool:
    """Discard a draft; return False if it does not exist."""
    if await connection.fetchval(sql("delete_draft"), workspace_id, list_id, version_id) is None:
        return False
    await _bury(connection, workspace_id, list_id, [version_id])
    return True


async def finish_draft(
    connection: Connection, workspace_id: int, list_id: str, version_id: UUID, *, live: UUID, now: datetime
) -> bool:
    """Make a draft the live membership in place of `live`; return False if it does not exist. Lock the list first."""
    if await connection.fetchval(sql("delete_draft"), workspace_id, list_id, version_id) is None:
        return False
    await connection.execute(sql("set_live_version"), workspace_id, list_id, version_id, now)
    await _bury(connection, workspace_id, list_id, [live])
    return True


async def _bury(connection: Connection, workspace_id: int, list_id: str, versions: Sequence[UUID]) -> None:
    await connection.execute(sql("insert_dead_versions"), workspace_id, list_id, list(versions))


async def add_members(
    connection: Connection,
    workspace_id: int,
    list_id: str,
    version_id: UUID | None,
    *,
    distinct_ids: Sequence[str],
    member_ids: Sequence[UUID],
    now: datetime,
) -> int | None:
    """Add the existing users among `distinct_ids` (distinct) to the live version or a draft, in one statement.

    Returns how many were new; None if the list or draft does not exist.
    """
    record = await connection.fetchrow(
        sql("add_members"), workspace_id, list_id, version_id, sorted(distinct_ids, key=str.encode), list(member_ids),
        now, counters.any_slot(),
    )  # fmt: skip
    return None if record is None else int(record["affected"])


async def remove_members(
    connection: Connection,
    workspace_id: int,
    list_id: str,
    version_id: UUID | None,
    *,
    distinct_ids: Sequence[str],
) -> int | None:
    """Remove members; the reverse of `add_members`."""
    record = await connection.fetchrow(
        sql("remove_members"), workspace_id, list_id, version_id, sorted(distinct_ids, key=str.encode),
        counters.any_slot(),
    )  # fmt: skip
    return None if record is None else int(record["affected"])


async def page_members(
    connection: Connection,
    workspace_id: int,
    list_id: str,
    version_id: UUID,
    *,
    cursor: UUID | None,
    direction: Direction,
    limit: int,
) -> list[Member]:
    """Return members of a version beyond the cursor, in that direction."""
    statement, start = walk("page_members", direction, cursor)
    records = await connection.fetch(statement, workspace_id, list_id, version_id, start, limit)
    return [row(Member, record) for record in records]


async def page_memberships(
    connection: Connection,
    workspace_id: int,
    distinct_id: str,
    *,
    cursor: UUID | None,
    direction: Direction,
    limit: int,
) -> list[Membership]:
    """Return the live lists of a user beyond the cursor, in that direction."""
    statement, start = walk("page_memberships", direction, cursor)
    records = await connection.fetch(statement, workspace_id, distinct_id, start, limit)
    return [row(Membership, record) for record in records]


async def count_memberships(connection: Connection, workspace_id: int, distinct_id: str) -> int:
    """Return the number of lists that a user is a member of."""
    return int(await connection.fetchval(sql("count_memberships"), workspace_id, distinct_id))


async def sweep(connection: Connection, *, at_most: int) -> bool:
    """Remove some members of one dead version, or the version when it is empty; return False if there is none."""
    record = await connection.fetchrow(sql("claim_dead_version"))
    if record is None:
        return False
    found = [each[0] for each in await connection.fetch(sql("find_dead_members"), *record, at_most)]
    for name in ("sweep_memberships", "sweep_members"):
        await connection.execute(sql(name), *record, found)
    if len(found) < at_most:
        workspace_id, list_id, version_id = record
        await connection.execute(sql("delete_dead_version"), *record)
        await counters.delete(connection, workspace_id, [counters.members_counter(list_id, version_id)])
    return True
