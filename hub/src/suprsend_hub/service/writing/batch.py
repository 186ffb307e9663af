"""Batches of edits, grouped by profile and folded onto the stored profiles. Pure: no database, no clock.

The writer tells a batch what it read and learned (known edits, moved profiles) and asks it for rows to write.
Folding can be long work. So what folds is a generator that yields after each edit how much it did, and the writer
lets others run in between.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Self, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest, Unprocessable
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Profile, decode_profile, encode_channels, encode_properties
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.refusal import FoldResult, Refusal
from suprsend_hub.service.writing.edit import Edit, EditStatus, Outcome
from suprsend_hub.store.idempotency import Claims, KeyRow
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite

_T = TypeVar("_T")
Folding: TypeAlias = Generator[int, None, _T]
"""A fold under way: yields the units of work of each notable edit, and returns what the fold is for."""

_NOTABLE_WORK = 1024
"""Units of work below which an edit is not worth a step: a batch of such edits takes a few milliseconds."""
_APPLIED = EditStatus.APPLIED
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
        edit = self.edit
        if edit.request is None:
            return None
        _, object_type, recipient_id = edit.key
        return KeyRow(
            edit.key.workspace_id, str(edit.request.key), object_type, recipient_id, edit.request.digest, self.edit_id
        )

    def history_row(self) -> HistoryRow:
        """Return the row that records the edit."""
        edit = self.edit
        actor = edit.actor
        return HistoryRow(
            edit.key, edit.insert_key, self.edit_id, actor.source, json_text(edit.operations), self.before, actor.label
        )


class Group(msgspec.Struct):
    """All edits of one profile in the batch, in order, with the profile before and after them."""

    key: RecipientKey
    entries: list[Entry]
    stored: StoredProfile | None = None
    folded: Profile | None = None
    changed: bool = False
    created: bool = False

    def fold(self) -> Folding[None]:
        """Fold every entry that is not a duplicate onto `stored`, checking each again."""
        profile = None if self.stored is None else decode_profile(self.stored.properties, self.stored.channels)
        self.changed = False
        for entry in self.entries:
            if entry.original is not None and not entry.edit.strict:
                # An event that is refused as a whole leaves its key to the next one.
                entry.duplicate = entry.original.first().refusal() is None
            if entry.duplicate or entry.barred is not None:
                continue
            edit = entry.edit
            result = fold(profile, edit.operations, edit_bytes=edit.size_bytes, max_work=edit.max_work)
            entry.work = result.work
            entry.refusals = result.refusals
            entry.error = _error(edit, result) if result.refusals else None
            if entry.error is None:
                self.changed |= result.changed or profile is None
                profile = result.profile
                entry.before = None if result.before is None else json_text(result.before)
            work = result.work + (edit.size_bytes or 0)
            if work >= _NOTABLE_WORK:
                yield work
        self.folded = profile

    def accepted(self) -> list[Entry]:
        """Return the entries that count."""
        return [entry for entry in self.entries if entry.counts]

    def history_rows(self) -> list[HistoryRow]:
        """Return the rows to record, in lock order."""
        rows = [entry.history_row() for entry in self.accepted()]
        return rows if len(rows) < 2 else sorted(rows, key=attrgetter("insert_key"))

    def write(self, now: datetime) -> ProfileWrite:
        """Return the row to write. A new profile takes its id, and so its position, from its first edit."""
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
        """Note that `write` was written."""
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
        """Note that the profile was deleted between our read and our write, which created it again with old data."""
        self.created = True
        self.stored = StoredProfile(self.key, write.fresh_id, write.version, "{}", "{}", now, now)


class Correction(NamedTuple):
    """The effect of a group's second fold on the history that the first fold wrote."""

    withdrawn: Sequence[HistoryRow]
    released: Sequence[KeyRow]
    corrected: Sequence[HistoryRow]
    overturned: bool
    """The attempt has to start over: an edit that the first fold rejected counts now and is not recorded, or an edit
    that belongs together with others is rejected now."""


