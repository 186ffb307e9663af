"""Digest schedules: the options that a category offers, and the option that a recipient chose, with its changes.

The options are JSON as it was sent. A recipient may change only what an option calls editable; what a later version of
the options no longer allows is ignored, not lost.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .limits import MAX_CATEGORY_CHARS, MAX_DIGEST_OPTIONS
from .mistakes import join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .mistakes import Mistakes
    from .wire import Json

FREQUENCIES: Final = ("instantly", "minutely", "hourly", "daily", "weekly", "weekly_mo2fr", "monthly")
WEEKDAYS: Final = ("mo", "tu", "we", "th", "fr", "sa", "su")
EDITABLE: Final = "editable"
LOCKED: Final = "locked"

_TIME: Final = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_DATE_CHARS: Final = len("2026-01-31")
_MAX_POSITION: Final = 31


class DigestChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """The option that a recipient chose, and the parts of it that the recipient changed."""

    id: str
    time: str | None = None
    dtstart: str | None = None
    weekdays: list[str] | None = None
    monthdays: list[dict[str, Any]] | None = None

    def parts(self) -> dict[str, Json]:
        """Return the changed parts by name."""
        return {part: value for part in PARTS if (value := getattr(self, part)) is not None}


def _time_problem(value: Json) -> str | None:
    return None if type(value) is str and _TIME.fullmatch(value) else "must be a time such as 09:30"


def _dtstart_problem(value: Json) -> str | None:
    if type(value) is str and len(value) > _DATE_CHARS:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return None
    return "must be a date and time such as 2026-01-31T09:30:00Z"


def _weekdays_problem(value: Json) -> str | None:
    is_list = type(value) is list and 0 < len(value) <= len(WEEKDAYS)
    return None if is_list and all(day in WEEKDAYS for day in value) else f"must be a list of {', '.join(WEEKDAYS)}"


def _monthdays_problem(value: Json) -> str | None:
    is_list = type(value) is list and 0 < len(value) <= 2 * _MAX_POSITION
    if is_list and all(map(_is_monthday, value)):
        return None
    return 'must be a list of {"pos": 1 to 31 or -1 to -31, "day": a weekday or left out}'


def _is_monthday(value: Json) -> bool:
    if type(value) is not dict or not value.keys() <= {"pos", "day"}:
        return False
    position, day = value.get("pos"), value.get("day")
    is_position = type(position) is int and position != 0 and abs(position) <= _MAX_POSITION
    return is_position and (day is None or day in WEEKDAYS)


PARTS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "time": _time_problem,
    "weekdays": _weekdays_problem,
    "monthdays": _monthdays_problem,
    "dtstart": _dtstart_problem,
}
"""The parts of an option that may be editable, each with what is wrong with a value."""


def read_schedule(value: Json, path: str, mistakes: Mistakes) -> dict[str, Json] | None:
    """Return a category's `digest_schedule`, checked for shape and otherwise as it was sent."""
    if value is None:
        return None
    schedule = mistakes.read_object(value, path)
    if schedule is None:
        return None
    mistakes.read_storable(schedule, path)
    ids: set[str] = set()
    defaults = 0
    options = mistakes.read_list(schedule.get("options"), join(path, "options"), MAX_DIGEST_OPTIONS)
    for index, option in enumerate(options):
        at = f"{join(path, 'options')}[{index}]"
        fields = mistakes.read_object(option, at)
        if fields is None:
            continue
        option_id = mistakes.read_name(fields.get("id"), join(at, "id"), MAX_CATEGORY_CHARS)
        if option_id in ids:
            mistakes.add(join(at, "id"), "is the id of an earlier option as well")
        ids.add(option_id)
        _check_option(fields, at, mistakes)
        defaults += fields.get("is_default") is True
    if defaults > 1:
        mistakes.add(join(path, "options"), "must have at most one option with is_default")
    return schedule


