"""The way back for the identities of a channel; the form is described in `before`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from .channels import RULES
from .chat import EXTRAS
from .cuts import GONE, KEPT
from .profile import Identity
from .values import same_value
from .wire import CHANNELS, WEBPUSH, Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WAS: Final = "was"
ADDED: Final = "added"
_VALUE: Final = "value"
_VALUE_FIELDS: Final = "value_fields"  # of a Slack or Teams object, those that differ; null for one that was not there
_SHARED_IDS: Final = ("device_id", "bundle_id")
Ids: TypeAlias = "tuple[Sequence[str], Sequence[str]]"
"""Ids that the way back contains itself, and those of the profile after the edit."""
_FIELDS: Final = ("id_provider", *_SHARED_IDS, "status", "perma_status", "status_reason", "status_at")


def cut_identities(channel: str, old: list[Identity], new: list[Identity], ids: SharedIds) -> dict[str, Json] | None:
    """Return how to get the old identities from the new ones; None if they are alike. Addresses occur once in each."""
    key = RULES[channel].key
    gone: list[list[Json]] = []
    was: list[list[Json]] = []
    run: list[Json] | None = None
    kept = 0
    for position, identity in enumerate(old):
        successor = new[kept] if kept < len(new) else None
        if successor is not None and (successor is identity or key(successor.value) == key(identity.value)):
            if not (successor is identity or _is_alike(successor, identity)):
                was.append([kept, _differing(channel, successor, identity, ids)])
            kept += 1
            run = None
        elif run is None:
            run = [position, _stored(identity, ids)]
            gone.append(run)
        else:
            run.append(_stored(identity, ids))
    cut = {KEPT: kept, GONE: gone, WAS: was, ADDED: [identity.value for identity in new[kept:]]}
    cut = {name: part for name, part in cut.items() if part or name == KEPT}
    return cut if len(cut) > 1 else None


def _is_alike(one: Identity, other: Identity) -> bool:
    return one == other and same_value(one.value, other.value)


def _differing(channel: str, new: Identity, old: Identity, ids: SharedIds) -> dict[str, Json]:
    """Return the fields of an old identity that its successor has not, and always its address, which the edit named."""
    fields: dict[str, Json] = {
        name: ids.position(value) if name in _SHARED_IDS and value is not None else value
        for name in _FIELDS
        if (value := getattr(old, name)) != getattr(new, name)
    }
    if type(old.value) is dict and type(new.value) is dict and channel != WEBPUSH:
        # Of a token or URL that stays, the edit may have sent nothing.
        names = {**old.value, **new.value}
        fields[_VALUE_FIELDS] = {
            name: old.value.get(name)
            for name in names
            if name not in EXTRAS or old.value.get(name) != new.value.get(name)
        }
    else:
        fields[_VALUE] = old.value
    return fields


def _stored(identity: Identity, ids: SharedIds) -> dict[str, Json]:
    """Return an identity in storage form, with shared ids as positions."""
    stored: dict[str, Json] = msgspec.to_builtins(identity)
    for name in _SHARED_IDS:
        if name in stored:
            stored[name] = ids.position(stored[name])
    return stored


class SharedIds:
    """Device and bundle ids that identities share: those of the profile after the edit, and others."""

    def __init__(self, channels: Mapping[str, list[Identity]]) -> None:
        self._channels = channels
        self._after: dict[str, int] | None = None  # most edits need none
        self.others: dict[str, int] = {}

    def position(self, text: str) -> int:
        """Return what stands for an id."""
        if self._after is None:
            self._after = {known: -1 - position for position, known in enumerate(ids_of(self._channels))}
        known = self._after.get(text)
        return known if known is not None else self.others.setdefault(text, len(self.others))


def ids_of(channels: Mapping[str, list[Identity]]) -> list[str]:
    """Return the distinct device and bundle ids of a profile, in the order of channels and identities."""
    found: dict[str, None] = {}
    for channel in CHANNELS:
        for identity in channels.get(channel, ()):
            for text in (identity.device_id, identity.bundle_id):
                if text is not None:
                    found[text] = None
    return list(found)


def read_identities(stored: Iterable[dict[str, Json]], ids: Ids) -> list[Identity]:
    """Return identities as they were. An id that is not known is left out."""
    return msgspec.convert([_with_ids(fields, ids) for fields in stored], list[Identity])


def _with_ids(fields: dict[str, Json], ids: Ids) -> dict[str, Json]:
    """Return fields with the ids that their positions stand for; without those that are not known."""
    known = dict(fields)
    for name in _SHARED_IDS:
        position = known.get(name)
        if type(position) is int:
            texts, index = (ids[0], position) if position >= 0 else (ids[1], -1 - position)
            if index < len(texts):
                known[name] = texts[index]
            else:
                del known[name]
    return known


def renewed_back(identity: Identity, fields: dict[str, Json], ids: Ids) -> Identity:
    """Return an identity as it was before it was renewed."""
    changes = _with_ids(fields, ids)
    parts = changes.pop(_VALUE_FIELDS, None)
    if parts is not None:
        value = {**identity.value, **parts} if isinstance(identity.value, dict) else parts
        changes[_VALUE] = {name: part for name, part in value.items() if part is not None}
    return msgspec.structs.replace(identity, **changes)
