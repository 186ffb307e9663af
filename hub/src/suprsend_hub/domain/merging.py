"""Merge two profiles into one, and take such a merge back. Pure.

The primary's properties win, and missing ones are taken over. Channels are united: the primary's identities come first,
and an address that both have counts once, as the primary has it. Of preferences, each category and each channel counts
by itself. What was taken is recorded, so that `unmerge` can give it back: `unmerge(merge(p, s).profile,
merge(p, s).taken)` is p.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence  # noqa: TC003 - fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from . import choices
from .channels import RULES
from .choices import NO_CHOICES, CategoryChoice, Choices
from .codes import Code
from .limits import MAX_IDENTITIES, MAX_PROFILE_BYTES, MAX_PROPERTIES
from .profile import Identity, Profile, identities_to_storage
from .size import stored_bytes
from .values import same_value

if TYPE_CHECKING:
    from .wire import Json

RECREATE: Final = "recreate"
ALIAS: Final = "alias"
AFTER_MERGE: Final = (RECREATE, ALIAS)
"""What a new event for a merged user does, set by the workspace: it creates a new user, or reaches the primary."""

MERGE: Final = "$merge"
"""Operator of the history entry of a merge, in the primary's history."""
UNMERGE: Final = "$unmerge"
"""Operator of the history entry that takes a merge back."""
RESTORE: Final = "$restore"
"""Operator of the first history entry of a user whose merge was taken back."""
RENAME: Final = "$rename"
"""Operator of the history entry of a rename."""


class Taken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a primary took over from a secondary: whole properties, identities by channel, and choices."""

    properties: dict[str, Any] = {}
    channels: dict[str, list[Identity]] = {}
    preferences: Choices = NO_CHOICES


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """A key that both have with different values: the primary's is kept, the secondary's is dropped."""

    key: str
    kept: Json
    dropped: Json


@dataclass(frozen=True, slots=True)
class Merged:
    """The profile after a merge, what it took over, and where the two disagreed."""

    profile: Profile
    taken: Taken
    conflicts: Sequence[MergeConflict]


def merge(primary: Profile, secondary: Profile) -> Merged:
    """Return the profile of two that become one. Never fails; `misfit` tells whether the result may be stored."""
    missing = {key: value for key, value in secondary.properties.items() if key not in primary.properties}
    conflicts = [
        MergeConflict(key, primary.properties[key], value)
        for key, value in secondary.properties.items()
        if key in primary.properties and not same_value(primary.properties[key], value)
    ]
    ours, theirs = choices_of(primary), choices_of(secondary)
    chosen = Choices(
        {slug: choice for slug, choice in theirs.categories.items() if slug not in ours.categories},
        {channel: value for channel, value in theirs.restricted.items() if channel not in ours.restricted},
    )
    conflicts += _preference_conflicts(ours, theirs)
    taken = Taken(missing, _missing_identities(primary.channels, secondary.channels), chosen)
    return Merged(with_taken(primary, taken), taken, conflicts)


def with_taken(profile: Profile, taken: Taken) -> Profile:
    """Return a profile with what was taken over behind what it has."""
    channels = dict(profile.channels)
    for channel, identities in taken.channels.items():
        channels[channel] = [*channels.get(channel, ()), *identities]
    preferences = profile.preferences
    if taken.preferences != NO_CHOICES:
        preferences = choices.encode(choices.merge(choices_of(profile), taken.preferences))
    return Profile(profile.properties | taken.properties, channels, preferences=preferences)


def choices_of(profile: Profile) -> Choices:
    """Return what a profile's recipient chose."""
    return choices.of_text(profile.preferences)


def unmerge(present: Profile, taken: Taken) -> tuple[Profile, Taken]:
    """Return a primary without what it took over and has not changed since, and what that is."""
    given_back = Taken(
        {
            key: value
            for key, value in taken.properties.items()
            if key in present.properties and same_value(present.properties[key], value)
        },
        _unchanged_identities(present.channels, taken.channels),
        _unchanged_choices(choices_of(present), taken.preferences),
    )
    return without_taken(present, given_back), given_back


def without_taken(profile: Profile, taken: Taken) -> Profile:
    """Return a profile without the properties and identities."""
    properties = {key: value for key, value in profile.properties.items() if key not in taken.properties}
    channels = dict(profile.channels)
    for channel, unwanted in taken.channels.items():
        kept = [identity for identity in channels.get(channel, ()) if not _contains(unwanted, identity)]
        if kept:
            channels[channel] = kept
        else:
            channels.pop(channel, None)
    preferences = profile.preferences
    if taken.preferences != NO_CHOICES:
        left = _without_choices(choices_of(profile), taken.preferences)
        preferences = choices.to_text(left)
    return Profile(properties, channels, preferences=preferences)