class Batch:
    """The groups of a batch, in lock order, and an entry per edit, in order of arrival."""

    def __init__(self, entries: Sequence[Entry], groups: Sequence[Group]) -> None:
        self.entries = entries
        self.groups = groups

    @classmethod
    def of(cls, edits: Sequence[Edit], edit_ids: Sequence[UUID], known: Collection[EditKey] = ()) -> Self:
        """Group edits by profile. `known` edits have been applied before; a repeated key in the batch counts once."""
        entries = [Entry(edit, edit_id) for edit, edit_id in zip(edits, edit_ids, strict=True)]
        groups: dict[RecipientKey, Group] = {}
        seen: dict[EditKey, Entry] = {}
        for entry in entries:
            key = entry.edit.key
            once = edit_key(entry.edit)
            original = seen.setdefault(once, entry)
            if original is not entry:
                if _belong_together(original.edit, entry.edit):
                    entry.duplicate, entry.original = True, original
                    seen[once] = entry
                else:
                    entry.barred = key_reused()
            elif once in known:
                entry.duplicate = True
            group = groups.get(key)
            if group is None:
                groups[key] = Group(key, [entry])
            else:
                group.entries.append(entry)
        return cls(entries, sorted(groups.values(), key=attrgetter("key")))

    def fold(self, stored: Mapping[RecipientKey, StoredProfile]) -> Folding[None]:
        """Fold every group onto its stored profile."""
        for group in self.groups:
            group.stored = stored.get(group.key)
            yield from group.fold()
        yield from self._keep_together()

    def _keep_together(self) -> Folding[None]:
        """Reject the edits that belong together with a rejected one, and fold their groups without them."""
        while True:
            refused = {id(e.edit.together): e.refusal() for e in self.entries if e.edit.together and e.refusal()}
            if not refused:
                return
            left = [entry for entry in self.entries if entry.counts and id(entry.edit.together) in refused]
            if not left:
                return
            for entry in left:
                entry.barred, entry.refusals = refused[id(entry.edit.together)], ()
            keys = {entry.edit.key for entry in left}
            for group in self.groups:
                if group.key in keys:
                    yield from group.fold()

    def counts(self) -> bool:
        """Tell whether any edit is applied."""
        return any(entry.counts for entry in self.entries)

    def refused_events(self) -> list[Entry]:
        """Return the events that are refused as a whole."""
        return [entry for entry in self.entries if entry.error is not None and not entry.edit.strict]

    def history_rows(self) -> list[HistoryRow]:
        """Return the rows to record, in lock order."""
        return [row for group in self.groups for row in group.history_rows()]

    def key_rows(self) -> list[KeyRow]:
        """Return the keys to bind to their requests, in lock order."""
        named = [entry for entry in self.entries if entry.edit.request is not None and entry.counts]
        return sorted(row for entry in named if (row := entry.key_row()) is not None)

    def refuse_reused(self, claims: Claims) -> Folding[None]:
        """Reject the edits whose keys belong to other requests, and fold their groups without them."""
        ids = {row.edit_id for row in claims.misused}
        scrubbed = {row.edit_id for row in claims.scrubbed}
        for entry in self.entries:
            entry.scrubbed = entry.edit_id in scrubbed
        for group in self.groups:
            found = [entry for entry in group.entries if entry.edit_id in ids]
            for entry in found:
                entry.barred = key_reused()
                entry.refusals = ()
            if found:
                yield from group.fold()

    def unchanged(self) -> list[Group]:
        """Return groups whose edits count but change nothing: recorded in the history, without a row to write."""
        return [group for group in self.groups if not group.changed and any(entry.counts for entry in group.entries)]

    def mark_known(self, edit_ids: set[UUID]) -> list[Group]:
        """Mark edits that the history knows as duplicates; return their groups, which must be folded again."""
        repeated: list[Group] = []
        for group in self.groups:
            duplicates = [entry for entry in group.entries if entry.edit_id in edit_ids]
            for entry in duplicates:
                entry.be_known()
            if duplicates:
                repeated.append(group)
        return repeated

    def known(self) -> Iterator[EditKey]:
        """Return the keys of edits that have been applied before, whatever the next attempt finds."""
        for entry in self.entries:
            if entry.duplicate and entry.original is None and not entry.scrubbed:
                yield edit_key(entry.edit)

    def outcomes(self) -> list[Outcome]:
        """Return one outcome per edit, in order of arrival."""
        by_key = {group.key: group.stored for group in self.groups}
        return [_outcome(entry, by_key[entry.edit.key]) for entry in self.entries]


def _outcome(entry: Entry, profile: StoredProfile | None) -> Outcome:
    if not entry.duplicate:
        return Outcome(_APPLIED, profile, entry.refusals, entry.refusal(), entry.work)
    first = entry.first()
    error = first.refusal()
    if first.duplicate and first.scrubbed and profile is not None:
        error = key_reused()  # a success would say that this request changed the new life of the recipient
    return Outcome(EditStatus.DUPLICATE, profile, entry.refusals, error, entry.work)


def fold_again(group: Group) -> Folding[Correction]:
    """Fold a group, whose first fold is recorded, onto the present profile."""
    earlier = group.accepted()
    befores = [entry.before for entry in earlier]
    yield from group.fold()
    return Correction(
        withdrawn=[entry.history_row() for entry in earlier if entry.error is not None],
        released=[row for entry in earlier if entry.error is not None and (row := entry.key_row()) is not None],
        corrected=[
            entry.history_row()
            for entry, before in zip(earlier, befores, strict=True)
            if entry.counts and entry.before != before
        ],
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


def key_reused() -> Unprocessable:
    """Return the error for a key that belongs to another request."""
    return Unprocessable(
        "this Idempotency-Key belongs to an earlier request with another method, path or body; use a new key",
        code=Code.IDEMPOTENCY_KEY_REUSED,
    )


def _belong_together(one: Edit, other: Edit) -> bool:
    """Tell whether two edits with one insert key may be the same; an event's key says nothing about its content."""
    return one.request is None or other.request is None or one.request == other.request


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
