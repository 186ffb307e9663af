"""Edits of one profile in a batch, folded onto the stored profile. Pure: no database, no clock.

Folding can be long work. So what folds is a generator that yields after each edit how much it did, and the writer
lets others run in between.
"""

from collections.abc import Generator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.errors import DomainError, InvalidRequest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Profile, decode_profile, encode_channels, encode_properties
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey, not_found
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.refusal import FoldResult, Refusal
from suprsend_hub.domain.wire import PREFERENCE
from suprsend_hub.service.writing.edit import Edit
from suprsend_hub.store.idempotency import KeyRow
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite

_T = TypeVar("_T")
Folding: TypeAlias = Generator[int, None, _T]
"""A fold under way: yields the units of work of each notable edit, and returns what the fold is for."""

_NOTABLE_WORK = 1024
"""Units of work below which an edit is not worth a step: a batch of such edits takes a few milliseconds."""
_encode = msgspec.json.Encoder().encode


EditKey: TypeAlias = tuple[RecipientKey, bytes]
"""The key that makes an edit count once: an insert key within its profile.

The insert key is in bytes, because a caller can choose UUIDs that all have the same hash.
"""


def edit_key(edit: Edit) -> EditKey:
    """Return the key of an edit."""
    return edit.key, edit.insert_key.bytes


class Entry(msgspec.Struct, gc=False):
    """An edit on its way through the batch.

    `original` is the edit with the same key before it in this batch. `barred` says why the edit does not count,
    regardless of its operations: its key belongs to another request, or an edit that it belongs together with is
    rejected. `scrubbed`: the key belongs to a request for this recipient that may have been another one.
    """

    edit: Edit
    edit_id: UUID
    duplicate: bool = False
    barred: DomainError | None = None
    scrubbed: bool = False
    original: "Entry | None" = None
    error: DomainError | None = None
    refusals: Sequence[Refusal] = ()
    before: str | None = None
    work: int = 0

    @property
    def counts(self) -> bool:
        """Tell whether the edit is applied, being neither a duplicate nor rejected."""
        return not self.duplicate and self.barred is None and self.error is None

    def refusal(self) -> DomainError | None:
        """Return why the edit is not applied at all, or None."""
        return self.barred or self.error

    def first(self) -> "Entry":
        """Return the edit of this batch that the caller is answered for; it is another one for a repetition."""
        entry = self
        while entry.duplicate and entry.original is not None:
            entry = entry.original
        return entry

    def logged(self) -> Sequence[Refusal]:
        """Return what goes to the log. The caller of a strict edit that is refused gets an error instead."""
        return () if self.edit.strict and not self.counts else self.refusals

    def be_known(self) -> None:
        """Note that the edit has been applied before."""
        self.duplicate, self.error, self.refusals = True, None, ()

    def key_row(self) -> KeyRow | None:
        """Return the row that binds the key of the request, if it has one."""
        request = self.edit.request
        if request is None:
            return None
        workspace_id, object_type, recipient_id, tenant_no = self.edit.key
        return KeyRow(
            workspace_id, str(request.key), object_type, recipient_id, tenant_no, request.digest, self.edit_id
        )


