"""Digest schedules and properties of categories: shape, what a recipient may change, and what is in force."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from suprsend_hub.domain.category_properties import (
    check_values,
    properties_to_wire,
    read_definitions,
    read_values,
)
from suprsend_hub.domain.digest import (
    DigestChoice,
    active_to_wire,
    check_choice,
    options_to_wire,
    read_choice,
    read_schedule,
)
from suprsend_hub.domain.mistakes import Mistakes

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts

SCHEDULE = {
    "options": [
        {"id": "now", "label": "Instantly", "frequency": "instantly", "is_default": True},
        {
            "id": "weekly",
            "label": "Weekly",
            "frequency": "weekly",
            "interval": 1,
            "time": {"edit_policy": "editable", "default_value": "09:00"},
            "weekdays": {"edit_policy": "locked", "default_value": ["mo"]},
        },
        {
            "id": "monthly",
            "frequency": "monthly",
            "monthdays": {"edit_policy": "editable", "default_value": [{"pos": -1, "day": "fr"}, {"pos": 31}]},
            "dtstart": {"edit_policy": "editable", "default_value": "2026-01-31T09:30:00Z"},
        },
    ]
}
DEFINITIONS = [
    {"key": "threshold", "label": "Above", "value_type": "integer", "default_value": 5, "edit_policy": "editable"},
    {"key": "projects", "value_type": "list_dynamic", "is_optional": True, "edit_policy": "editable"},
    {"key": "region", "value_type": "string_choice", "default_value": "eu", "edit_policy": "locked"},
]


def found(mistakes: Mistakes) -> list[str]:
    return [str(mistake) for mistake in mistakes.entries()]


def mistakes_in(reader, value) -> list[str]:
    mistakes = Mistakes()
    reader(value, "at", mistakes)
    return found(mistakes)


def with_option(**fields):
    schedule = copy.deepcopy(SCHEDULE)
    schedule["options"][1].update(fields)
    return schedule


def test_a_schedule_is_kept_as_sent():
    """Reading checks the shape and returns the very value; null stays null."""
    mistakes = Mistakes()
    assert read_schedule(SCHEDULE, "at", mistakes) is SCHEDULE
    assert read_schedule(None, "at", mistakes) is None
    assert read_schedule({}, "at", mistakes) == {}
    assert not mistakes


@pytest.mark.parametrize(
    ("schedule", "mistake"),
    [
        (5, "at: must be an object"),
        ({"options": {}}, "at.options: must be a list"),
        ({"options": [5]}, "at.options[0]: must be an object"),
        (with_option(id=""), "at.options[1].id: must be a non-empty string"),
        (with_option(id="now"), "at.options[1].id: is the id of an earlier option as well"),
        (with_option(is_default=True), "at.options: must have at most one option with is_default"),
        (with_option(interval=0), "at.options[1].interval: must be an integer above 0, or null"),
        (with_option(interval=True), "at.options[1].interval: must be an integer above 0, or null"),
        (with_option(label=5), "at.options[1].label: must be a string or null"),
        (with_option(time="09:00"), "at.options[1].time: must be an object"),
        (with_option(time={"edit_policy": "open"}), "at.options[1].time.edit_policy: must be locked or editable"),
        *(
            (
                with_option(time={"edit_policy": "locked", "default_value": time}),
                "at.options[1].time.default_value: must be a time such as 09:30",
            )
            for time in ("24:00", "9:00", "09:60", 9, "09:00\n")
        ),
        *(
            (
                with_option(weekdays={"edit_policy": "locked", "default_value": days}),
                "at.options[1].weekdays.default_value: must be a list of mo, tu, we, th, fr, sa, su",
            )
            for days in ([], ["monday"], "mo", [["mo"]])
        ),
        *(
            (
                with_option(monthdays={"edit_policy": "locked", "default_value": days}),
                (
                    "at.options[1].monthdays.default_value: "
                    'must be a list of {"pos": 1 to 31 or -1 to -31, "day": a weekday or left out}'
                ),
            )
            for days in (
                [],
                [{"pos": 0}],
                [{"pos": 32}],
                [{"pos": True}],
                [{"pos": 1, "day": []}],
                [{"pos": 1, "x": 1}],
            )
        ),
        *(
            (
                with_option(dtstart={"edit_policy": "locked", "default_value": moment}),
                "at.options[1].dtstart.default_value: must be a date and time such as 2026-01-31T09:30:00Z",
            )
            for moment in ("2026-01-31", "2026-02-30T00:00:00Z", "soon", 5)
        ),
        ({"options": [{"id": "\0", "frequency": "daily"}]}, "at: text must not contain a NUL character"),
    ],
)
def test_a_mistake_of_a_schedule_is_named(schedule, mistake):
    assert mistake in mistakes_in(read_schedule, schedule)


def test_frequencies_are_a_closed_set():
    assert mistakes_in(read_schedule, with_option(frequency="yearly")) == [
        "at.options[1].frequency: must be one of instantly, minutely, hourly, daily, weekly, weekly_mo2fr, monthly"
    ]


@given(any_json)
def test_any_json_is_read_as_details(value):
    """Hostile JSON is a mistake or a value that can be rendered, never an exception."""
    for reader in (read_schedule, read_choice, read_definitions, read_values):
        mistakes = Mistakes()
        result = reader(value, "at", mistakes)
        if not mistakes and reader is read_schedule:
            active_to_wire(options_to_wire(result, DigestChoice("x")), DigestChoice("x"))
        if not mistakes and reader is read_definitions:
            properties_to_wire(result, {}, {})


def test_the_default_option_is_in_force():
    """Nobody chose: the default option, or the first if none is the default, with plain default values."""
    assert active_to_wire(SCHEDULE, None) == {
        "id": "now", "label": "Instantly", "frequency": "instantly", "interval": None,
        "is_default": True, "is_user_selected": False,
    }  # fmt: skip
    without_default = {"options": SCHEDULE["options"][1:]}
    assert active_to_wire(without_default, None) == {
        "id": "weekly", "label": "Weekly", "frequency": "weekly", "interval": 1, "time": "09:00", "weekdays": ["mo"],
        "is_default": False, "is_user_selected": False,
    }  # fmt: skip
    assert active_to_wire(None, None) is None
    assert active_to_wire({"options": []}, DigestChoice("x")) is None
    assert options_to_wire(None, None) is None


def test_the_chosen_option_is_in_force():
    """The recipient's values count where they are editable; a locked part keeps its default."""
    choice = DigestChoice("weekly", time="18:30", weekdays=["fr"])
    active = active_to_wire(SCHEDULE, choice)
    assert (active["id"], active["time"], active["weekdays"]) == ("weekly", "18:30", ["mo"])
    assert active["is_user_selected"]
    shown = {option["id"]: option for option in options_to_wire(SCHEDULE, choice)["options"]}
    assert shown["weekly"]["time"] == {"edit_policy": "editable", "default_value": "09:00", "value": "18:30"}
    assert shown["weekly"]["weekdays"] == {"edit_policy": "locked", "default_value": ["mo"], "value": None}
    assert [option["is_user_selected"] for option in shown.values()] == [False, True, False]
    assert "value" not in SCHEDULE["options"][1]["time"]


