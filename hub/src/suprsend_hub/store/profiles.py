"""Profiles and their history: the statements of the write path, reads, pages, deletion.

Rows go in and out as columns of arrays: one round trip for a batch of any size. Knows nothing of operations.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.limits import MAX_DISTINCT_ID_CHARS
from suprsend_hub.domain.recipient import GLOBAL, USERS, RecipientKey
from suprsend_hub.domain.records import HistoryEntry, StoredProfile
from suprsend_hub.store.database import AssumptionFailed, Connection, copy_rows
from suprsend_hub.store.queries import sql
from suprsend_hub.store.walks import walk

if TYPE_CHECKING:
    import asyncpg

_KEY_COLUMNS = ("workspace_id", "object_type", "recipient_id", "tenant_no")
_HISTORY_COLUMNS = (
    *_KEY_COLUMNS, "insert_key", "edit_id", "version", "position", "source", "actor", "operations", "before",
)  # fmt: skip
_PROFILE_COLUMNS = (
    *_KEY_COLUMNS, "profile_id", "version", "properties", "channels", "addresses", "preferences", "linked",
    "created_at", "updated_at",
)  # fmt: skip
_ABOVE_ALL_IDS = "\U0010ffff" * (MAX_DISTINCT_ID_CHARS + 1)


class ProfileWrite(msgspec.Struct, frozen=True, gc=False):
    """A row to write. `version` is the version that was read plus one; `fresh_id` is used if the row is new."""

    key: RecipientKey
    fresh_id: UUID
    version: int
    properties: str
    channels: str
    addresses: Sequence[str]
    preferences: str | None = None
    linked: bool = True


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """An applied edit. `operations` and `before` are JSON texts.

    `version` is that of the profile after it, and `position` its place among the edits that produced the version.
    """

    key: RecipientKey
    insert_key: UUID
    edit_id: UUID
    version: int
    position: int
    source: str
    actor: str
    operations: str
    before: str | None


def key_columns(keys: Iterable[RecipientKey]) -> tuple[list[int], list[str], list[str], list[int]]:
    """Return keys as the arrays that statements expect: workspaces, object types, ids, numbers of tenants."""
    columns = list(zip(*keys, strict=True))
    if not columns:
        return [], [], [], []
    return list(columns[0]), list(columns[1]), list(columns[2]), list(columns[3])


async def read(connection: Connection, keys: Sequence[RecipientKey]) -> dict[RecipientKey, StoredProfile]:
    """Return the profiles that exist among `keys`."""
    found: dict[RecipientKey, StoredProfile] = {}
    for position, *rest in await connection.fetch(sql("read_profiles"), *key_columns(keys)):
        key = keys[position - 1]
        found[key] = StoredProfile(key, *rest)
    return found


async def insert_history(connection: Connection, rows: Sequence[HistoryRow]) -> set[UUID]:
    """Record edits; return the `edit_id`s of those that were known already. `rows` are in the order of their keys."""
    # Not by the command tag: on distributed tables it counts what was selected, not what was inserted.
    recorded = await connection.fetch(
        sql("insert_history"),
        *key_columns(row.key for row in rows),
        [row.insert_key for row in rows],
        [row.edit_id for row in rows],
        [row.version for row in rows],
        [row.position for row in rows],
        [row.source for row in rows],
        [row.actor for row in rows],
        [row.operations for row in rows],
        [row.before for row in rows],
    )
    if len(recorded) == len(rows):
        return set()
    return {row.edit_id for row in rows} - {record[0] for record in recorded}


async def find_known(connection: Connection, edits: Sequence[tuple[RecipientKey, UUID]]) -> list[int]:
    """Return the positions of edits that are recorded: pairs of profile and insert key."""
    records = await connection.fetch(
        sql("find_known_edits"), *key_columns(key for key, _ in edits), [insert_key for _, insert_key in edits]
    )
    return [record[0] - 1 for record in records]


async def copy_history(connection: Connection, rows: Sequence[HistoryRow]) -> None:
    """Record edits that are probably new, at half the cost of `insert_history`. `rows` are in the order of their keys.

    Raises AssumptionFailed if one of them is known.
    """
    await copy_rows(
        connection,
        "history",
        _HISTORY_COLUMNS,
        [
            (
                *row.key, row.insert_key, row.edit_id, row.version, row.position, row.source, row.actor, row.operations,
                row.before,
            )
            for row in rows
        ],
    )  # fmt: skip


async def correct_history(connection: Connection, rows: Sequence[HistoryRow]) -> None:
    """Replace the version, position and `before` of recorded edits (after a second fold)."""
    await connection.execute(
        sql("correct_history"),
        *key_columns(row.key for row in rows),
        [row.insert_key for row in rows],
        [row.version for row in rows],
        [row.position for row in rows],
        [row.before for row in rows],
    )


async def delete_history(connection: Connection, rows: Sequence[HistoryRow]) -> None:
    """Delete the record of edits that turned out not to apply."""
    await connection.execute(
        sql("delete_history"), *key_columns(row.key for row in rows), [row.insert_key for row in rows]
    )


async def lock(connection: Connection, keys: Iterable[RecipientKey]) -> dict[RecipientKey, int]:
    """Lock profiles against everybody who changes or deletes them; return the versions of those that exist."""
    wanted = sorted(set(keys))
    records = await connection.fetch(sql("lock_profiles_to_write"), *key_columns(wanted))
    return {wanted[position - 1]: version for position, version in records}


async def insert(connection: Connection, rows: Sequence[ProfileWrite], now: datetime) -> set[UUID]:
    """Insert profiles that did not exist when they were read; return the ids of those that still did not.

    `rows` are in the order of their keys.
    """
    records = await connection.fetch(
        sql("insert_profiles"),
        *key_columns(row.key for row in rows),
        [row.fresh_id for row in rows],
        *_content_columns(rows),
        now,
    )
    return {record[0] for record in records}


async def copy_new(connection: Connection, rows: Sequence[ProfileWrite], now: datetime) -> None:
    """Insert profiles that did not exist when they were read. `rows` are in the order of their keys.

    Raises AssumptionFailed if one of them exists now.
    """
    await copy_rows(
        connection,
        "profile",
        _PROFILE_COLUMNS,
        [
            (
                *row.key, row.fresh_id, row.version, row.properties, row.channels,
                _indexed_addresses(row), row.preferences, row.linked, now, now,
            )
            for row in rows
        ],
    )  # fmt: skip


async def update(connection: Connection, rows: Sequence[ProfileWrite], now: datetime) -> None:
    """Write existing profiles. `rows` are in the order of their keys.

    Raises AssumptionFailed if the version of one has moved; some of the others have been written then.
    """
    status = await connection.execute(sql("update_profiles"), *_update_columns(rows), now)
    if status != f"UPDATE {len(rows)}":
        raise AssumptionFailed("the version of a profile has moved")


def _update_columns(rows: Sequence[ProfileWrite]) -> tuple[Sequence[object], ...]:
    return (*key_columns(row.key for row in rows), *_content_columns(rows))


def _content_columns(rows: Sequence[ProfileWrite]) -> tuple[Sequence[object], ...]:
    """Return what the rows hold as the arrays that statements expect: version, properties, channels and so on."""
    return (
        [row.version for row in rows],
        [row.properties for row in rows],
        [row.channels for row in rows],
        [address_lines(row) for row in rows],
        [row.preferences for row in rows],
        [row.linked for row in rows],
    )


def address_lines(row: ProfileWrite) -> str:
    """Return the searchable addresses of a profile as one text, in which statements expect them."""
    return "\n".join(_indexed_addresses(row))


def _indexed_addresses(row: ProfileWrite) -> list[str]:
    return [indexed_address(row.key.workspace_id, address) for address in row.addresses]


def indexed_address(workspace_id: int, address: str) -> str:
    """Return an address in the form of the index, after its workspace, so that a search never touches another's."""
    return f"{workspace_id} {address}"


