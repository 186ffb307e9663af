"""The write path: a batch of edits, from whichever endpoint, becomes one transaction.

Promises: every accepted edit is committed when its outcome is returned; an edit with a known insert key changes
nothing; concurrent edits of one profile, from any number of processes, all take effect; a strict edit applies whole or
not at all.

How: read the profiles, fold (pure), then in one transaction record the edits in the history (what is not new drops
out), write the folded profiles on condition that their version has not moved, and add up the counters. A profile that
lost the race is locked by the attempt, so reading and folding it a second time settles it. A large batch first takes
for granted that all is new and nothing moves, which is cheaper, and starts over if that turns out wrong.
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

from suprsend_hub.domain.channels import addresses
from suprsend_hub.domain.errors import DomainError, InvalidRequest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.profile import Profile, decode_profile, encode_channels, encode_properties
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import RejectedRow, StoredProfile
from suprsend_hub.domain.refusal import Refusal
from suprsend_hub.store import counters, profiles, rejected
from suprsend_hub.store.database import MAX_RACES, AssumptionFailed, Connection, Database, TransactionRace
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite

EXPRESS_EDITS = 50
"""A batch of so many edits is first written the express way, which costs two more round trips and half of the rest."""
_REJECTED_RECORD_BYTES = 4096
"""How much of a refused record the log keeps."""


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Ordered operations for one profile.

    `strict`: refuse the whole edit if any operation cannot be applied. `size_bytes`: of the JSON text that the
    operations came in, if known.
    """

    key: RecipientKey
    insert_key: UUID
    operations: list[Any]
    source: str
    strict: bool = False
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that is no edit at all; `recipient_id` is '' if it named nobody. It only goes to the log."""

    key: RecipientKey
    code: str
    message: str
    record: object
    source: str


class EditStatus(Enum):
    """What became of an edit that was not refused."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"


class Outcome(msgspec.Struct, frozen=True):
    """The caller's answer: `profile` is the one after the batch; with `error` the edit changed nothing."""

    status: EditStatus
    profile: StoredProfile | None
    refusals: Sequence[Refusal] = ()
    error: DomainError | None = None


class _Entry(msgspec.Struct, gc=False):
    """An edit on its way through the batch."""

    edit: Edit
    edit_id: UUID
    duplicate: bool = False
    original: "_Entry | None" = None  # the same edit earlier in this batch
    error: DomainError | None = None
    refusals: Sequence[Refusal] = ()
    before: str | None = None

    def history_row(self) -> HistoryRow:
        edit = self.edit
        return HistoryRow(edit.key, edit.insert_key, self.edit_id, edit.source, _json(edit.operations), self.before)


class _Group(msgspec.Struct):
    """All edits of one profile in the batch, in order, and the profile as it was read and as it will be."""

    key: RecipientKey
    entries: list[_Entry]
    stored: StoredProfile | None = None
    folded: Profile | None = None
    changed: bool = False
    created: bool = False

    def fold(self) -> None:
        """Fold the entries that are neither duplicates nor refused onto `stored`. A refusal is final."""
        profile = None if self.stored is None else decode_profile(self.stored.properties, self.stored.channels)
        self.changed = False
        for entry in self.entries:
            if entry.duplicate or entry.error is not None:
                continue
            result = fold(profile, entry.edit.operations, edit_bytes=entry.edit.size_bytes)
            entry.refusals = result.refusals
            entry.error = _strict_error(result.refusals) if entry.edit.strict else None
            if entry.error is not None:
                continue
            self.changed |= result.changed or profile is None
            profile = result.profile
            entry.before = _json(result.before) if result.before else None
        self.folded = profile

    def accepted(self) -> list[_Entry]:
        return [entry for entry in self.entries if not entry.duplicate and entry.error is None]

    def history_rows(self) -> list[HistoryRow]:
        """What to record, in the order in which the rows are locked."""
        rows = [entry.history_row() for entry in self.accepted()]
        return rows if len(rows) < 2 else sorted(rows, key=attrgetter("insert_key"))

    def write(self, now: datetime) -> ProfileWrite:
        """The row to write. A new profile takes its id, and so its place among the others, from its first edit."""
        assert self.folded is not None
        return ProfileWrite(
            self.key,
            self.entries[0].edit_id,
            first_version(now) if self.stored is None else self.stored.version + 1,
            encode_properties(self.folded),
            encode_channels(self.folded),
            addresses(self.folded.channels),
        )

    def settle(self, write: ProfileWrite, now: datetime) -> None:
        """Take note that `write` was written."""
        before = self.stored
        self.created |= before is None
        self.stored = StoredProfile(
            self.key,
            write.fresh_id if before is None else before.profile_id,
            write.version,
            write.properties,
            write.channels,
            now if before is None else before.created_at,
            now if before is None else max(before.updated_at, now),
        )

    def be_reborn(self, write: ProfileWrite, now: datetime) -> None:
        """Take note that the profile was deleted between our read and our write, which made it anew with old data."""
        self.created = True
        self.stored = StoredProfile(self.key, write.fresh_id, write.version, "{}", "{}", now, now)


