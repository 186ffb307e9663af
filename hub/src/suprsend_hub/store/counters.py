"""Exact counts that cost no scan: additions spread over slots, read as their sum."""

from collections.abc import Mapping

from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql

SLOTS = 16
"""Rows per counter: as many writers can add at once without waiting for each other."""


async def add(connection: Connection, changes: Mapping[tuple[int, str], int], slot: int) -> None:
    """Add to counters, keyed by (workspace_id, name), within the caller's transaction."""
    rows = sorted((key, change) for key, change in changes.items() if change)
    if not rows:
        return
    await connection.execute(
        sql("add_to_counters"),
        [workspace_id for (workspace_id, _), _ in rows],
        [name for (_, name), _ in rows],
        [slot % SLOTS] * len(rows),
        [change for _, change in rows],
    )


async def value(connection: Connection, workspace_id: int, name: str) -> int:
    """The current value; 0 for a counter that nobody has touched."""
    return int(await connection.fetchval(sql("read_counter"), workspace_id, name))


def profiles_counter(object_type: str) -> str:
    """Name of the counter of users (object_type '') or of the objects of one type."""
    return f"objects:{object_type}" if object_type else "users"
