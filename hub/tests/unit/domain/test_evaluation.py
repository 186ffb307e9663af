"""Evaluation for any input; `test_preference_vectors` has the truth table."""

from __future__ import annotations

from hypothesis import given
from suprsend_hub.domain.choices import CategoryChoice, Choices, Reset, SetCategory, apply
from suprsend_hub.domain.digest import DigestChoice
from suprsend_hub.domain.evaluation import OPEN, Rule, effective_defaults, evaluate
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.tenant_categories import NO_OVERRIDE

from ...preference_strategies import (  # noqa: TID252 - the absolute name depends on where pytest starts
    SLUGS,
    categories,
    channel_sets,
    channels,
    choices,
    policies,
    preferences,
    tenants,
)

IN, OUT = Preference.OPT_IN, Preference.OPT_OUT


@given(categories, tenants, choices, policies)
def test_total(category, tenant, chosen, policy):
    """Any input gives an answer for the category and, once and in order, for every channel."""
    verdict = evaluate(category, tenant.find(category.category), chosen, policy)
    assert verdict.preference in (IN, OUT)
    assert [at.channel for at in verdict.channels] == list(Channel)
    assert all(at.preference in (IN, OUT) and verdict.on(at.channel) is at for at in verdict.channels)


@given(categories, tenants, choices, policies)
def test_blocked_beats_everything(category, tenant, chosen, policy):
    """A channel that the workspace or the tenant does not allow is off and not editable, mandatory or chosen."""
    override = tenant.find(category.category)
    forbidden = policy.blocked | frozenset(override.blocked_channels or ()) | (frozenset(Channel) - policy.active)
    for at in evaluate(category, override, chosen, policy).channels:
        if at.channel in forbidden or not override.enabled_for_tenant:
            assert not at.is_on
            assert not at.is_editable
            assert at.rule in (Rule.CHANNEL_INACTIVE, Rule.CHANNEL_BLOCKED, Rule.CATEGORY_DISABLED)
        else:
            assert at.rule not in (Rule.CHANNEL_INACTIVE, Rule.CHANNEL_BLOCKED, Rule.CATEGORY_DISABLED)


@given(categories, tenants, choices, policies)
def test_mandatory_beats_chosen(category, tenant, chosen, policy):
    """A mandatory channel that is not blocked is on and not editable, whatever the recipient chose or restricted."""
    override = tenant.find(category.category)
    mandatory = effective_defaults(category, override).mandatory
    verdict = evaluate(category, override, chosen, policy)
    blocked = (Rule.CHANNEL_INACTIVE, Rule.CHANNEL_BLOCKED, Rule.CATEGORY_DISABLED)
    for at in verdict.channels:
        assert (at.rule is Rule.MANDATORY) == (at.channel in mandatory and at.rule not in blocked)
        if at.rule is Rule.MANDATORY:
            assert at.is_on
            assert not at.is_editable


@given(categories, tenants, choices)
def test_chosen_beats_defaults(category, tenant, chosen):
    """Where nothing is blocked or mandatory, the recipient's preference is the preference in force."""
    override = tenant.find(category.category)
    verdict = evaluate(category, override, chosen)
    choice = chosen.categories.get(category.category, CategoryChoice())
    if verdict.is_editable and choice.preference is not None:
        assert verdict.rule is Rule.CHOSEN
        assert (verdict.preference is OUT) == (choice.preference is OUT)
    if verdict.rule in (Rule.TENANT, Rule.DEFAULT):
        assert choice.preference is None


@given(categories, tenants, choices, policies)
def test_reset_equals_never_chosen(category, tenant, chosen, policy):
    """After a reset the answer is that for a recipient who never chose."""
    override = tenant.find(category.category)
    assert evaluate(category, override, apply(chosen, Reset()), policy) == evaluate(category, override, policy=policy)


@given(categories, tenants, choices, policies, preferences)
def test_choices_for_other_categories_do_not_matter(category, tenant, chosen, policy, preference):
    """The answer for a category depends on choices for that category and for channels only."""
    override = tenant.find(category.category)
    for slug in SLUGS:
        if slug != category.category:
            changed = apply(chosen, SetCategory(slug, preference))
            assert evaluate(category, override, changed, policy) == evaluate(category, override, chosen, policy)


@given(categories, tenants, choices, policies, channels)
def test_an_editable_channel_can_be_turned_off(category, tenant, chosen, policy, channel):
    """What is shown as editable is: opting a channel out turns it off, unless the category is opted out already."""
    override = tenant.find(category.category)
    at = evaluate(category, override, chosen, policy).on(channel)
    if at.is_editable:
        changed = apply(chosen, SetCategory(category.category, IN, opt_out_channels=(channel,)))
        assert not evaluate(category, override, changed, policy).on(channel).is_on
    else:
        for preference in (IN, OUT):
            changed = apply(chosen, SetCategory(category.category, preference))
            assert evaluate(category, override, changed, policy).on(channel) == at


@given(categories, choices)
def test_channels_follow_their_category(category, chosen):
    """In an opted-out category no channel is on."""
    verdict = evaluate(category, NO_OVERRIDE, chosen, OPEN)
    if verdict.preference is OUT:
        assert not any(at.is_on for at in verdict.channels)


@given(categories, tenants, policies)
def test_a_digest_choice_decides_nothing(category, tenant, policy):
    """Digest schedules and properties never change what is on."""
    chosen = Choices({category.category: CategoryChoice(digest_schedule=DigestChoice("x"), properties={"a": 1})})
    override = tenant.find(category.category)
    assert evaluate(category, override, chosen, policy) == evaluate(category, override, policy=policy)


@given(categories, tenants, choices, policies, channel_sets)
def test_some_channels_are_decided_like_all(category, tenant, chosen, policy, wanted):
    """Asking for some channels gives the same answers as asking for all."""
    override = tenant.find(category.category)
    verdict = evaluate(category, override, chosen, policy)
    some = evaluate(category, override, chosen, policy, tuple(wanted))
    assert set(some.channels) == {at for at in verdict.channels if at.channel in wanted}
    assert (some.preference, some.rule) == (verdict.preference, verdict.rule)
