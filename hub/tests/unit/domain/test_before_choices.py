"""The way back of choices: exact, and without what an edit left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.before import changed_part, rewind
from suprsend_hub.domain.before_choices import diff_choices, only_changed, rewind_choices
from suprsend_hub.domain.choices import (
    NO_CHOICES,
    Choices,
    Reset,
    RestrictChannels,
    SetCategory,
    apply_all,
    operation_to_json,
    to_text,
)
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.wire import PREFERENCE

channels = st.sampled_from(list(Channel))
set_category = st.builds(
    SetCategory,
    category=st.sampled_from(["news", "tips", "offers"]),
    preference=st.sampled_from([None, *Preference]),
    opt_in_channels=st.none() | st.lists(channels, max_size=3, unique=True).map(tuple),
    properties=st.none() | st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.integers(0, 2) | st.booleans()),
)
operations = st.lists(
    set_category
    | st.builds(RestrictChannels, restricted=st.dictionaries(channels, st.booleans(), max_size=3))
    | st.builds(Reset, categories=st.booleans(), channels=st.booleans()),
    max_size=5,
)
choices = operations.map(lambda each: apply_all(NO_CHOICES, each))


@given(choices, choices)
def test_the_way_back_leads_back(old: Choices, new: Choices):
    before = diff_choices(old, new)
    assert to_text(rewind_choices(new, before)) == to_text(old)
    assert bool(before) == (to_text(old) != to_text(new))


@given(choices, operations)
def test_a_fold_records_the_way_back_of_choices(old: Choices, edits: list):
    profile = Profile({"name": "Ada"}, {}, preferences=to_text(old))
    result = fold(profile, [{PREFERENCE: operation_to_json(each)} for each in edits], by_hub=True)
    assert result.profile.preferences == to_text(apply_all(old, edits))
    assert result.before is not None
    assert result.changed == (result.profile.preferences != profile.preferences) == bool(result.before)
    assert rewind(result.profile, result.before) == profile


def test_only_the_fields_that_differ_are_kept():
    """However large the properties of a category are, an edit of its preference does not repeat them."""
    large = {"a": "x" * 10_000, "b": 1}
    old = apply_all(
        NO_CHOICES, [SetCategory("news", Preference.OPT_IN, properties=large), SetCategory("tips", Preference.OPT_IN)]
    )
    new = apply_all(old, [SetCategory("news", Preference.OPT_OUT, properties={"b": True})])
    before = diff_choices(old, new)
    assert before == {"categories": {"news": {"preference": "opt_in", "properties": {"b": 1}}}}
    assert changed_part({PREFERENCE: before}).preferences == (
        '{"categories":{"news":{"preference":"opt_in","properties":{"b":1}}}}'
    )
    assert only_changed(new, before) == Choices(
        {"news": new.categories["news"].__class__(Preference.OPT_OUT, properties={"b": True})}
    )