async def find_by_address(connection: Connection, workspace_id: int, address: str, *, limit: int) -> list[RecipientKey]:
    """Return recipients with that address in any profile (in the form of `domain.addresses.addresses`), users first."""
    records = await connection.fetch(
        sql("find_by_address"), workspace_id, indexed_address(workspace_id, address), limit
    )
    return [RecipientKey(workspace_id, *record) for record in records]


async def find(connection: Connection, key: RecipientKey) -> StoredProfile | None:
    """Return one profile, or None."""
    record = await connection.fetchrow(sql("find_profile"), *key)
    return None if record is None else StoredProfile(key, *record)


async def hold_existing(connection: Connection, keys: Sequence[RecipientKey]) -> set[RecipientKey]:
    """Hold recipients against deletion, but not edits, until the transaction ends; return those that exist."""
    records = await connection.fetch(sql("hold_profiles"), *key_columns(sorted(set(keys))))
    return {RecipientKey(*record) for record in records}


def _stored(
    workspace_id: int, object_type: str, records: "list[asyncpg.Record]", tenant_no: int = GLOBAL
) -> list[StoredProfile]:
    return [
        # Pages need no version.
        StoredProfile(RecipientKey(workspace_id, object_type, recipient_id, tenant_no), profile_id, 0, *rest)
        for recipient_id, profile_id, *rest in records
    ]


