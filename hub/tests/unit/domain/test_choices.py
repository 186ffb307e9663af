"""Choices of recipients: the algebra of their operations, and their storage form."""

from __future__ import annotations

import timeit

import msgspec
import pytest
from hypothesis import assume, given
from suprsend_hub.domain.choices import (
    NO_CHOICES,
    CategoryChoice,
    Choices,
    Reset,
    RestrictChannels,
    SetCategory,
    apply,
    apply_all,
    decode,
    encode,
    merge,
    operation_from_json,
    operation_to_json,
)
from suprsend_hub.domain.digest import DigestChoice
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.wire import PREFERENCE
from suprsend_hub.domain.work import CHOICE_BYTES_PER_UNIT, UNITS_PER_CHOICE

from ...preference_strategies import choices, operations, restrictions, set_categories  # noqa: TID252 - the absolute name depends on where pytest starts

IN, OUT = Preference.OPT_IN, Preference.OPT_OUT
EMAIL, SMS, INBOX = Channel.EMAIL, Channel.SMS, Channel.INBOX


@given(choices, operations)
def test_twice_equals_once(stored, operation):
    """Applying the same operation again changes nothing, so a resend is harmless even without deduplication."""
    once = apply(stored, operation)
    assert encode(apply(once, operation)) == encode(once)


@given(choices)
def test_reset_equals_never_chosen(stored):
    """Whatever was chosen, a reset leaves the document of a recipient who never chose."""
    assert apply(stored, Reset()) == NO_CHOICES
    assert encode(apply(stored, Reset())) == encode(NO_CHOICES) == "{}"


@given(choices)
def test_a_partial_reset_leaves_the_other_half(stored):
    """Categories and channels are reset independently, and the two halves together are the whole reset."""
    assert apply(stored, Reset(categories=True, channels=False)) == Choices({}, stored.restricted)
    assert apply(stored, Reset(categories=False, channels=True)) == Choices(stored.categories, {})
    assert apply(stored, Reset(categories=False, channels=False)) == stored


@given(choices, set_categories, set_categories)
def test_different_categories_commute(stored, one, other):
    """Two updates of different categories give the same stored text in either order."""
    assume(one.category != other.category)
    assert encode(apply_all(stored, [one, other])) == encode(apply_all(stored, [other, one]))


@given(choices, set_categories, restrictions)
def test_categories_and_channels_commute(stored, category, restriction):
    """An update of a category and one of channels give the same stored text in either order."""
    assert encode(apply_all(stored, [category, restriction])) == encode(apply_all(stored, [restriction, category]))


@given(choices, operations)
def test_the_input_is_not_changed(stored, operation):
    """The document before an operation stays as it was, because folds share its parts."""
    before = encode(stored)
    apply(stored, operation)
    assert encode(stored) == before


@given(choices, operations)
def test_only_what_was_chosen_is_stored(stored, operation):
    """No category has an empty entry, no choice has both lists of channels, and none has one without opt_in."""
    for choice in apply(stored, operation).categories.values():
        assert choice != CategoryChoice()
        lists = [channels for channels in (choice.opt_in_channels, choice.opt_out_channels) if channels is not None]
        assert len(lists) <= (1 if choice.preference is IN else 0)


@given(choices)
def test_storage_round_trip(stored):
    """Decoding what was encoded gives the same choices and the same text."""
    again = decode(encode(stored))
    assert again == stored
    assert encode(again) == encode(stored)


@given(operations)
def test_operations_round_trip(operation):
    """An operation survives the history: through JSON text and back, what is unset stays apart from null."""
    text = msgspec.json.encode(operation_to_json(operation))
    assert operation_from_json(msgspec.json.decode(text)) == operation


@given(choices, choices)
def test_merge_keeps_the_primary(primary, secondary):
    """After a merge every choice of the primary holds, and the secondary's fill what the primary never chose."""
    merged = merge(primary, secondary)
    assert merged.categories == {**secondary.categories, **primary.categories}
    assert merged.restricted == {**secondary.restricted, **primary.restricted}
    assert merge(primary, NO_CHOICES) == primary
    assert merge(NO_CHOICES, secondary) == secondary


