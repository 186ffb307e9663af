"""Statements of `db check` and `db clean`: whole-table checks, their repairs, and deletion by age.

Safe while hubs run. A check sees one moment of the database; a repair changes only what is wrong when it runs.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.store import counters
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import keyed_row, row

RELATION_CHECKS = (
    "subscriptions_of_nobody",
    "subscriptions_without_other_end",
    "subscribed_to_without_other_end",
    "members_who_are_nobody",
    "members_without_other_end",
    "memberships_without_other_end",
    "drafts_of_no_list",
    "forgotten_versions",
)
"""Checks with a `find_` and a `repair_` statement, in the order in which repairs must run."""

_SCAN_S = 6 * 3600
"""Time limit of a statement over a whole table."""
_WALK_STEP = 1000


@dataclass(frozen=True, slots=True)
class Wrong:
    """A place in a workspace where a check found a fault, and the fault."""

    workspace_id: int
    place: str
    what: str


@dataclass(frozen=True, slots=True)
class WrongCounter:
    """A counter with the value `value` for `actual` records."""

    workspace_id: int
    name: str
    value: int
    actual: int


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A stored profile, with the addresses in the index."""

    key: RecipientKey
    version: int
    properties: str
    channels: str
    addresses: Sequence[str]


async def allow_scans(connection: Connection) -> None:
    """Allow this transaction to read whole tables, which the pool forbids."""
    await connection.execute(sql("allow_scans"))


async def lock(connection: Connection) -> None:
    """Block other repairs until the transaction ends."""
    await connection.execute(sql("lock_maintenance"))


async def find(connection: Connection, check: str, *, at_most: int) -> list[Wrong]:
    """Return the faults that one of RELATION_CHECKS finds."""
    return [row(Wrong, record) for record in await connection.fetch(sql(f"find_{check}"), at_most, timeout=_SCAN_S)]


async def repair(connection: Connection, check: str) -> int:
    """Repair all faults that one of RELATION_CHECKS would find; return how many."""
    return _affected(await connection.execute(sql(f"repair_{check}"), timeout=_SCAN_S))


async def find_wrong_counters(connection: Connection, *, at_most: int) -> list[WrongCounter]:
    """Return counters that differ from a recount."""
    records = await connection.fetch(sql("find_wrong_counters"), at_most, timeout=_SCAN_S)
    return [row(WrongCounter, record) for record in records]


async def repair_counters(connection: Connection, wrong: Sequence[WrongCounter]) -> None:
    """Add what is missing to each counter.

    Every transaction changes rows and counter together, so a difference found at one moment is still correct later. It
    is added, and no total is ever written, so no writer has to wait.
    """
    changes = {(row.workspace_id, row.name): row.actual - row.value for row in wrong}
    await counters.add(connection, changes)


async def walk_profiles(connection: Connection) -> AsyncIterator[Sequence[ProfileRow]]:
    """Yield all profiles in key order, some at a time."""
    last = RecipientKey(-1, "", "")
    while True:
        records = await connection.fetch(sql("walk_profiles"), *last, _WALK_STEP)
        if not records:
            return
        rows = [keyed_row(ProfileRow, record) for record in records]
        yield rows
        last = rows[-1].key


async def repair_addresses(connection: Connection, row: ProfileRow, addresses: Sequence[str]) -> None:
    """Write the addresses of a profile, unless it has been written since `row` was read."""
    await connection.execute(sql("repair_addresses"), *row.key, row.version, list(addresses))


async def oldest_workspace(connection: Connection) -> datetime | None:
    """Return when the oldest workspace was created; None if there is none."""
    moment: datetime | None = await connection.fetchval(sql("oldest_workspace"))
    return moment


async def delete_old_history(connection: Connection, *, start: UUID, end: UUID, at_most: int) -> int:
    """Delete edits with ids from `start` to below `end`; return how many."""
    return _affected(await connection.execute(sql("delete_old_history"), start, end, at_most))


async def delete_old_rejected(connection: Connection, workspace_id: int, *, before: UUID, at_most: int) -> int:
    """Delete the oldest rejected records of a workspace with ids below `before`; return how many."""
    return _affected(await connection.execute(sql("delete_old_rejected"), workspace_id, before, at_most))


def _affected(command_tag: str) -> int:
    return int(command_tag.rpartition(" ")[2])
