"""The way back of choices: what the history keeps of each edit of them.

A part of `before`, with only what differs, where null stands for what was not chosen:

    {"categories": {slug: {field: old}}, "restricted": {channel: old}}

where `properties` is {key: old} again. So it stays within a multiple of what was sent, however much is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from .choices import NO_CHOICE, NO_CHOICES, CategoryChoice, Choices, choice_to_json, to_text
from .values import same_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .wire import Json

CATEGORIES: Final = "categories"
RESTRICTED: Final = "restricted"
_PROPERTIES: Final = "properties"

ChoicesBefore: TypeAlias = dict[str, dict[str, Any]]


def diff_choices(old: Choices, new: Choices) -> ChoicesBefore:
    """Return the way back from `new`; empty if nothing differs."""
    before: ChoicesBefore = {}
    categories = {}
    for slug in old.categories | new.categories:
        was, choice = old.categories.get(slug, NO_CHOICE), new.categories.get(slug, NO_CHOICE)
        if was is not choice and (fields := _diff_category(was, choice)):
            categories[slug] = fields
    if categories:
        before[CATEGORIES] = categories
    if restricted := _diff(old.restricted, new.restricted):
        before[RESTRICTED] = restricted
    return before


def rewind_choices(after: Choices, before: ChoicesBefore) -> Choices:
    """Return the choices before an edit, from those after it."""
    categories = dict(after.categories)
    for slug, fields in before.get(CATEGORIES, {}).items():
        choice = _rewind_category(categories.pop(slug, NO_CHOICE), fields)
        if choice != NO_CHOICE:
            categories[slug] = choice
    restricted = msgspec.convert(_rewind(after.restricted, before.get(RESTRICTED, {})), dict[str, bool])
    return msgspec.convert({CATEGORIES: categories, RESTRICTED: restricted}, Choices)


def changed_choices(before: ChoicesBefore) -> str | None:
    """Return what an edit replaced, in storage form and without everything that it left alone."""
    return to_text(rewind_choices(NO_CHOICES, before))


def only_changed(choices: Choices, before: ChoicesBefore) -> Choices:
    """Return choices without everything that the edit left alone."""
    fields = before.get(CATEGORIES, {})
    categories = {slug: _only(choice, fields[slug]) for slug, choice in choices.categories.items() if slug in fields}
    restricted = {
        channel: flag for channel, flag in choices.restricted.items() if channel in before.get(RESTRICTED, {})
    }
    return Choices(categories, restricted)


def _diff_category(old: CategoryChoice, new: CategoryChoice) -> dict[str, Json]:
    was, now = choice_to_json(old), choice_to_json(new)
    properties = _diff(was.pop(_PROPERTIES, {}), now.pop(_PROPERTIES, {}))
    return _diff(was, now) | ({_PROPERTIES: properties} if properties else {})


def _rewind_category(after: CategoryChoice, before: dict[str, Json]) -> CategoryChoice:
    now = choice_to_json(after)
    properties = _rewind(now.pop(_PROPERTIES, {}), before.get(_PROPERTIES, {}))
    fields = _rewind(now, {name: old for name, old in before.items() if name != _PROPERTIES})
    return msgspec.convert({**fields, _PROPERTIES: properties}, CategoryChoice)


def _only(choice: CategoryChoice, before: dict[str, Json]) -> CategoryChoice:
    now = choice_to_json(choice)
    properties = {key: value for key, value in now.pop(_PROPERTIES, {}).items() if key in before.get(_PROPERTIES, {})}
    fields = {name: value for name, value in now.items() if name in before}
    return msgspec.convert({**fields, _PROPERTIES: properties}, CategoryChoice)


def _diff(old: Mapping[Any, Json], new: Mapping[Any, Json]) -> dict[str, Json]:
    """Return the old values of keys whose values differ. No value is None."""
    return {
        key: old.get(key)
        for key in {**old, **new}
        if key not in old or key not in new or not same_value(old[key], new[key])
    }


def _rewind(now: Mapping[Any, Json], old: Mapping[Any, Json]) -> dict[Any, Json]:
    return {key: value for key, value in {**now, **old}.items() if value is not None}
