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
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey, not_found
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.refusal import FoldResult, Refusal
from suprsend_hub.domain.wire import PREFERENCE
from suprsend_hub.service.writing.edit import Edit, EditStatus, Outcome
from suprsend_hub.store.idempotency import Claims, KeyRow
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite

_T = TypeVar("_T")
Folding: TypeAlias = Generator[int, None, _T]
"""A fold under way: yields the units of work of each notable edit, and returns what the fold is for."""

_NOTABLE_WORK = 1024
"""Units of work below which an edit is not worth a step: a batch of such edits takes a few milliseconds."""
_encode = msgspec.json.Encoder().encode


class EditKey(NamedTuple):
    """The key that makes an edit count once: an insert key within its profile.

    The insert key is in bytes, because a caller can choose UUIDs that all have the same hash.
    """

    key: RecipientKey
    insert_key: bytes

    @classmethod
    def of(cls, edit: Edit) -> Self:
        """Return the key of an edit."""
        return cls(edit.key, edit.insert_key.bytes)


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


class Batch:
    """The groups of a batch, in lock order, and an entry per edit, in order of arrival."""

    def __init__(self, entries: Sequence[Entry], groups: Sequence[Group]) -> None:
        self.entries = entries
        self.groups = groups

    @classmethod
    def of(
        cls, edits: Sequence[Edit], edit_ids: Sequence[UUID], *, now: datetime, known: Collection[EditKey] = ()
    ) -> Self:
        """Group edits by profile. `known` edits have been applied before; a repeated key in the batch counts once."""
        entries = [Entry(edit, edit_id) for edit, edit_id in zip(edits, edit_ids, strict=True)]
        groups: dict[RecipientKey, Group] = {}
        seen: dict[EditKey, Entry] = {}
        for entry in entries:
            key = entry.edit.key
            edit_key = EditKey.of(entry.edit)
            original = seen.setdefault(edit_key, entry)
            if original is not entry:
                if _belong_together(original.edit, entry.edit):
                    entry.duplicate, entry.original = True, original
                    seen[edit_key] = entry
                else:
                    entry.barred = key_reused()
            elif edit_key in known:
                entry.duplicate = True
            group = groups.get(key)
            if group is None:
                groups[key] = Group(key, now, [entry])
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
        return sorted(row for entry in self.entries if entry.counts and (row := entry.key_row()) is not None)

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

    def must_exist(self) -> bool:
        """Tell whether profiles must be held against deletion while the batch is written.

        Those that are not written, and those of edits that create no recipient.
        """
        return bool(self.unchanged()) or any(entry.edit.by_hub and entry.counts for entry in self.entries)

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
                yield EditKey.of(entry.edit)

    def outcomes(self) -> list[Outcome]:
        """Return one outcome per edit, in order of arrival."""
        by_key = {group.key: group.stored for group in self.groups}
        return [_outcome(entry, by_key[entry.edit.key]) for entry in self.entries]


def _outcome(entry: Entry, profile: StoredProfile | None) -> Outcome:
    first = entry.first()
    error = first.refusal()
    if first.duplicate and first.scrubbed and profile is not None:
        error = key_reused()  # a success would say that this request changed the new life of the recipient
    status = EditStatus.DUPLICATE if entry.duplicate else EditStatus.APPLIED
    return Outcome(status, profile, entry.refusals, error, entry.work)


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


def key_reused() -> Unprocessable:
    """Return the error for a key that belongs to another request."""
    return Unprocessable(
        "this Idempotency-Key belongs to an earlier request with another method, path or body; use a new key",
        code=Code.IDEMPOTENCY_KEY_REUSED,
    )


def _links(edit: Edit) -> bool:
    """Tell whether an edit is about more than preferences, and so makes a profile for a tenant a link."""
    if edit.reports:
        return False
    return not edit.chooses or any(type(each) is not dict or PREFERENCE not in each for each in edit.operations)


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