class EditService:
    """Applies batches. One instance per process; safe for concurrent use."""

    def __init__(self, database: Database, *, now: Callable[[], datetime], ulids: UlidFactory) -> None:
        self._database = database
        self._now = now
        self._ulids = ulids

    async def apply(self, edits: Sequence[Edit], rejects: Sequence[RejectedRecord] = ()) -> list[Outcome]:
        """Apply a batch in order; one outcome per edit, in the same order.

        Raises Unavailable if the database does not answer: then nothing is known to be applied, and applying the same
        edits again (same insert keys) is safe.
        """
        if len(edits) >= EXPRESS_EDITS:
            try:
                return await self._attempt(edits, rejects, self._write_express)
            except (AssumptionFailed, TransactionRace):
                pass
        for _ in range(MAX_RACES - 1):
            try:
                return await self._attempt(edits, rejects, self._write)
            except TransactionRace:
                continue
        return await self._attempt(edits, rejects, self._write)

    async def _attempt(
        self,
        edits: Sequence[Edit],
        rejects: Sequence[RejectedRecord],
        write: Callable[[Connection, Sequence[_Group]], Awaitable[None]],
    ) -> list[Outcome]:
        entries = [_Entry(edit, edit_id) for edit, edit_id in zip(edits, self._ulids.batch(len(edits)), strict=True)]
        groups = _group(entries)
        async with self._database.connection() as connection:
            stored = await profiles.read(connection, [group.key for group in groups]) if groups else {}
            for group in groups:
                group.stored = stored.get(group.key)
                group.fold()
            if any(not entry.duplicate and entry.error is None for entry in entries) or rejects:
                async with connection.transaction():
                    await write(connection, groups)
                    await self._count(connection, groups)
                    rows = list(self._rejected_rows(groups, rejects))
                    if rows:
                        await rejected.insert(connection, rows)
        by_key = {group.key: group.stored for group in groups}
        return [
            Outcome(
                EditStatus.DUPLICATE if entry.duplicate else EditStatus.APPLIED,
                by_key[entry.edit.key],
                entry.refusals,
                entry.original.error if entry.original is not None else entry.error,
            )
            for entry in entries
        ]

    async def _write_express(self, connection: Connection, groups: Sequence[_Group]) -> None:
        """What a batch comes to when all of its edits are new and nobody else writes to its profiles: nearly always.

        Half the cost of `_write`. AssumptionFailed if it is otherwise; then everything is to be undone. Takes its locks
        in the same order: history, new profiles, those that exist; each in the order of keys.
        """
        await profiles.copy_history(connection, [row for group in groups for row in group.history_rows()])
        now = self._now()
        for is_new, write_all in ((True, profiles.copy_new), (False, profiles.update)):
            pending = [group for group in groups if group.changed and (group.stored is None) is is_new]
            if pending:
                writes = [group.write(now) for group in pending]
                await write_all(connection, writes, now)
                for group, write in zip(pending, writes, strict=True):
                    group.settle(write, now)

    async def _write(self, connection: Connection, groups: Sequence[_Group]) -> None:
        """The history, then the profiles, whatever others do meanwhile."""
        await self._record(connection, groups)
        await self._settle(connection, groups)

    async def _count(self, connection: Connection, groups: Sequence[_Group]) -> None:
        created: dict[tuple[int, str], int] = {}
        for group in groups:
            if group.created:
                counter = (group.key.workspace_id, counters.profiles_counter(group.key.object_type))
                created[counter] = created.get(counter, 0) + 1
        # The slot only spreads writers over rows: any value is right, so a plain random one will do.
        await counters.add(connection, created, slot=random.randrange(counters.SLOTS))  # noqa: S311

    async def _record(self, connection: Connection, groups: Sequence[_Group]) -> None:
        """Insert the history; edits that it knew already become duplicates and their groups are folded again."""
        rows = [row for group in groups for row in group.history_rows()]
        known = await profiles.insert_history(connection, rows) if rows else set()
        if not known:
            return
        for group in groups:
            repeated = [entry for entry in group.entries if entry.edit_id in known]
            for entry in repeated:
                entry.duplicate = True
                entry.refusals = ()
            if repeated:
                await self._fold_again(connection, group)
        # The transaction that applied a repeated edit has committed by now: answer with what it left.
        unwritten = [group for group in groups if not group.changed and any(e.duplicate for e in group.entries)]
        if unwritten:
            stored = await profiles.read(connection, [group.key for group in unwritten])
            for group in unwritten:
                group.stored = stored.get(group.key)

    async def _settle(self, connection: Connection, groups: Sequence[_Group]) -> None:
        """Write the profiles; those that lost the race are read (now locked), folded and written once more."""
        now = self._now()
        pending = sorted(
            (group for group in groups if group.changed), key=lambda group: (group.stored is not None, group.key)
        )
        while pending:
            writes = [group.write(now) for group in pending]
            written = await profiles.upsert(connection, writes, now)
            lost: list[_Group] = []
            reborn: list[_Group] = []
            for group, write in zip(pending, writes, strict=True):
                if (write.fresh_id if group.stored is None else group.stored.profile_id) in written:
                    group.settle(write, now)
                elif write.fresh_id in written:
                    group.be_reborn(write, now)
                    reborn.append(group)
                else:
                    lost.append(group)
            stored = await profiles.read(connection, [group.key for group in lost]) if lost else {}
            for group in lost:
                group.stored = stored.get(group.key)
            again = sorted([*lost, *reborn], key=attrgetter("key"))
            for group in again:
                await self._fold_again(connection, group)
            for group in reborn:
                group.changed = True  # it holds deleted data until it is written anew, whatever the fold says
            pending = [group for group in again if group.changed]

    async def _fold_again(self, connection: Connection, group: _Group) -> None:
        """Fold on what is stored now, and correct what the history already says about these edits."""
        earlier = group.accepted()
        befores = [entry.before for entry in earlier]
        group.fold()
        withdrawn = [entry.history_row() for entry in earlier if entry.error is not None]
        if withdrawn:
            await profiles.delete_history(connection, withdrawn)
        corrected = [
            entry.history_row()
            for entry, before in zip(earlier, befores, strict=True)
            if entry.error is None and not entry.duplicate and entry.before != before
        ]
        if corrected:
            await profiles.update_history_before(connection, corrected)

    def _rejected_rows(self, groups: Iterable[_Group], rejects: Sequence[RejectedRecord]) -> Iterable[RejectedRow]:
        for reject in rejects:
            yield RejectedRow(
                reject.key, self._ulids.new(), reject.code, "", reject.message, _cut(reject.record), reject.source
            )
        for group in groups:
            for entry in group.accepted():
                for refusal in entry.refusals:
                    yield RejectedRow(
                        group.key, self._ulids.new(), refusal.code, refusal.key, refusal.message,
                        _cut(refusal.operation), entry.edit.source,
                    )  # fmt: skip