def _check_option(option: dict[str, Json], path: str, mistakes: Mistakes) -> None:
    mistakes.read_text(option.get("label"), join(path, "label"), MAX_CATEGORY_CHARS)
    mistakes.read_flag(option.get("is_default"), join(path, "is_default"))
    if option.get("frequency") not in FREQUENCIES:
        mistakes.add(join(path, "frequency"), f"must be one of {', '.join(FREQUENCIES)}")
    interval = option.get("interval")
    if interval is not None and (type(interval) is not int or interval < 1):
        mistakes.add(join(path, "interval"), "must be an integer above 0, or null")
    for part, problem_of in PARTS.items():
        if option.get(part) is None:
            continue
        at = join(path, part)
        fields = mistakes.read_object(option[part], at)
        if fields is None:
            continue
        if fields.get("edit_policy") not in (EDITABLE, LOCKED):
            mistakes.add(join(at, "edit_policy"), f"must be {LOCKED} or {EDITABLE}")
        problem = None if fields.get("default_value") is None else problem_of(fields["default_value"])
        if problem:
            mistakes.add(join(at, "default_value"), problem)


def read_choice(value: Json, path: str, mistakes: Mistakes) -> DigestChoice | None:
    """Return what a recipient chose, checked for shape; null means the default option."""
    if value is None:
        return None
    fields = mistakes.read_object(value, path, {"id", *PARTS})
    if fields is None:
        return None
    option_id = mistakes.read_name(fields.get("id"), join(path, "id"), MAX_CATEGORY_CHARS)
    parts = {part: fields[part] for part in PARTS if fields.get(part) is not None}
    for part, given in parts.items():
        problem = PARTS[part](given)
        if problem:
            mistakes.add(join(path, part), problem)
    return DigestChoice(option_id, **parts)


def check_choice(choice: DigestChoice, schedule: dict[str, Json] | None, path: str, mistakes: Mistakes) -> None:
    """Note as a mistake an option that the category does not offer, and a part that is not editable."""
    option = _find(schedule, choice.id)
    if option is None:
        mistakes.add(join(path, "id"), "is not a digest option of this category")
        return
    for part in choice.parts():
        if not _is_editable(option, part):
            mistakes.add(join(path, part), "cannot be changed, because this digest option does not make it editable")


def options_to_wire(schedule: dict[str, Json] | None, choice: DigestChoice | None) -> dict[str, Json] | None:
    """Return `digest_schedule_options`: what the recipient may choose from, with the recipient's values."""
    if schedule is None:
        return None
    chosen = _find(schedule, choice.id) if choice else None
    return {"options": [_option_to_wire(option, choice if option is chosen else None) for option in _options(schedule)]}


def active_to_wire(schedule: dict[str, Json] | None, choice: DigestChoice | None) -> dict[str, Json] | None:
    """Return `digest_schedule`: the option in force with plain values. That is the chosen, else the default option."""
    options = _options(schedule)
    if not options:
        return None
    chosen = _find(schedule, choice.id) if choice else None
    default = next((option for option in options if option.get("is_default") is True), options[0])
    option = _option_to_wire(default if chosen is None else chosen, None if chosen is None else choice)
    for part in PARTS:
        if part in option:
            value = option[part]["value"]
            option[part] = option[part].get("default_value") if value is None else value
    return option


def _option_to_wire(option: dict[str, Json], choice: DigestChoice | None) -> dict[str, Json]:
    changed = choice.parts() if choice else {}
    parts = {
        part: {**option[part], "value": changed.get(part) if _is_editable(option, part) else None}
        for part in PARTS
        if option.get(part) is not None
    }
    return {
        "id": option["id"],
        "label": option.get("label"),
        "frequency": option["frequency"],
        "interval": option.get("interval"),
        **parts,
        "is_default": option.get("is_default") is True,
        "is_user_selected": choice is not None,
    }


def _options(schedule: dict[str, Json] | None) -> list[dict[str, Json]]:
    options: list[dict[str, Json]] = (schedule or {}).get("options") or []
    return options


def _find(schedule: dict[str, Json] | None, option_id: str) -> dict[str, Json] | None:
    return next((option for option in _options(schedule) if option["id"] == option_id), None)


def _is_editable(option: dict[str, Json], part: str) -> bool:
    return (option.get(part) or {}).get("edit_policy") == EDITABLE