def test_a_chosen_option_that_is_gone_counts_no_more():
    """The choice is kept elsewhere; here the default is in force."""
    assert active_to_wire(SCHEDULE, DigestChoice("yearly"))["id"] == "now"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, []),
        ({"id": "weekly", "time": "10:00"}, []),
        ({"id": "monthly", "monthdays": [{"pos": 1, "day": "mo"}], "dtstart": "2026-01-31T09:30:00+00:00"}, []),
        ({"id": "yearly"}, ["at.id: is not a digest option of this category"]),
        (
            {"id": "weekly", "weekdays": ["tu"]},
            ["at.weekdays: cannot be changed, because this digest option does not make it editable"],
        ),
        (
            {"id": "now", "time": "10:00"},
            ["at.time: cannot be changed, because this digest option does not make it editable"],
        ),
        ({"id": "weekly", "time": "25:00"}, ["at.time: must be a time such as 09:30"]),
        ({"id": "weekly", "hour": 5}, ["at.hour: is not a field that is known here; remove it"]),
        ({}, ["at.id: must be a non-empty string"]),
        ([], ["at: must be an object"]),
    ],
)
def test_what_may_be_chosen(body, expected):
    """A choice is checked for shape, and against the options: only editable parts may be given."""
    mistakes = Mistakes()
    choice = read_choice(body, "at", mistakes)
    if choice is not None and not mistakes:
        check_choice(choice, SCHEDULE, "at", mistakes)
    assert found(mistakes) == expected


