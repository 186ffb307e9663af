"""What a sender is told agrees with what the recipient sees, for any choices, categories and tenants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.categories import Category, CategoryDocument, PlacedCategory, Section
from suprsend_hub.domain.choices import NO_CHOICES
from suprsend_hub.domain.evaluation import Rule
from suprsend_hub.domain.preference_terms import Channel, Preference, RootCategory
from suprsend_hub.domain.preference_views import Viewpoint, category_preference, full_preference
from suprsend_hub.domain.profile import Identity, Languages, decode_languages
from suprsend_hub.domain.resolution import NO_ADDRESS, Matter, resolution_to_wire, resolve

from ...preference_strategies import (  # noqa: TID252 - the absolute name depends on where pytest starts
    categories,
    channels,
    choices,
    policies,
    tenants,
)

_status = st.sampled_from(["active", "inactive"])
_perma_status = st.sampled_from(["active", "disabled"])
identities = st.builds(Identity, st.sampled_from(["a", "b"]), status=_status, perma_status=_perma_status)
addresses = st.dictionaries(channels.map(lambda channel: channel.key), st.lists(identities, max_size=3))
asked = st.lists(channels, min_size=1, unique=True)
NOBODY = Languages()


@given(categories, tenants, choices | st.just(NO_CHOICES), policies, addresses, asked)
def test_a_resolution_agrees_with_the_preferences_that_the_recipient_sees(
    category, tenant, chosen, policy, owned, wanted
):
    """A channel is used exactly if the full preference answer shows it as opted in and an address of it is active."""
    matter = Matter(category, tenant.find(category.category), policy, wanted)
    resolution = resolve(matter, chosen, owned, NOBODY)
    view = Viewpoint(chosen, tenant, policy)
    placed = PlacedCategory(RootCategory.SYSTEM, Section(categories=(category,)), category)
    shown = category_preference(placed, view, show_opt_out_channels=True)
    document = CategoryDocument({RootCategory.SYSTEM: (placed.section,)})
    sections = full_preference(document, view, show_opt_out_channels=True)["sections"]
    if tenant.find(category.category).visible_to_subscriber:
        assert sections[0]["subcategories"] == [shown]
    opted_in = {at["channel"] for at in shown["channels"] if at["preference"] == "opt_in"}
    assert [at.channel for at in resolution.channels] == wanted
    for at in resolution.channels:
        usable = [each for each in owned.get(at.channel.key, []) if (each.status, each.perma_status) == ("active",) * 2]
        assert at.send == (at.channel in opted_in and bool(usable))
        assert list(at.addresses) == (usable if at.send else [])
        assert (at.rule == NO_ADDRESS) == (at.channel in opted_in and not usable)
        assert at.rule == NO_ADDRESS or Rule(at.rule)
    assert resolution.send == any(at.send for at in resolution.channels)


@given(categories, tenants, choices, policies, addresses, asked)
def test_the_rule_of_the_whole_is_that_of_a_channel_or_of_the_category(category, tenant, chosen, policy, owned, wanted):
    """Yes has the rule of a channel that is used; no has that of the category, or of a channel that is not."""
    override = tenant.find(category.category)
    resolution = resolve(Matter(category, override, policy, wanted), chosen, owned, NOBODY)
    rules = {at.rule for at in resolution.channels if at.send == resolution.send}
    if not resolution.send:
        rules |= {Rule.CHOSEN, Rule.TENANT, Rule.DEFAULT, Rule.CATEGORY_DISABLED}
    assert resolution.rule in rules


@pytest.mark.parametrize(
    ("languages", "language", "timezone"),
    [
        (Languages(), None, "Asia/Tokyo"),
        (Languages("fr", "en_GB", "Europe/Paris"), "fr", "Europe/Paris"),
        (Languages(None, "EN_GB"), "en", "Asia/Tokyo"),
        (Languages(None, "es-AR"), "es", "Asia/Tokyo"),
    ],
)
def test_language_and_timezone_fall_back_on_locale_and_tenant(languages, language, timezone):
    matter = Matter(Category("news", "News", Preference.OPT_IN), timezone="Asia/Tokyo")
    wire = resolution_to_wire(resolve(matter, NO_CHOICES, {}, languages))
    assert (wire["language"], wire["timezone"]) == (language, timezone)
    assert [at["channel"] for at in wire["channels"]] == list(Channel)


def test_only_three_properties_are_read():
    """The others may be of any shape and size."""
    text = '{"name":[{"$locale":1}],"$timezone":"Europe/London","$locale":"en","n":1e400}'
    assert decode_languages(text) == Languages(None, "en", "Europe/London")
    within = Languages("fr", None, "Europe/Paris")
    assert within.over(Languages("en", "en_GB", None)) == Languages("fr", "en_GB", "Europe/Paris")
