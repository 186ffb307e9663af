"""Hypothesis strategies of preferences: categories, tenant settings, choices and the operations that make them."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from suprsend_hub.domain import tenant_categories
from suprsend_hub.domain.categories import Category
from suprsend_hub.domain.choices import NO_CHOICES, Reset, RestrictChannels, SetCategory, apply_all
from suprsend_hub.domain.digest import DigestChoice
from suprsend_hub.domain.evaluation import ChannelPolicy
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.tenant_categories import NO_OVERRIDES, SetOverride

SLUGS = ["news", "offers", "alerts"]
channels = st.sampled_from(Channel)
channel_sets = st.frozensets(channels)
channel_lists = st.none() | st.lists(channels, max_size=5).map(tuple)
preferences = st.sampled_from(Preference)
slugs = st.sampled_from(SLUGS)
digest_choices = st.builds(
    DigestChoice,
    st.sampled_from(["daily", "weekly", "gone"]),
    time=st.none() | st.sampled_from(["09:00", "18:30"]),
    weekdays=st.none() | st.just(["mo", "fr"]),
)
property_values = st.dictionaries(
    st.sampled_from(["threshold", "projects", "gone"]), st.none() | st.integers(0, 3) | st.just(["a"]), max_size=3
)


def given_or_not(values: st.SearchStrategy) -> st.SearchStrategy:
    """Not given, null, or a value: the three states of a field in an update."""
    return st.just(msgspec.UNSET) | st.none() | values


categories = st.builds(
    Category,
    category=slugs,
    name=st.just("News"),
    default_preference=preferences,
    default_mandatory_channels=channel_lists,
    default_opt_in_channels=channel_lists,
)
set_categories = st.builds(
    SetCategory,
    category=slugs,
    preference=st.none() | preferences,
    opt_in_channels=channel_lists,
    opt_out_channels=channel_lists,
    digest_schedule=given_or_not(digest_choices),
    properties=given_or_not(property_values),
)
restrictions = st.builds(RestrictChannels, st.dictionaries(channels, st.booleans(), max_size=4))
operations = set_categories | restrictions | st.builds(Reset, st.booleans(), st.booleans())
choices = st.lists(operations, max_size=6).map(lambda made: apply_all(NO_CHOICES, made))
overrides = st.builds(
    SetOverride,
    category=slugs,
    preference=given_or_not(preferences),
    enabled_for_tenant=st.just(msgspec.UNSET) | st.booleans(),
    visible_to_subscriber=st.just(msgspec.UNSET) | st.booleans(),
    mandatory_channels=given_or_not(channel_lists),
    opt_in_channels=given_or_not(channel_lists),
    blocked_channels=given_or_not(channel_lists),
    properties=given_or_not(property_values),
)


def _apply_overrides(made: list[SetOverride]) -> tenant_categories.TenantCategories:
    document = NO_OVERRIDES
    for operation in made:
        document = tenant_categories.apply(document, operation)
    return document


tenants = st.lists(overrides, max_size=4).map(_apply_overrides)
policies = st.builds(ChannelPolicy, active=channel_sets, blocked=channel_sets)
