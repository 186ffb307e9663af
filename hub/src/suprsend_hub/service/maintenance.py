"""Maintain the database while hubs run: `check` verifies what every transaction promises, `clean` deletes by age.

A check reads one snapshot, so concurrent edits never look like a fault.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.audit import HUB_WIDE, Action, Change
from suprsend_hub.domain.choices import decode
from suprsend_hub.domain.ids import first_ulid
from suprsend_hub.domain.limits import MAX_PROFILE_BYTES
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.size import stored_bytes
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.store import aliases, audit, idempotency, maintenance, workspaces
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.maintenance import ProfileRow, Wrong, WrongCounter
from suprsend_hub.store.profiles import indexed_address

MAX_FINDINGS = 1000
"""How many findings of one check are listed. If there are more, repair and check again."""
CLEAN_STEP = 5_000
"""How many rows one transaction deletes; short transactions do not disturb a running hub."""
_REPAIR_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault: which check found it, in which workspace, where, what, and whether `--fix` can repair it."""

    check: str
    workspace_id: int
    place: str
    what: str
    repairable: bool = True


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many rows `clean` deleted."""

    history: int
    rejected: int
    audit: int


class _DeleteOld(Protocol):
    """Delete some rows of a workspace with ids below `before`; return how many."""

    async def __call__(self, connection: Connection, workspace_id: int, /, *, before: UUID, at_most: int) -> int: ...


class MaintenanceService:
    """Checks, repairs and cleans all workspaces."""

    def __init__(self, database: Database, audit: AuditLog, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._audit = audit
        self._now = now

    async def check(self) -> list[Finding]:
        """Verify everything without changing anything; return the findings, none if all is well.

        Counters equal a recount. Both ends of subscriptions and memberships agree and belong to recipients that exist.
        No list version is forgotten. Every profile can be read, is within its size, and is found by its addresses.
        """
        findings: list[Finding] = []
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await maintenance.allow_scans(connection)
            for check in maintenance.RELATION_CHECKS:
                findings += [
                    _finding(check, wrong) for wrong in await maintenance.find(connection, check, at_most=MAX_FINDINGS)
                ]
            for counter in await maintenance.find_wrong_counters(connection, at_most=MAX_FINDINGS):
                findings.append(_counter_finding(counter))
            async for rows in maintenance.walk_profiles(connection):
                for row in rows:
                    findings += _profile_findings(row)
        return findings

    async def repair(self, actor: Actor) -> None:
        """Repair everything repairable that `check` finds; relations first, because counters count them."""
        await self._record(actor, Action.DATABASE_REPAIR, state="begun")
        relations = 0
        for check in maintenance.RELATION_CHECKS:
            relations += await self._database.run(partial(self._repair_relations, check=check))
        repaired = 0
        for _ in range(_REPAIR_ROUNDS):
            found = await self._database.run(self._repair_counters)
            repaired += found
            if found < MAX_FINDINGS:
                break
        addresses = await self._repair_addresses()
        counts = {"relations": relations, "counters": repaired, "addresses": addresses}
        await self._record(actor, Action.DATABASE_REPAIR, state="finished", **counts)

    async def clean(self, actor: Actor, *, history_days: int, rejected_days: int, audit_days: int) -> Cleaned:
        """Delete history, rejected records and audit entries that are older than these limits, in small steps."""
        now = self._now()
        days = {"history_days": history_days, "rejected_days": rejected_days, "audit_days": audit_days}
        await self._record(actor, Action.DATABASE_CLEAN, state="begun", **days)
        cleaned = Cleaned(
            await self._clean_history(now - timedelta(days=history_days)),
            await self._clean_by_workspace(maintenance.delete_old_rejected, now - timedelta(days=rejected_days)),
            await self._clean_by_workspace(audit.delete_old, now - timedelta(days=audit_days)),
        )
        await self._forget_merges(now - timedelta(days=history_days))
        # After the history: an edit that is still known must not meet a key that is free.
        await self._clean_by_workspace(idempotency.delete_old, now - timedelta(days=history_days))
        await self._record(actor, Action.DATABASE_CLEAN, state="finished", **asdict(cleaned))
        return cleaned

    async def _forget_merges(self, until: datetime) -> None:
        """Forget what users were before they were merged, as old as the history that is deleted."""
        before = first_ulid(until)
        while True:
            async with self._database.transaction() as connection:
                await maintenance.allow_scans(connection)
                if await aliases.forget_snapshots(connection, before=before, at_most=CLEAN_STEP) < CLEAN_STEP:
                    return

    async def _record(self, actor: Actor, action: Action, **detail: str | int) -> None:
        """Record the beginning or the end: the steps between are transactions of their own."""
        await self._audit.record_alone(actor, HUB_WIDE, Change(action, "", detail={**detail}))

    async def _begin(self, connection: Connection) -> None:
        await maintenance.allow_scans(connection)
        await maintenance.lock(connection)

    async def _repair_relations(self, connection: Connection, *, check: str) -> int:
        await self._begin(connection)
        return await maintenance.repair(connection, check)

    async def _repair_counters(self, connection: Connection) -> int:
        await self._begin(connection)
        wrong = await maintenance.find_wrong_counters(connection, at_most=MAX_FINDINGS)
        await maintenance.repair_counters(connection, wrong)
        return len(wrong)

    async def _repair_addresses(self) -> int:
        repaired = 0
        async with self._database.connection() as connection:
            async for rows in maintenance.walk_profiles(connection):
                for row in rows:
                    expected = _expected_addresses(row)
                    if expected is not None and list(row.addresses) != expected:
                        await maintenance.repair_addresses(connection, row, expected)
                        repaired += 1
        return repaired

    async def _clean_history(self, before: datetime) -> int:
        """Delete history day by day, because the index by time finds a span without reading anything outside it."""
        async with self._database.connection() as connection:
            oldest = await maintenance.oldest_workspace(connection)
        if oldest is None:
            return 0
        deleted = 0
        start, end = datetime.fromtimestamp(0, UTC), min(oldest, before)
        while start < before:
            while True:
                async with self._database.connection() as connection:
                    count = await maintenance.delete_old_history(
                        connection, start=first_ulid(start), end=first_ulid(end), at_most=CLEAN_STEP
                    )
                deleted += count
                if count < CLEAN_STEP:
                    break
            start, end = end, min(end + timedelta(days=1), before)
        return deleted

    async def _clean_by_workspace(self, delete_old: _DeleteOld, before: datetime) -> int:
        async with self._database.connection() as connection:
            ids = [row.workspace_id for row in await workspaces.list_all(connection)]
        deleted = 0
        for workspace_id in (HUB_WIDE, *ids):
            while True:
                async with self._database.connection() as connection:
                    count = await delete_old(connection, workspace_id, before=first_ulid(before), at_most=CLEAN_STEP)
                deleted += count
                if count < CLEAN_STEP:
                    break
        return deleted


def _finding(check: str, wrong: Wrong) -> Finding:
    return Finding(check, wrong.workspace_id, wrong.place, wrong.what)


def _counter_finding(wrong: WrongCounter) -> Finding:
    return Finding(
        "counters", wrong.workspace_id, wrong.name, f"has the value {wrong.value}, but a recount gives {wrong.actual}"
    )


def _profile_findings(row: ProfileRow) -> list[Finding]:
    def finding(check: str, what: str, *, repairable: bool = False) -> Finding:
        return Finding(check, row.key.workspace_id, row.key.describe(), what, repairable)

    try:
        profile = decode_profile(row.properties, row.channels)
        if row.preferences is not None:
            decode(row.preferences)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        return [finding("profiles", f"cannot be read: {error}")]
    findings = []
    size = stored_bytes(profile.properties, profile.channels, row.preferences)
    if size > MAX_PROFILE_BYTES:
        findings.append(finding("profiles", f"has {size} bytes, above the limit of {MAX_PROFILE_BYTES}"))
    if list(row.addresses) != _expected_addresses(row):
        findings.append(finding("addresses", "a search for its addresses does not find it", repairable=True))
    return findings


def _expected_addresses(row: ProfileRow) -> list[str] | None:
    """Return the addresses of the profile; None if it cannot be read."""
    try:
        profile = decode_profile(row.properties, row.channels)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return [indexed_address(row.key.workspace_id, address) for address in addresses(profile.channels)]