def test_a_new_preference_replaces_the_channels():
    """As documented, an update of a category overwrites its preference together with its channels."""
    stored = apply(NO_CHOICES, SetCategory("news", IN, opt_out_channels=(SMS,)))
    assert apply(stored, SetCategory("news", IN)).categories == {"news": CategoryChoice(IN)}
    assert apply(stored, SetCategory("news", OUT)).categories == {"news": CategoryChoice(OUT)}
    back = apply_all(stored, [SetCategory("news", OUT), SetCategory("news", IN)])
    assert back.categories == {"news": CategoryChoice(IN)}


def test_what_an_update_does_not_name_stays():
    """A digest schedule or property alone leaves preference and channels, and the other way round."""
    stored = apply(NO_CHOICES, SetCategory("news", IN, opt_in_channels=(SMS, EMAIL)))
    stored = apply(stored, SetCategory("news", digest_schedule=DigestChoice("daily"), properties={"a": 1, "b": 2}))
    stored = apply(stored, SetCategory("news", properties={"a": None, "c": 3}))
    assert stored.categories["news"] == CategoryChoice(
        IN, (EMAIL, SMS), digest_schedule=DigestChoice("daily"), properties={"b": 2, "c": 3}
    )
    stored = apply(stored, SetCategory("news", OUT))
    assert stored.categories["news"].digest_schedule == DigestChoice("daily")
    stored = apply(stored, SetCategory("news", digest_schedule=None, properties=None))
    assert stored.categories == {"news": CategoryChoice(OUT)}


def test_returning_to_the_defaults_leaves_no_entry():
    """A category whose only choice was a digest schedule is forgotten with it."""
    stored = apply(NO_CHOICES, SetCategory("news", digest_schedule=DigestChoice("daily")))
    assert apply(stored, SetCategory("news", digest_schedule=None)) == NO_CHOICES


def test_channels_are_stored_in_one_order():
    """The same channels in another order, or named twice, are the same choice."""
    one = apply(NO_CHOICES, SetCategory("news", IN, opt_out_channels=(INBOX, EMAIL, INBOX)))
    other = apply(NO_CHOICES, SetCategory("news", IN, opt_out_channels=(EMAIL, INBOX)))
    assert encode(one) == encode(other)


def test_restrictions_that_are_not_named_stay():
    stored = apply_all(NO_CHOICES, [RestrictChannels({EMAIL: True, SMS: True}), RestrictChannels({SMS: False})])
    assert stored.restricted == {EMAIL: True, SMS: False}


@pytest.mark.parametrize(
    "text", ["[]", '{"categories": {"news": {"preference": "maybe"}}}', '{"restricted": {"fax": true}}']
)
def test_a_damaged_row_is_an_error(text):
    """A stored text that `encode` cannot have written is not taken for choices."""
    with pytest.raises(msgspec.ValidationError):
        decode(text)


def _seconds(size: int) -> float:
    """Time of choosing for as many categories as are chosen already, the best of some rounds."""
    edits = [SetCategory(f"category-{number}", OUT) for number in range(size)]
    stored = apply_all(NO_CHOICES, edits)
    return min(timeit.repeat(lambda: apply_all(stored, edits), number=1, repeat=7))


def test_the_time_of_an_update_grows_with_its_categories_and_not_with_their_square():
    """A factor of ten in size is one of ten in time; a hundred would stop everybody else for a bulk update."""
    assert _seconds(1000) < 40 * _seconds(100)


def test_choices_count_as_work_so_that_others_get_their_turns():
    edits = [{PREFERENCE: operation_to_json(SetCategory(f"category-{number}", OUT))} for number in range(100)]
    first = fold(None, edits, by_hub=True)
    assert first.work == 100 * UNITS_PER_CHOICE
    again = fold(first.profile, edits[:1], by_hub=True)
    assert again.work == UNITS_PER_CHOICE + len(first.profile.preferences) // CHOICE_BYTES_PER_UNIT
