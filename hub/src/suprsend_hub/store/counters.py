"""Exact counts without a scan: additions are spread over slots, and the count is their sum."""

import random
from collections.abc import Mapping, Sequence
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql

SLOTS = 16
"""Rows per counter: as many writers can add at once without waiting for each other."""


def any_slot() -> int:
    """Return the slot that a transaction adds to. Slots only spread writers over rows, so any value is correct."""
    return random.randrange(SLOTS)  # noqa: S311


async def add(connection: Connection, changes: Mapping[tuple[int, str], int]) -> None:
    """Add to counters, keyed by (workspace_id, name), within the caller's transaction.

    Call it once, at the end, because its locks last until the commit and all writers add to the same counters.
    """
    rows = sorted((key, change) for key, change in changes.items() if change)
    if not rows:
        return
    await connection.execute(
        sql("add_to_counters"),
        [workspace_id for (workspace_id, _), _ in rows],
        [name for (_, name), _ in rows],
        [any_slot()] * len(rows),
        [change for _, change in rows],
    )


async def value(connection: Connection, workspace_id: int, name: str) -> int:
    """Return the current value; 0 for a counter that does not exist yet."""
    return int(await connection.fetchval(sql("read_counter"), workspace_id, name))


def profiles_counter(object_type: str) -> str:
    """Return the name of the counter of users (object_type '') or of the objects of one type."""
    return f"objects:{object_type}" if object_type else "users"


def subscribers_counter(key: RecipientKey) -> str:
    """Return the name of an object's counter of subscribers. The length distinguishes `a` + `b/c` from `a/b` + `c`."""
    return f"subscribers:{len(key.object_type)}:{key.object_type}/{key.recipient_id}"


def members_counter(list_id: str, version_id: UUID) -> str:
    """Return the name of the counter of a list version's members; the SQL that adds members builds the same name."""
    return f"members:{list_id}:{version_id}"


async def values(connection: Connection, workspace_id: int, names: Sequence[str]) -> dict[str, int]:
    """Return the current values of several counters; 0 for a counter that does not exist yet."""
    found = dict.fromkeys(names, 0)
    for name, value_ in await connection.fetch(sql("read_counters"), workspace_id, list(names)):
        found[name] = value_
    return found


async def delete(connection: Connection, workspace_id: int, names: Sequence[str]) -> None:
    """Delete counters whose records have been deleted."""
    await connection.execute(sql("delete_counters"), workspace_id, list(names))