def check_edits(edits: Sequence[Edit], stored: Mapping[RecipientKey, StoredProfile]) -> None:
    """Fold strict edits without applying them; raises what the first one that would be refused raises.

    For requests that consist of several edits and must change nothing if one is refused.
    """
    groups = _group([_Entry(edit, edit.insert_key) for edit in edits])
    for group in groups:
        group.stored = stored.get(group.key)
        group.fold()
        for entry in group.entries:
            if entry.error is not None:
                message = f"{group.key.describe()}: {entry.error.message}"
                raise InvalidRequest(message, code=entry.error.code, detail=entry.error.detail)


def first_version(now: datetime) -> int:
    """The version of a profile at its creation: microseconds since 1970 times 1024.

    Counting from the time keeps two lives of a reused id apart: a writer that read the old life can never mistake the
    new one for it, as it could if both started at 1.
    """
    return int(now.timestamp() * 1_000_000) << 10


def _group(entries: Sequence[_Entry]) -> list[_Group]:
    """Entries by profile, in lock order; a repeated insert key within the batch is a duplicate at once."""
    groups: dict[RecipientKey, _Group] = {}
    seen: dict[tuple[RecipientKey, UUID], _Entry] = {}
    for entry in entries:
        key = entry.edit.key
        original = seen.setdefault((key, entry.edit.insert_key), entry)
        if original is not entry:
            entry.duplicate, entry.original = True, original
        group = groups.get(key)
        if group is None:
            groups[key] = _Group(key, [entry])
        else:
            group.entries.append(entry)
    return sorted(groups.values(), key=attrgetter("key"))


def _strict_error(refusals: Sequence[Refusal]) -> InvalidRequest | None:
    for refusal in refusals:
        if not refusal.ignorable:
            return InvalidRequest(refusal.message, code=refusal.code, detail={refusal.key: [refusal.message]})
    return None


_encode = msgspec.json.Encoder().encode


def _json(value: object) -> str:
    return _encode(value).decode()


def _cut(record: object) -> str:
    """The record as JSON text; a long one becomes a JSON string of its beginning."""
    text = _json(record)
    if len(text) <= _REJECTED_RECORD_BYTES:
        return text
    return _json(text[:_REJECTED_RECORD_BYTES] + "…")
