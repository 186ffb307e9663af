"""Compute what an edit changed from its history entry: the operations, and the way back from what they did. Pure.

Folding the operations onto what was replaced or removed gives what came instead, independently of today's profile.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID  # noqa: TC003 - also read at run time, as the annotations of the other modules

import msgspec

from suprsend_hub.console.formats import channel_name
from suprsend_hub.console.recipient.moves import Move, move_of
from suprsend_hub.console.recipient.preferences import choice_words
from suprsend_hub.domain.before import Before, added_values, changed_keys, changed_part, read_before
from suprsend_hub.domain.before_choices import only_changed
from suprsend_hub.domain.channels import RULES
from suprsend_hub.domain.choices import of_text, to_text
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.merging import replay
from suprsend_hub.domain.profile import Identity, Profile, identities_to_storage
from suprsend_hub.domain.records import HistoryEntry, RejectedRow
from suprsend_hub.domain.values import same_value
from suprsend_hub.domain.wire import PREFERENCE, Json

MAX_LINES = 60
"""How many changed keys of one edit are shown."""
REFUSED_WITHIN = 60_000 << 80
"""How long after an edit (a ULID: milliseconds above 80 random bits) one of its refusals may have been logged."""


@dataclass(frozen=True, slots=True)
class Line:
    """One changed key. `kind` is added, removed or changed; for lists, `came` and `went` are the changed elements."""

    key: str
    kind: str
    old: Json
    new: Json
    came: Sequence[Json] | None = None
    went: Sequence[Json] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An edit as the page shows it; secrets are masked."""

    entry: HistoryEntry
    operations: Json
    lines: Sequence[Line]
    more_lines: int
    refused: Sequence[RejectedRow] = ()
    move: Move | None = None


def changes_of(entries: Sequence[HistoryEntry], rejected: Sequence[RejectedRow]) -> list[Change]:
    """Return what history entries (newest first) changed, and which parts of them were rejected.

    Whether a part was applied can depend on the profile at that time (a sum on a text), so the operations alone do not
    tell. The log of rejected records does, but its records do not name the edit: each belongs to the latest edit before
    it that has this part, came from the same source and has not been matched yet.
    """
    refused: dict[UUID, list[RejectedRow]] = {}
    for row in sorted(rejected, key=lambda row: row.rejected_id):
        part = msgspec.json.decode(row.record)
        for entry in entries:
            taken = refused.get(entry.edit_id, [])
            if (
                entry.edit_id < row.rejected_id
                and entry.source == row.source
                and row.rejected_id.int - entry.edit_id.int < REFUSED_WITHIN
                and not any(other.record == row.record for other in taken)
                and _has_part(mask_secrets(msgspec.json.decode(entry.operations)), part)
            ):
                refused[entry.edit_id] = [*taken, row]
                break
    return [change_of(entry, refused.get(entry.edit_id, ())) for entry in entries]


def _has_part(operations: Json, part: Json) -> bool:
    """Tell whether one of the operations has the part that a refusal names: operator, key, and value or one element."""
    if type(part) is not dict or len(part) != 1 or type(operations) is not list:
        return False
    [(operator, operand)] = part.items()
    for operation in operations:
        given = operation.get(operator) if type(operation) is dict else None
        if type(operand) is dict and type(given) is dict:
            if all(_names(given.get(key, _MISSING), value) for key, value in operand.items()):
                return True
        elif type(operand) is list and type(given) is list:
            if all(key in given for key in operand):
                return True
        elif given is not None and same_value(given, operand):
            return True
    return False


def _names(given: Json, value: Json) -> bool:
    return same_value(given, value) or (type(given) is list and any(same_value(element, value) for element in given))


def _without_refused(operations: Json, refused: Sequence[RejectedRow]) -> Json:
    """Return the operations without the keys that were rejected as a whole; the fold rejects single elements again."""
    parts = [msgspec.json.decode(row.record) for row in refused]
    return [
        {
            operator: {
                key: value
                for key, value in operand.items()
                if not any(type(part) is dict and same_value(part, mask_secrets({operator: {key: value}}))
                           for part in parts)
            }
            if type(operand) is dict
            else operand
            for operator, operand in operation.items()
        }
        if type(operation) is dict
        else operation
        for operation in operations
    ]  # fmt: skip


