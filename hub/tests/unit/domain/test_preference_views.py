"""The answers about preferences: exact shapes, what is shown, and pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from suprsend_hub.domain.categories import Category, CategoryDocument, Section
from suprsend_hub.domain.choices import NO_CHOICES, RestrictChannels, SetCategory, apply_all
from suprsend_hub.domain.evaluation import ChannelPolicy
from suprsend_hub.domain.preference_terms import Channel, Preference, RootCategory
from suprsend_hub.domain.preference_views import (
    Viewpoint,
    category_page,
    category_preference,
    channel_preferences,
    full_preference,
)
from suprsend_hub.domain.tag_filter import TagFilter
from suprsend_hub.domain.tenant_categories import NO_OVERRIDES, SetOverride, apply
from suprsend_hub.domain.tenant_views import tenant_category, tenant_category_page, tenant_preference

from ...preference_strategies import categories, choices, policies, tenants  # noqa: TID252 - the absolute name depends on where pytest starts

IN, OUT, FORCED = Preference
SCHEDULE = {"options": [{"id": "daily", "frequency": "daily"}]}
ALERTS = Category("alerts", "Alerts", FORCED, default_mandatory_channels=(Channel.EMAIL,), tags=("urgent",))
TASKS = Category("tasks", "Tasks", IN, "Your tasks", digest_schedule=SCHEDULE)
NEWS = Category("news", "News", OUT, properties=[{"key": "n", "value_type": "integer", "default_value": 1}])
OFFERS = Category("offers", "Offers", IN)
DOCUMENT = CategoryDocument(
    {
        RootCategory.SYSTEM: (Section("Security", "Stay safe", ("core",), (ALERTS,)),),
        RootCategory.TRANSACTIONAL: (Section(categories=(TASKS,)), Section("Empty")),
        RootCategory.PROMOTIONAL: (Section(categories=(NEWS,)), Section("Security", categories=(OFFERS,))),
    }
)
FEW = ChannelPolicy(active=frozenset({Channel.EMAIL, Channel.SMS, Channel.INBOX}), blocked=frozenset({Channel.INBOX}))
VIEW = Viewpoint(policy=FEW)
HIDDEN = apply(NO_OVERRIDES, SetOverride("tasks", visible_to_subscriber=False))
DISABLED = apply(NO_OVERRIDES, SetOverride("tasks", enabled_for_tenant=False))


def slugs(answer) -> list[str]:
    return [item["category"] for section in answer["sections"] for item in section["subcategories"]]


def test_a_category_in_full():
    """Every key of the contract, with the channels that are active, in one order; a blocked one is not editable."""
    assert category_preference(DOCUMENT.find("alerts"), VIEW) == {
        "name": "Alerts",
        "category": "alerts",
        "description": None,
        "original_preference": None,
        "preference": "opt_in",
        "is_editable": False,
        "channels": [
            {"channel": "email", "preference": "opt_in", "is_editable": False},
            {"channel": "sms", "preference": "opt_in", "is_editable": True},
            {"channel": "inbox", "preference": "opt_out", "is_editable": False},
        ],
        "tags": ["urgent"],
        "effective_tags": ["urgent", "core"],
        "digest_schedule_options": None,
        "digest_schedule": None,
        "properties": None,
    }


def test_digests_and_properties_are_shown():
    tasks = category_preference(DOCUMENT.find("tasks"), VIEW)
    assert tasks["digest_schedule_options"]["options"][0]["id"] == tasks["digest_schedule"]["id"] == "daily"
    [shown] = category_preference(DOCUMENT.find("news"), VIEW)["properties"]
    assert (shown["key"], shown["value"]) == ("n", 1)


def test_channels_of_an_opted_out_category_are_shown_on_request():
    """Without the request the list is empty; a category that is opted in shows its channels that are off anyway."""
    news = DOCUMENT.find("news")
    assert category_preference(news, VIEW)["channels"] == []
    shown = category_preference(news, VIEW, show_opt_out_channels=True)["channels"]
    assert [(at["channel"], at["preference"], at["is_editable"]) for at in shown] == [
        ("email", "opt_out", True),
        ("sms", "opt_out", True),
        ("inbox", "opt_out", False),
    ]
    chosen = Viewpoint(apply_all(NO_CHOICES, [SetCategory("news", IN, opt_out_channels=(Channel.SMS,))]))
    answer = category_preference(news, chosen)
    assert (answer["preference"], answer["original_preference"]) == ("opt_in", "opt_in")
    assert {"channel": "sms", "preference": "opt_out", "is_editable": True} in answer["channels"]


def test_the_full_preference():
    """Sections in the order of the document, those without a category left out, the nameless ones as one with nulls."""
    answer = full_preference(DOCUMENT, VIEW)
    heads = [{key: value for key, value in section.items() if key != "subcategories"} for section in answer["sections"]]
    assert heads == [
        {"name": "Security", "slug": "security", "description": "Stay safe", "tags": ["core"]},
        {"name": None, "slug": None, "description": None, "tags": None},
        {"name": "Security", "slug": "security", "description": None, "tags": None},
    ]
    assert slugs(answer) == ["alerts", "tasks", "news", "offers"]
    assert answer["sections"][1]["subcategories"][0] == category_preference(DOCUMENT.find("tasks"), VIEW)
    assert answer["channel_preferences"] == channel_preferences(VIEW)


def test_channel_preferences():
    """One entry for each active channel, false unless it was restricted; a restriction elsewhere is not shown."""
    chosen = apply_all(NO_CHOICES, [RestrictChannels({Channel.SMS: True, Channel.SLACK: True, Channel.EMAIL: False})])
    assert channel_preferences(Viewpoint(chosen, policy=FEW)) == [
        {"channel": "email", "is_restricted": False},
        {"channel": "sms", "is_restricted": True},
        {"channel": "inbox", "is_restricted": False},
    ]


def test_without_categories():
    """A workspace that defines none has channels only."""
    answer = full_preference(CategoryDocument(), Viewpoint())
    assert answer["sections"] == []
    assert [entry["channel"] for entry in answer["channel_preferences"]] == list(Channel)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("core", ["alerts"]), ({"exists": False}, ["tasks", "news", "offers"]), ("nothing", [])],
)
def test_tags_filter_by_effective_tags(expression, expected):
    """The tags of a section count for its categories, in the full answer and in pages alike."""
    tags = TagFilter(expression)
    assert slugs(full_preference(DOCUMENT, VIEW, tags=tags)) == expected
    page = category_page(DOCUMENT, VIEW, limit=10, offset=0, tags=tags)
    assert [item["category"] for item in page["results"]] == expected
    assert page["meta"]["count"] == len(expected)


def test_pages_together_are_the_full_answer():
    """Walking through pages shows every category once, in the order of the document, with the count of all."""
    pages = [category_page(DOCUMENT, VIEW, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [page["meta"] for page in pages] == [{"count": 4, "limit": 3, "offset": offset} for offset in (0, 3, 6)]
    assert [item["category"] for page in pages for item in page["results"]] == slugs(full_preference(DOCUMENT, VIEW))
    assert pages[2]["results"] == []
    [_, news] = category_page(DOCUMENT, VIEW, limit=2, offset=1, show_opt_out_channels=True)["results"]
    assert news["channels"]


def test_a_hidden_category_is_not_listed():
    """The tenant hides it from recipients; asked for by slug, it is answered."""
    view = Viewpoint(tenant=HIDDEN)
    assert slugs(full_preference(DOCUMENT, view)) == ["alerts", "news", "offers"]
    assert category_page(DOCUMENT, view, limit=9, offset=0)["meta"]["count"] == 3
    assert category_preference(DOCUMENT.find("tasks"), view)["preference"] == "opt_in"


def test_a_disabled_category_is_listed_as_off():
    view = Viewpoint(tenant=DISABLED)
    assert slugs(full_preference(DOCUMENT, view)) == ["alerts", "tasks", "news", "offers"]
    answer = category_preference(DOCUMENT.find("tasks"), view, show_opt_out_channels=True)
    assert (answer["preference"], answer["is_editable"]) == ("opt_out", False)
    assert not any(at["is_editable"] for at in answer["channels"])


def test_a_tenant_category_in_full():
    """The workspace's defaults next to what the tenant set, null where it set nothing; times as tenants have them."""
    moment = datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=1)))
    tenant = apply(
        NO_OVERRIDES,
        SetOverride(
            "alerts",
            preference=IN,
            enabled_for_tenant=False,
            opt_in_channels=(),
            blocked_channels=(Channel.SMS,),
            digest_schedule=SCHEDULE,
            updated_at=moment,
        ),
    )
    assert tenant_category(DOCUMENT.find("alerts"), tenant) == {
        "name": "Alerts",
        "category": "alerts",
        "description": None,
        "root_category": "system",
        "tags": ["urgent"],
        "effective_tags": ["urgent", "core"],
        "default_preference": "cant_unsubscribe",
        "default_mandatory_channels": ["email"],
        "default_opt_in_channels": None,
        "enabled_for_tenant": False,
        "visible_to_subscriber": True,
        "preference": "opt_in",
        "mandatory_channels": None,
        "opt_in_channels": [],
        "blocked_channels": ["sms"],
        "updated_at": "2026-01-31T09:00:00.000000Z",
        "digest_schedule": {"options": SCHEDULE["options"], "original_options": []},
        "properties": None,
    }
    untouched = tenant_category(DOCUMENT.find("news"), tenant)
    assert (untouched["preference"], untouched["updated_at"], untouched["digest_schedule"]) == (None, None, None)


