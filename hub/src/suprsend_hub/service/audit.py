"""The audit log: services record changes in their transactions; faces read it, newest first, with filters."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import HUB_WIDE, Action, AuditEntry, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import UlidFactory, first_ulid, storable
from suprsend_hub.store import audit
from suprsend_hub.store.audit import AuditRow
from suprsend_hub.store.database import Connection, Database

STEP = 1_000
"""How many entries one query reads."""
MAX_EXAMINED = 20_000
"""How many entries one page of a filtered view examines."""

_encode = msgspec.json.Encoder().encode
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """A filter of entries; None accepts everything.

    `actor`: a name, or kind and name (`api_key:nightly sync`). `action`: a whole action, or the part before its dot.
    """

    actor: str | None = None
    action: str | None = None
    target_id: str | None = None
    since: datetime | None = None

    def accepts(self, entry: AuditEntry) -> bool:
        """Tell whether actor and action match; the database checks target and time."""
        if self.actor is not None and self.actor not in (entry.actor.name, entry.actor.label):
            return False
        return self.action is None or self.action in (entry.action, entry.action.partition(".")[0])


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first. `after` continues; None means that everything has been examined."""

    entries: Sequence[AuditEntry]
    after: UUID | None


class AuditLog:
    """The audit log of all workspaces. One instance per process."""

    def __init__(self, database: Database, *, ulids: UlidFactory) -> None:
        self._database = database
        self._ulids = ulids

    async def record(self, connection: Connection, actor: Actor, workspace_id: int, *changes: Change) -> None:
        """Record changes in the caller's transaction."""
        ids = self._ulids.batch(len(changes))
        await audit.insert(
            connection, [audit_row(actor, workspace_id, each, id_) for each, id_ in zip(changes, ids, strict=True)]
        )

    async def record_alone(self, actor: Actor, workspace_id: int, change: Change) -> None:
        """Record an action that changes nothing else in the database, in its own transaction."""
        async with self._database.transaction() as connection:
            await self.record(connection, actor, workspace_id, change)

    async def record_refused_sign_in(self, connection: Connection, actor: Actor, name: str, now: datetime) -> None:
        """Count a refused sign-in. Those of an address within a minute share an entry, with the user of the first."""
        change = Change(Action.CONSOLE_USER_SIGN_IN_REFUSED, actor.address, detail={"name": name} if name else {})
        await audit.insert(connection, [audit_row(actor, HUB_WIDE, change, _minute_id(actor.address, now))])

    async def page(self, workspace_id: int, wanted: AuditFilter, *, after: UUID | None = None, limit: int) -> AuditPage:
        """Return the entries that the filter accepts, beyond `after`. Examines at most MAX_EXAMINED entries."""
        if wanted.target_id is not None and not storable(wanted.target_id):
            return AuditPage([], None)
        since = None if wanted.since is None else first_ulid(wanted.since)
        found: list[AuditEntry] = []
        examined = 0
        async with self._database.connection() as connection:
            while examined < MAX_EXAMINED:
                step = await audit.page(
                    connection, workspace_id, before=after, since=since, target_id=wanted.target_id, limit=STEP
                )
                for entry in step:
                    after = entry.audit_id
                    if wanted.accepts(entry):
                        found.append(entry)
                        if len(found) == limit:
                            return AuditPage(found, after)
                if len(step) < STEP:
                    return AuditPage(found, None)
                examined += len(step)
        return AuditPage(found, after)


def parse_since(text: str) -> datetime | None:
    """Return a moment given in ISO 8601, in UTC by default; None for an empty text.

    Raises InvalidRequest for anything else.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            "`since` must be a date or time in ISO 8601, such as 2026-01-31, 2026-01-31T08:00:00Z or "
            "2026-01-31T08:00:00+01:00",
            code=Code.INVALID_SINCE,
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def recorded_at(entry: AuditEntry) -> datetime:
    """Return when an entry was recorded, to the millisecond."""
    return datetime.fromtimestamp((entry.audit_id.int >> 80) / 1000, UTC)


def audit_row(actor: Actor, workspace_id: int, change: Change, audit_id: UUID) -> AuditRow:
    """Return the stored form of a change."""
    return AuditRow(
        workspace_id,
        change.target_id,
        audit_id,
        change.action.value,
        change.target_type,
        actor.kind.value,
        actor.name,
        actor.user_agent,
        actor.address,
        actor.request_id,
        _encode(change.detail).decode(),
    )


def _minute_id(address: str, now: datetime) -> UUID:
    """Return the id that all refused sign-ins of an address within a minute share."""
    minute_ms = int(now.timestamp() * 1000) // _MINUTE_MS * _MINUTE_MS
    return UUID(int=minute_ms << 80 | int.from_bytes(hashlib.sha256(address.encode()).digest()[:10], "big"))