def misfit(profile: Profile) -> tuple[Code, str] | None:
    """Return why a merged profile is beyond a limit of profiles, or None if it fits."""
    if len(profile.properties) > MAX_PROPERTIES:
        return Code.TOO_MANY_PROPERTIES, f"the merged profile would have more than {MAX_PROPERTIES} properties"
    for channel, identities in profile.channels.items():
        if len(identities) > MAX_IDENTITIES:
            return Code.TOO_MANY_IDENTITIES, f"{channel} would have more than {MAX_IDENTITIES} identities"
    if stored_bytes(profile.properties, profile.channels, profile.preferences) > MAX_PROFILE_BYTES:
        return Code.PROFILE_TOO_LARGE, f"the merged profile would have more than {MAX_PROFILE_BYTES} bytes of JSON"
    return None


def record(operator: str, other_id: str, moved: Taken) -> list[Json]:
    """Return the operations of a history entry: which other user, and what came from there or went there."""
    operand: dict[str, Json] = {"user_id": other_id}
    if moved.properties:
        operand["properties"] = moved.properties
    if moved.channels:
        operand["channels"] = {channel: identities_to_storage(each) for channel, each in moved.channels.items()}
    if moved.preferences != NO_CHOICES:
        operand["preferences"] = choices.choices_to_json(moved.preferences)
    return [{operator: operand}]


def replay(profile: Profile, operations: Json) -> Profile | None:
    """Return the profile after operations that `record` wrote; None if they are others."""
    if type(operations) is not list or len(operations) != 1 or type(operations[0]) is not dict:
        return None
    [operation] = operations
    for operator, apply in _REPLAYS.items():
        if operator in operation:
            operand = operation[operator]
            channels = msgspec.convert(operand.get("channels", {}), dict[str, list[Identity]])
            chosen = msgspec.convert(operand.get("preferences", {}), Choices)
            return apply(profile, Taken(operand.get("properties", {}), channels, chosen))
    return None


_REPLAYS: Final = {MERGE: with_taken, RESTORE: with_taken, RENAME: with_taken, UNMERGE: without_taken}


def _missing_identities(
    primary: Mapping[str, Sequence[Identity]], secondary: Mapping[str, Sequence[Identity]]
) -> dict[str, list[Identity]]:
    missing: dict[str, list[Identity]] = {}
    for channel, identities in secondary.items():
        known = {_key(channel, identity) for identity in primary.get(channel, ())}
        fresh = [identity for identity in identities if _key(channel, identity) not in known]
        if fresh:
            missing[channel] = fresh
    return missing


def _unchanged_identities(
    present: Mapping[str, Sequence[Identity]], taken: Mapping[str, Sequence[Identity]]
) -> dict[str, list[Identity]]:
    unchanged = {
        channel: [identity for identity in identities if _contains(present.get(channel, ()), identity)]
        for channel, identities in taken.items()
    }
    return {channel: identities for channel, identities in unchanged.items() if identities}


def _unchanged_choices(present: Choices, taken: Choices) -> Choices:
    return Choices(
        {slug: choice for slug, choice in taken.categories.items() if _is_chosen(present, slug, choice)},
        {channel: value for channel, value in taken.restricted.items() if present.restricted.get(channel) == value},
    )


def _is_chosen(present: Choices, slug: str, choice: CategoryChoice) -> bool:
    stored = present.categories.get(slug)
    return stored is not None and same_value(choices.choice_to_json(stored), choices.choice_to_json(choice))


def _without_choices(present: Choices, unwanted: Choices) -> Choices:
    return Choices(
        {slug: choice for slug, choice in present.categories.items() if slug not in unwanted.categories},
        {channel: value for channel, value in present.restricted.items() if channel not in unwanted.restricted},
    )


def _preference_conflicts(ours: Choices, theirs: Choices) -> list[MergeConflict]:
    kept, dropped = choices.choices_to_json(ours), choices.choices_to_json(theirs)
    return [
        MergeConflict(f"preference for {key}", mine[key], value)
        for mine, other in ((kept.get(part, {}), dropped.get(part, {})) for part in ("categories", "restricted"))
        for key, value in other.items()
        if key in mine and not same_value(mine[key], value)
    ]


def _contains(identities: Sequence[Identity], wanted: Identity) -> bool:
    return any(each == wanted and same_value(each.value, wanted.value) for each in identities)


def _key(channel: str, identity: Identity) -> Hashable:
    """Return what makes an identity the same address, as when it is appended."""
    return RULES[channel].key(identity.value)