def change_of(entry: HistoryEntry, refused: Sequence[RejectedRow] = ()) -> Change:
    """Return what a history entry changed, without its rejected parts."""
    operations = msgspec.json.decode(entry.operations)
    before = read_before(msgspec.json.decode(entry.before or "null"), operations)
    old = changed_part(before)
    new = replay(old, operations) or fold(old, _without_refused(operations, refused), by_hub=True).profile
    if before is not None:
        _leave_out_unchanged(before, old, new)
    lines = changed_lines(old, new)
    return Change(
        entry, mask_secrets(operations), lines[:MAX_LINES], max(0, len(lines) - MAX_LINES), refused, move_of(operations)
    )


def _leave_out_unchanged(before: Before, old: Profile, new: Profile) -> None:
    """Remove what the operations name and did not change; they do not say so, since `old` lacks everything else."""
    changed = changed_keys(before)
    for name in new.properties.keys() - changed:
        del new.properties[name]
    for channel in list(new.channels):
        if channel not in changed:
            del new.channels[channel]
            continue
        added = added_values(before, channel)
        if added is not None:
            key = RULES[channel].key
            known = {key(identity.value) for identity in old.channels.get(channel, [])}
            known |= set(map(key, added))
            new.channels[channel] = [each for each in new.channels[channel] if key(each.value) in known]
    new.preferences = to_text(only_changed(of_text(new.preferences), before.get(PREFERENCE, {})))


def changed_lines(old: Profile, new: Profile) -> list[Line]:
    """Return the keys in which two profiles differ, channels first and preferences last, with secrets masked."""
    lines = []
    for channel in dict.fromkeys((*old.channels, *new.channels)):
        before = [_shown(identity) for identity in old.channels.get(channel, [])]
        after = [_shown(identity) for identity in new.channels.get(channel, [])]
        line = _line(channel, before or _MISSING, after or _MISSING)
        if line is not None:
            lines.append(line)
    for key in dict.fromkeys((*old.properties, *new.properties)):
        line = _line(key, old.properties.get(key, _MISSING), new.properties.get(key, _MISSING))
        if line is not None:
            lines.append(line)
    return lines + _changed_preferences(_preferences(old), _preferences(new))


def _preferences(profile: Profile) -> dict[str, Json]:
    """Return what is chosen, by the name under which the page shows it."""
    chosen = of_text(profile.preferences)
    return {
        **{f"preference for {slug}": "; ".join(choice_words(choice)) for slug, choice in chosen.categories.items()},
        **{f"only mandatory on {channel_name(channel.key)}": value for channel, value in chosen.restricted.items()},
    }


def _changed_preferences(old: dict[str, Json], new: dict[str, Json]) -> list[Line]:
    lines = (_line(name, old.get(name, _MISSING), new.get(name, _MISSING)) for name in dict.fromkeys((*old, *new)))
    return [line for line in lines if line is not None]


_MISSING: Any = object()
_encode = msgspec.json.Encoder(order="deterministic").encode
"""Texts are the same exactly for values that `same_value` takes for the same."""


def _shown(identity: Identity) -> Json:
    """Return an identity in its most readable form: only its value if everything else is the default."""
    [stored] = identities_to_storage([identity])
    return stored["value"] if list(stored) == ["value"] else stored


def _line(key: str, old: Json, new: Json) -> Line | None:
    if old is _MISSING and new is _MISSING:
        return None
    if old is not _MISSING and new is not _MISSING and same_value(old, new):
        return None
    kind = "added" if old is _MISSING else "removed" if new is _MISSING else "changed"
    came, went = None, None
    if _is_list_or_missing(old) and _is_list_or_missing(new):
        before = [] if old is _MISSING else old
        after = [] if new is _MISSING else new
        came, went = _masked(key, _without(after, before)), _masked(key, _without(before, after))
    return Line(
        key, kind, None if old is _MISSING else _masked(key, old), None if new is _MISSING else _masked(key, new),
        came, went,
    )  # fmt: skip


def _is_list_or_missing(value: Json) -> bool:
    return value is _MISSING or type(value) is list


def _without(elements: list[Json], others: list[Json]) -> list[Json]:
    """Return the elements that occur more often in `elements` than in `others`, each as often as the difference."""
    rest = Counter(map(_encode, others))
    left = []
    for element in elements:
        text = _encode(element)
        if rest[text]:
            rest[text] -= 1
        else:
            left.append(element)
    return left


def _masked(key: str, value: Json) -> Json:
    masked: dict[str, Json] = mask_secrets({key: value})
    return next(iter(masked.values()))