def test_a_tenants_properties_are_overridden_although_locked():
    tenant = apply(NO_OVERRIDES, SetOverride("news", properties={"n": 2}, updated_at=datetime(2026, 1, 1, tzinfo=UTC)))
    [shown] = tenant_category(DOCUMENT.find("news"), tenant)["properties"]
    assert (shown["default_value"], shown["value"], shown["is_overridden"]) == (1, 2, True)
    [shown] = category_preference(DOCUMENT.find("news"), Viewpoint(tenant=tenant))["properties"]
    assert (shown["default_value"], shown["value"], shown["is_overridden"]) == (2, 2, False)


def test_a_tenant_preference_is_grouped():
    """All three root categories with their sections, also empty ones; the items leave out what the group says."""
    answer = tenant_preference(DOCUMENT, DISABLED)
    shape = [
        (root["root_category"], [(s["slug"], [item["category"] for item in s["categories"]]) for s in root["sections"]])
        for root in answer["root_categories"]
    ]
    assert shape == [
        ("system", [("security", ["alerts"])]),
        ("transactional", [(None, ["tasks"]), ("empty", [])]),
        ("promotional", [(None, ["news"]), ("security", ["offers"])]),
    ]
    assert "root_category" not in answer["root_categories"][0]["sections"][0]["categories"][0]


def test_pages_of_a_tenant():
    """Disabled categories are listed on request only; tags and offsets as for recipients."""
    page = tenant_category_page(DOCUMENT, DISABLED, limit=2, offset=1)
    assert page["meta"] == {"count": 3, "limit": 2, "offset": 1}
    assert [item["category"] for item in page["results"]] == ["news", "offers"]
    page = tenant_category_page(
        DOCUMENT, DISABLED, limit=10, offset=0, include_disabled=True, tags=TagFilter({"not": "core"})
    )
    assert [item["category"] for item in page["results"]] == ["tasks", "news", "offers"]


@given(categories, tenants, choices, policies)
def test_any_state_is_rendered_as_plain_json(category, tenant, chosen, policy):
    """Whatever was stored, the answers are the same JSON through any encoder."""
    document = CategoryDocument({RootCategory.PROMOTIONAL: (Section(categories=(category,)),)})
    view = Viewpoint(chosen, tenant, policy)
    for answer in (full_preference(document, view, show_opt_out_channels=True), tenant_preference(document, tenant)):
        assert json.loads(json.dumps(answer)) == msgspec.json.decode(msgspec.json.encode(answer)) == answer