def test_definitions_are_kept_as_sent():
    mistakes = Mistakes()
    assert read_definitions(DEFINITIONS, "at", mistakes) is DEFINITIONS
    assert read_definitions(None, "at", mistakes) is None
    assert not mistakes


@pytest.mark.parametrize(
    ("definitions", "mistake"),
    [
        ({}, "at: must be a list"),
        ([5], "at[0]: must be an object"),
        ([{"value_type": "string"}], "at[0].key: must be a non-empty string"),
        ([*DEFINITIONS, DEFINITIONS[0]], "at[3].key: is the key of an earlier property as well"),
        ([{"key": "a", "value_type": "string", "edit_policy": "x"}], "at[0].edit_policy: must be locked or editable"),
        ([{"key": "a", "value_type": "string", "is_optional": 1}], "at[0].is_optional: must be true, false or null"),
        ([{"key": "a", "value_type": "string", "label": 1}], "at[0].label: must be a string or null"),
        ([{"key": "a", "value_type": "integer", "default_value": True}], "at[0].default_value: must be an integer"),
        ([{"key": "a", "value_type": "string", "default_value": 5}], "at[0].default_value: must be a string"),
        (
            [{"key": "a", "value_type": "list_choice", "default_value": [5]}],
            "at[0].default_value: must be a list of at most 100 strings",
        ),
        (
            [{"key": "a", "value_type": "date"}],
            (
                "at[0].value_type: must be one of "
                "integer, string, string_choice, string_dynamic, list_choice, list_dynamic"
            ),
        ),
    ],
)
def test_a_mistake_of_a_definition_is_named(definitions, mistake):
    assert mistakes_in(read_definitions, definitions) == [mistake]


def test_values_come_by_key():
    """The later of two values of a key counts; a null value returns to the default."""
    mistakes = Mistakes()
    body = [{"key": "a", "value": 1}, {"key": "b", "value": None}, {"key": "a", "value": [2]}]
    assert read_values(body, "at", mistakes) == {"a": [2], "b": None}
    assert read_values(None, "at", mistakes) is None
    assert not mistakes
    assert mistakes_in(read_values, [{"key": "a", "extra": 1}]) == [
        "at[0].extra: is not a field that is known here; remove it"
    ]


@pytest.mark.parametrize(
    ("values", "of_recipient", "of_tenant"),
    [
        ({"threshold": 7, "projects": ["x"]}, [], []),
        ({"threshold": None}, [], []),
        ({"threshold": "7"}, ["at.threshold: must be an integer"], ["at.threshold: must be an integer"]),
        ({"threshold": 2**63}, ["at.threshold: must be an integer"], ["at.threshold: must be an integer"]),
        (
            {"projects": "x"},
            ["at.projects: must be a list of at most 100 strings"],
            ["at.projects: must be a list of at most 100 strings"],
        ),
        ({"gone": 1}, ["at.gone: is not a property of this category"], ["at.gone: is not a property of this category"]),
        ({"region": "us"}, ["at.region: cannot be changed, because the category does not make it editable"], []),
    ],
)
def test_what_values_may_be_set(values, of_recipient, of_tenant):
    """A value fits its type. Recipients change what is editable, tenants everything."""
    for only_editable, expected in ((True, of_recipient), (False, of_tenant)):
        mistakes = Mistakes()
        check_values(values, DEFINITIONS, "at", mistakes, only_editable=only_editable)
        assert found(mistakes) == expected


def test_values_in_force():
    """The recipient's value where it is editable and fits, else the tenant's, else the default."""
    shown = properties_to_wire(DEFINITIONS, {"threshold": 6, "region": "us"}, {"threshold": "x", "region": "asia"})
    assert [(p["key"], p["default_value"], p["value"], p["is_overridden"]) for p in shown] == [
        ("threshold", 6, 6, False),
        ("projects", None, None, False),
        ("region", "us", "us", False),
    ]
    shown = properties_to_wire(DEFINITIONS, {"threshold": 6}, {"threshold": 7, "projects": []})
    assert shown[0] == {
        "key": "threshold", "label": "Above", "value_type": "integer", "default_value": 6, "is_optional": False,
        "edit_policy": "editable", "is_overridden": True, "value": 7,
    }  # fmt: skip
    assert (shown[1]["value"], shown[1]["is_optional"], shown[1]["is_overridden"]) == ([], True, True)
    assert properties_to_wire(None, {}, {"a": 1}) is None
