"""The preference vectors of the contract: bodies of tenants and recipients in, the decision for every channel out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from suprsend_hub.api.bodies.categories import parse_categories
from suprsend_hub.api.bodies.preferences import parse_full_update, parse_tenant_update
from suprsend_hub.api.bodies.refusals import invalid_fields
from suprsend_hub.domain import tenant_categories
from suprsend_hub.domain.choice_rules import check_operations
from suprsend_hub.domain.choices import NO_CHOICES, Choices, apply_all
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.evaluation import ChannelPolicy, Rule, evaluate
from suprsend_hub.domain.preference_terms import ALL_CHANNELS, Channel
from suprsend_hub.domain.tenant_categories import NO_OVERRIDES, TenantCategories

VECTORS = json.loads((Path(__file__).parents[3] / "contract" / "vectors" / "preferences.json").read_text())
SLUG = "news"


def _document(case: dict):
    category = {"category": SLUG, "name": "News", **case.get("category", {"default_preference": "opt_in"})}
    roots = [{"root_category": "transactional", "sections": [{"name": None, "categories": [category]}]}]
    return parse_categories({"root_categories": roots})


def _tenant(case: dict) -> TenantCategories:
    if "tenant" not in case:
        return NO_OVERRIDES
    return tenant_categories.apply(NO_OVERRIDES, parse_tenant_update(SLUG, case["tenant"]))


def _choices(case: dict) -> Choices:
    return apply_all(NO_CHOICES, parse_full_update(case["update"])) if "update" in case else NO_CHOICES


@pytest.mark.parametrize("case", VECTORS["evaluation"], ids=lambda case: case["name"])
def test_evaluation(case):
    """The category and each of its channels get the preference, the editability and the deciding rule of the vector."""
    policy = ChannelPolicy(
        active=frozenset(map(Channel, case.get("active_channels", ALL_CHANNELS))),
        blocked=frozenset(map(Channel, case.get("blocked_channels", ()))),
    )
    verdict = evaluate(_document(case).find(SLUG).category, _tenant(case).find(SLUG), _choices(case), policy)
    found = {
        "preference": verdict.preference,
        "original_preference": verdict.original,
        "is_editable": verdict.is_editable,
        "rule": verdict.rule,
        "channels": {
            at.channel: {"preference": at.preference, "is_editable": at.is_editable, "rule": at.rule}
            for at in verdict.channels
        },
    }
    expected = case["expect"]
    rest = expected["channels"].get("*")
    assert found == {
        **expected,
        "channels": {channel: expected["channels"].get(channel, rest) for channel in Channel},
    }


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_refused(case):
    """The update is refused with exactly the detail of the vector, by its shape or by the category."""
    try:
        mistakes = check_operations(parse_full_update(case["update"]), _document(case), _tenant(case))
        error = invalid_fields(mistakes)
    except InvalidRequest as problem:
        error = problem
    assert error.detail == case["detail"]
    assert json.loads(error.message) == case["detail"]


def test_every_rule_decides_somewhere():
    """The truth table has a case for every rule, both documented and ours; an empty file would prove nothing."""
    channels = [at for case in VECTORS["evaluation"] for at in case["expect"]["channels"].values()]
    assert {at["rule"] for at in channels} == set(Rule)
    assert len(VECTORS["evaluation"]) >= 60
