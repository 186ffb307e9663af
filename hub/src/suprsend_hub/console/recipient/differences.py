"""What an edit changed, computed from its history entry: the operations, and the values that they replaced. Pure.

Folding the operations onto the replaced values gives the values after the edit, whatever the profile is today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from suprsend_hub.domain.operation import fold, mask_secrets
from suprsend_hub.domain.profile import Identity, Profile, identities_to_storage
from suprsend_hub.domain.records import HistoryEntry
from suprsend_hub.domain.values import same_value
from suprsend_hub.domain.wire import Json, KeyKind, kind_of_key

MAX_LINES = 60
"""Changed keys shown of one edit."""


@dataclass(frozen=True, slots=True)
class Line:
    """One changed key. `kind`: added, removed or changed; of lists also the elements that came and went."""

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


def change_of(entry: HistoryEntry) -> Change:
    """What a history entry did."""
    operations = msgspec.json.decode(entry.operations)
    before: dict[str, Json] = msgspec.json.decode(entry.before) if entry.before else {}
    profile = Profile(
        {key: value for key, value in before.items() if not _is_channel(key)},
        {key: msgspec.convert(value, list[Identity]) for key, value in before.items() if _is_channel(key)},
    )
    lines = changed_lines(profile, fold(profile, operations).profile)
    return Change(entry, mask_secrets(operations), lines[:MAX_LINES], max(0, len(lines) - MAX_LINES))


def changed_lines(old: Profile, new: Profile) -> list[Line]:
    """The keys in which two profiles differ, channels first; secrets are masked."""
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
    return lines


_MISSING: Any = object()


def _is_channel(key: str) -> bool:
    return kind_of_key(key) is KeyKind.CHANNEL


def _shown(identity: Identity) -> Json:
    """An identity as it reads best: its value alone if nothing else is special about it."""
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
    """What is in `elements` and not in `others`, each as often as it is more."""
    rest = list(others)
    left = []
    for element in elements:
        for index, other in enumerate(rest):
            if same_value(element, other):
                del rest[index]
                break
        else:
            left.append(element)
    return left


def _masked(key: str, value: Json) -> Json:
    masked: dict[str, Json] = mask_secrets({key: value})
    return next(iter(masked.values()))