class Group(msgspec.Struct):
    """All edits of one profile in the batch, in order, with the profile before and after them.

    `linked`: the profile holds more than preferences. `joined`: since these edits it counts as a profile.
    """

    key: RecipientKey
    now: datetime
    entries: list[Entry]
    stored: StoredProfile | None = None
    folded: Profile | None = None
    changed: bool = False
    joined: bool = False
    linked: bool = True

    def version(self) -> int:
        """Return the version of the profile after the edits, which is the stored one if they change nothing."""
        if self.stored is None:
            return first_version(self.now)
        return self.stored.version + self.changed

    def fold(self) -> Folding[None]:
        """Fold every entry that is not a duplicate onto `stored`, checking each again."""
        stored = self.stored
        profile = None
        self.linked = self.key.tenant_no == GLOBAL
        if stored is not None:
            profile = decode_profile(stored.properties, stored.channels, stored.preferences)
            self.linked |= stored.linked
        self.changed = False
        for entry in self.entries:
            if entry.original is not None and not entry.edit.strict:
                # An event that is refused as a whole leaves its key to the next one.
                entry.duplicate = entry.original.first().refusal() is None
            if entry.duplicate or entry.barred is not None:
                continue
            edit = entry.edit
            if profile is None and (edit.reports or (edit.chooses and self.key.tenant_no == GLOBAL)):
                entry.error, entry.refusals = not_found(self.key), ()
                continue
            result = fold(
                profile, edit.operations, edit_bytes=edit.size_bytes, max_work=edit.max_work, by_hub=edit.by_hub
            )
            entry.work = result.work
            entry.refusals = result.refusals
            entry.error = _error(edit, result) if result.refusals else None
            if entry.error is None:
                self.changed |= result.changed or profile is None
                profile = result.profile
                entry.before = None if result.before is None else json_text(result.before)
                self.linked = self.linked or _links(edit)
            work = result.work + (edit.size_bytes or 0)
            if work >= _NOTABLE_WORK:
                yield work
        self.changed |= stored is not None and self.linked and not stored.linked
        self.folded = profile

    def accepted(self) -> list[Entry]:
        """Return the entries that count."""
        return [entry for entry in self.entries if entry.counts]

    def history_rows(self) -> list[HistoryRow]:
        """Return the rows to record, in lock order."""
        rows = self.rows_of(self.accepted())
        return rows if len(rows) < 2 else sorted(rows, key=attrgetter("insert_key"))

    def rows_of(self, entries: Sequence[Entry]) -> list[HistoryRow]:
        """Return the rows that record some of the entries, which are in order."""
        version = self.version()
        rows = []
        for position, entry in enumerate(entries):
            edit, actor = entry.edit, entry.edit.actor
            rows.append(
                HistoryRow(
                    self.key, edit.insert_key, entry.edit_id, version, position, actor.source, actor.label,
                    json_text(edit.operations), entry.before,
                )
            )  # fmt: skip
        return rows

    def write(self) -> ProfileWrite:
        """Return the row to write. A new profile takes its id, and so its position, from its first edit."""
        assert self.folded is not None
        return ProfileWrite(
            self.key,
            self.entries[0].edit_id,
            self.version(),
            encode_properties(self.folded),
            encode_channels(self.folded),
            addresses(self.folded.channels),
            self.folded.preferences,
            self.linked,
        )

    def settle(self, write: ProfileWrite) -> None:
        """Note that `write` was written."""
        before, now = self.stored, self.now
        self.joined |= write.linked and (before is None or not before.linked)
        self.stored = StoredProfile(
            self.key,
            write.fresh_id if before is None else before.profile_id,
            write.version,
            write.properties,
            write.channels,
            now if before is None else before.created_at,
            now if before is None else max(before.updated_at, now),
            write.preferences,
            write.linked,
        )


class Correction(NamedTuple):
    """The effect of a group's second fold on the history that the first fold wrote."""

    withdrawn: Sequence[HistoryRow]
    released: Sequence[KeyRow]
    corrected: Sequence[HistoryRow]
    overturned: bool
    """The attempt has to start over: an edit that the first fold rejected counts now and is not recorded, or an edit
    that belongs together with others is rejected now."""


def fold_again(group: Group, refused: Sequence[Entry] = (), error: DomainError | None = None) -> Folding[Correction]:
    """Fold a group, whose first fold is recorded, onto the present profile, without entries that are `refused` now."""
    earlier = group.accepted()
    for entry in refused:
        entry.barred, entry.refusals = error, ()
    yield from group.fold()
    refused = [entry for entry in earlier if entry.refusal() is not None]
    return Correction(
        withdrawn=group.rows_of(refused),
        released=[row for entry in refused if (row := entry.key_row()) is not None],
        corrected=group.rows_of([entry for entry in earlier if entry.counts]),
        overturned=len(group.accepted()) > sum(entry.counts for entry in earlier)
        or any(entry.edit.together and entry.error for entry in earlier),
    )


def first_version(now: datetime) -> int:
    """Return the version of a profile at its creation: microseconds since 1970 times 1024.

    Counting from the time keeps two lives of a reused id apart. A writer that read the old life can never mistake the
    new one for it, as it could if both started at 1.
    """
    return int(now.timestamp() * 1_000_000) << 10


def json_text(value: object) -> str:
    """Return a value as JSON text."""
    return _encode(value).decode()


def _links(edit: Edit) -> bool:
    """Tell whether an edit is about more than preferences, and so makes a profile for a tenant a link."""
    if edit.reports:
        return False
    return not edit.chooses or any(type(each) is not dict or PREFERENCE not in each for each in edit.operations)


def _error(edit: Edit, result: FoldResult) -> InvalidRequest | None:
    """Return why an edit is refused as a whole: a strict edit for any refusal, an event if nothing was accepted.

    What is ignorable refuses neither, so an edit of nothing else counts.
    """
    if result.accepted and not edit.strict:
        return None
    for refusal in result.refusals:
        if not refusal.ignorable:
            return InvalidRequest(refusal.message, code=refusal.code, detail={refusal.key: [refusal.message]})
    return None
