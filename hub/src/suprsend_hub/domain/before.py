"""The way back: what the history keeps of each edit, so that every earlier profile can be rebuilt from a later one.

`diff` makes it, `rewind` follows it. It is never cut, and holds only what changed, so that it stays within a multiple
of what was sent. None stands for "there was no profile"; otherwise it is a JSON object whose parts are there if needed:

    "$set"         {key: value} of properties that were replaced or removed
    "$unset"       [key] of properties and channels that were not there
    "$arrays"      {key: cut} of arrays that lost elements or got some at the end
    "$identities"  {channel: cut} of channels, where a cut may also have
                       "was"    [[position, fields]]: what differs in identities that were renewed in place
                       "added"  [value]: what came to the end
    "$preference"  what was replaced among the choices, see `before_choices`
    "$ids"         [text]: device and bundle ids, which many identities share. The identities above have their
                   positions here; n below zero stands for position -n - 1 among the ids of the profile after the edit

    cut: {"kept": n, "gone": [[position, element, ...], ...]}, see `cuts`

Rows of earlier releases have another form, {key: old value or identities} of all keys that the edit named, which
`read_before` turns into this one. None of its keys is a part's name, because such keys are reserved.
"""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from . import choices as rules
from .before_channels import ADDED, WAS, Ids, SharedIds, cut_identities, ids_of, read_identities, renewed_back
from .before_choices import changed_choices, diff_choices, rewind_choices
from .cuts import GONE, KEPT, cut_array, uncut
from .profile import Identity, Profile
from .size import MISSING
from .values import same_value
from .wire import OPERATORS, PREFERENCE, SET, UNSET, Json, KeyKind, kind_of_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARRAYS: Final = "$arrays"
IDENTITIES: Final = "$identities"
IDS: Final = "$ids"
_PARTS: Final = frozenset({SET, UNSET, ARRAYS, IDENTITIES, IDS, PREFERENCE})

Before: TypeAlias = dict[str, Any]


def diff(
    old_properties: Mapping[str, Json],
    properties: Mapping[str, Json],
    old_channels: Mapping[str, Sequence[Identity] | object],
    channels: Mapping[str, list[Identity]],
) -> Before:
    """Return the way back from `properties` and `channels`; empty if nothing differs.

    `old_properties` and `old_channels` hold the earlier values of all keys that may differ, MISSING for absent ones.
    """
    before: Before = {}
    replaced: dict[str, Json] = {}
    absent: list[str] = []
    for key, old in old_properties.items():
        new = properties.get(key, MISSING)
        if new is old:
            continue
        if old is MISSING:
            absent.append(key)
        elif type(old) is list and type(new) is list:
            if old != new or not same_value(old, new):
                cut = cut_array(old, new)
                if cut[KEPT]:
                    before.setdefault(ARRAYS, {})[key] = cut
                else:
                    replaced[key] = old
        elif old != new or not same_value(old, new):  # the first is fast, and wrong only about types
            replaced[key] = old
    if replaced:
        before[SET] = replaced
    if old_channels:
        _diff_channels(before, absent, old_channels, channels)
    if absent:
        before[UNSET] = absent
    return before


def diff_profiles(old: Profile, new: Profile) -> Before:
    """Return the way back from one whole profile to another; empty if nothing differs."""
    before = diff(
        {key: old.properties.get(key, MISSING) for key in {**old.properties, **new.properties}},
        new.properties,
        {channel: old.channels.get(channel, MISSING) for channel in {**old.channels, **new.channels}},
        new.channels,
    )
    chosen = diff_choices(rules.of_text(old.preferences), rules.of_text(new.preferences))
    return before | {PREFERENCE: chosen} if chosen else before


def _diff_channels(
    before: Before,
    absent: list[str],
    old_channels: Mapping[str, Sequence[Identity] | object],
    channels: Mapping[str, list[Identity]],
) -> None:
    identities: dict[str, Json] = {}
    ids = None
    for channel, old in old_channels.items():
        new = channels.get(channel, MISSING)
        if new is old:
            continue
        if not isinstance(old, list):
            absent.append(channel)
            continue
        following = new if isinstance(new, list) else []
        if len(following) > len(old) and all(map(is_, old, following)):
            identities[channel] = {KEPT: len(old), ADDED: [identity.value for identity in following[len(old) :]]}
            continue
        ids = ids or SharedIds(channels)
        cut = cut_identities(channel, old, following, ids)
        if cut is not None:
            identities[channel] = cut
    if identities:
        before[IDENTITIES] = identities
    if ids is not None and ids.others:
        before[IDS] = list(ids.others)


