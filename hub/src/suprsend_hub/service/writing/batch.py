"""Batches of edits, grouped by profile and folded onto the stored profiles. Pure: no database, no clock.

The writer tells a batch what it read and learned (known edits, moved profiles) and asks it for rows to write.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Self
from uuid import UUID

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unprocessable
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.writing.edit import Edit, EditStatus, Outcome
from suprsend_hub.service.writing.group import EditKey, Entry, Folding, Group, edit_key
from suprsend_hub.store.idempotency import Claims, KeyRow
from suprsend_hub.store.profiles import HistoryRow

_APPLIED = EditStatus.APPLIED


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


def key_reused() -> Unprocessable:
    """Return the error for a key that belongs to another request."""
    return Unprocessable(
        "this Idempotency-Key belongs to an earlier request with another method, path or body; use a new key",
        code=Code.IDEMPOTENCY_KEY_REUSED,
    )


def _belong_together(one: Edit, other: Edit) -> bool:
    """Tell whether two edits with one insert key may be the same; an event's key says nothing about its content."""
    return one.request is None or other.request is None or one.request == other.request