async def page_by_creation(
    connection: Connection,
    workspace_id: int,
    *,
    object_type: str = USERS,
    tenant_no: int = GLOBAL,
    cursor: UUID | None,
    direction: Direction,
    limit: int,
) -> list[StoredProfile]:
    """Return up to `limit` profiles, global ones or those for a tenant, beyond the cursor, in that direction."""
    statement, start = walk("page_profiles", direction, cursor)
    records = await connection.fetch(statement, workspace_id, object_type, tenant_no, start, limit)
    return _stored(workspace_id, object_type, records, tenant_no)


async def page_by_prefix(
    connection: Connection,
    workspace_id: int,
    *,
    object_type: str = USERS,
    prefix: str,
    cursor: str | None,
    direction: Direction,
    limit: int,
) -> list[StoredProfile]:
    """Return up to `limit` profiles whose id starts with `prefix`, beyond the cursor (an id), in that direction."""
    upper = upper_bound(prefix)
    if direction is Direction.DESCENDING:
        records = await connection.fetch(
            sql("search_profiles_backward"), workspace_id, object_type, prefix, cursor, limit
        )
    else:
        records = await connection.fetch(
            sql("search_profiles_forward"), workspace_id, object_type, prefix, upper, cursor or "", limit
        )
    return _stored(workspace_id, object_type, records)


async def count_prefix(
    connection: Connection, workspace_id: int, *, object_type: str = USERS, prefix: str, at_most: int
) -> int:
    """Return how many ids start with `prefix`, counting up to `at_most`."""
    count = await connection.fetchval(
        sql("count_search"), workspace_id, object_type, prefix, upper_bound(prefix), at_most
    )
    return int(count)


async def page_history(
    connection: Connection, key: RecipientKey, *, before: UUID | None, limit: int
) -> list[HistoryEntry]:
    """Return the edits of a profile, those applied last first, from behind the edit `before`."""
    records = await connection.fetch(sql("page_history"), *key, before, limit)
    return [HistoryEntry(*record) for record in records]


def upper_bound(prefix: str) -> str:
    """Return the smallest text above all that start with `prefix`, bytewise; if there is none, a text above all ids."""
    for end in range(len(prefix), 0, -1):
        last = ord(prefix[end - 1])
        if last < 0x10FFFF:
            following = 0xE000 if last + 1 == 0xD800 else last + 1  # surrogates are not characters
            return prefix[: end - 1] + chr(following)
    return _ABOVE_ALL_IDS