def rewind(after: Profile, before: Before | None) -> Profile | None:
    """Return the profile before an edit, from the one after it. Exact but for the order of keys; shares values."""
    if before is None:
        return None
    properties, channels = dict(after.properties), dict(after.channels)
    ids = (before.get(IDS, ()), ids_of(after.channels) if IDENTITIES in before else ())
    for key in before.get(UNSET, ()):
        properties.pop(key, None)
        channels.pop(key, None)
    properties |= before.get(SET, {})
    for key, cut in before.get(ARRAYS, {}).items():
        properties[key] = uncut(properties[key], cut[KEPT], cut.get(GONE, ()))
    for channel, cut in before.get(IDENTITIES, {}).items():
        identities = list(channels.get(channel, ()))
        for position, fields in cut.get(WAS, ()):
            identities[position] = renewed_back(identities[position], fields, ids)
        gone = [[run[0], *read_identities(run[1:], ids)] for run in cut.get(GONE, ())]
        channels[channel] = uncut(identities, cut[KEPT], gone)
    preferences = after.preferences
    if PREFERENCE in before:
        chosen = rewind_choices(rules.of_text(preferences), before[PREFERENCE])
        preferences = rules.to_text(chosen)
    return Profile(properties, channels, preferences=preferences)


def read_before(before: Json, operations: Json) -> Before | None:
    """Return what a row of the history keeps, in the present form also for rows of earlier releases.

    None may also mean, in a row of an earlier release, that the edit replaced nothing.
    """
    if before is None or before.keys() <= _PARTS:
        return cast("Before | None", before)
    channels = {key: value for key, value in before.items() if kind_of_key(key) is KeyKind.CHANNEL}
    return {
        SET: {key: value for key, value in before.items() if key not in channels},
        UNSET: [key for key in _named(operations) if key not in before],
        IDENTITIES: {channel: {KEPT: 0, GONE: [[0, *stored]]} for channel, stored in channels.items()},
    }


def _named(operations: Json) -> list[str]:
    """Return the keys that operations name."""
    found: dict[str, None] = {}
    for operation in operations if type(operations) is list else ():
        for operator, operand in operation.items() if type(operation) is dict else ():
            if operator in OPERATORS:
                keys = [operand] if type(operand) is str else operand
                found |= {key: None for key in keys if type(key) is str} if type(keys) in {list, dict} else {}
    return list(found)


def changed_part(before: Before | None) -> Profile:
    """Return what an edit replaced or removed, as a profile without everything that it left alone.

    So arrays and channels have only the elements that are gone, and identities that were renewed have only the fields
    that differ.
    """
    if before is None:
        return Profile()
    properties: dict[str, Json] = dict(before.get(SET, {}))
    for key, cut in before.get(ARRAYS, {}).items():
        properties[key] = [element for run in cut.get(GONE, ()) for element in run[1:]]
    ids: Ids = (before.get(IDS, ()), ())
    channels: dict[str, list[Identity]] = {}
    for channel, cut in before.get(IDENTITIES, {}).items():
        gone = [fields for run in cut.get(GONE, ()) for fields in run[1:]]
        renewed = [renewed_back(Identity(""), fields, ids) for _, fields in cut.get(WAS, ())]
        channels[channel] = [*read_identities(gone, ids), *renewed]
    return Profile(properties, channels, preferences=changed_choices(before.get(PREFERENCE, {})))


def changed_keys(before: Before) -> set[str]:
    """Return the properties and channels that an edit changed."""
    return {*before.get(SET, ()), *before.get(UNSET, ()), *before.get(ARRAYS, ()), *before.get(IDENTITIES, ())}


def added_values(before: Before, channel: str) -> list[Json] | None:
    """Return the addresses that an edit added to a channel which existed; None if it was new, or if nobody knows."""
    cut = before.get(IDENTITIES, {}).get(channel)
    if cut is None or (cut[KEPT] == 0 and ADDED not in cut):
        return None
    return list(cut.get(ADDED, ()))
