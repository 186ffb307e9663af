"""Exact counts without a scan: additions are spread over slots, and the count is their sum."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.domain.recipient import GLOBAL, USERS, RecipientKey
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql

SLOTS = 16
"""Rows per counter: as many writers can add at once without waiting for each other."""


class Counter(NamedTuple):
    """A counter of a workspace. `place`: the id of the object or list whose records it counts; "" for the workspace."""

    name: str
    place: str = ""


def any_slot() -> int:
    """Return the slot that a transaction adds to. Slots only spread writers over rows, so any value is correct."""
    return random.randrange(SLOTS)  # noqa: S311


async def add(
    connection: Connection, changes: Mapping[tuple[int, Counter], int], *, makes_alias_in: int | None = None
) -> dict[int, int]:
    """Add to counters, keyed by (workspace_id, counter), within the caller's transaction.

    Call it once, at the end, because its locks last until the commit and all writers add to the same counters.
    `makes_alias_in`: the workspace in which the transaction makes an id an alias. Returns for each workspace of the
    counters how often that has happened there; a writer who has just counted a new user learns of every alias.
    """
    slot = any_slot()
    rows = [(*key, slot, change, 0) for key, change in changes.items() if change]
    if makes_alias_in is not None:
        users = (makes_alias_in, profiles_counter(USERS))
        rows = [row for row in rows if row[:2] != users]
        rows += [(*users, each, changes.get(users, 0) if each == slot else 0, 1) for each in range(SLOTS)]
    if not rows:
        return {}
    rows.sort()
    records = await connection.fetch(
        sql("add_to_counters"),
        [row[0] for row in rows],
        *_columns(row[1] for row in rows),
        *(list(column) for column in list(zip(*rows, strict=True))[2:]),
    )
    made: dict[int, int] = {}
    for workspace_id, aliases_made in records:
        made[workspace_id] = max(aliases_made, made.get(workspace_id, 0))
    return made


async def value(connection: Connection, workspace_id: int, counter: Counter) -> int:
    """Return the current value; 0 for a counter that does not exist yet."""
    return int(await connection.fetchval(sql("read_counter"), workspace_id, *counter))


def profiles_counter(object_type: str, tenant_no: int = GLOBAL) -> Counter:
    """Return the counter of users (object_type '') or objects of one type, or of all profiles for a tenant."""
    if tenant_no != GLOBAL:
        return Counter(f"tenant:{tenant_no}")
    return Counter(f"objects:{object_type}" if object_type else "users")


def subscribers_counter(key: RecipientKey) -> Counter:
    """Return an object's counter of subscribers. The length distinguishes `a` + `b/c` from `a/b` + `c`."""
    return Counter(f"subscribers:{len(key.object_type)}:{key.object_type}/{key.recipient_id}", key.recipient_id)


def members_counter(list_id: str, version_id: UUID) -> Counter:
    """Return the counter of a list version's members; the SQL that adds members builds the same name."""
    return Counter(f"members:{list_id}:{version_id}", list_id)


async def values(connection: Connection, workspace_id: int, counters: Sequence[Counter]) -> dict[Counter, int]:
    """Return the current values of several counters; 0 for a counter that does not exist yet."""
    found = dict.fromkeys(counters, 0)
    for position, value_ in await connection.fetch(sql("read_counters"), workspace_id, *_columns(counters)):
        found[counters[position - 1]] = value_
    return found


async def delete(connection: Connection, workspace_id: int, counters: Sequence[Counter]) -> None:
    """Delete counters whose records have been deleted."""
    await connection.execute(sql("delete_counters"), workspace_id, *_columns(counters))


def _columns(counters: Iterable[Counter]) -> tuple[list[str], list[str]]:
    pairs = list(counters)
    return [counter.name for counter in pairs], [counter.place for counter in pairs]
