"""Preferences of users, objects and tenants through both SDKs. One script, run by each.

The categories are those of `categories/`, which the hub of these tests has from the beginning.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from suprsend import AsyncSuprsend, SuprsendValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNELS = ["email", "sms", "whatsapp", "androidpush", "iospush", "webpush", "inbox", "slack", "ms_teams"]


@pytest.fixture(params=["ours", "official", "asyncio"])
def run(request, answers_by) -> tuple[str, dict[str, Any]]:
    return answers_by(request.param, "preferences.py")


@pytest.fixture
def answers(run) -> dict[str, Any]:
    return run[1]


@pytest.fixture
def given(run) -> str:
    return run[0]


@pytest.fixture(params=["user", "object"])
def of(request, answers) -> Callable[[str], Any]:
    """The answers of the steps about a user, or about an object."""
    return lambda name: answers[f"{request.param}: {name}"]


def refused(code: int, message: str) -> dict[str, str]:
    return {"raised": "SuprsendAPIException", "text": f"[code: {code}] {message}"}


def on(category: dict[str, Any]) -> list[str]:
    return [each["channel"] for each in category["channels"] if each["preference"] == "opt_in"]


@pytest.mark.parametrize("part", ["users", "objects", "tenants"])
def test_each_part_of_the_script_ran_to_its_end(answers, part):
    assert answers[part] is None


def test_what_is_in_force_comes_by_section_and_channel(of):
    full = of("full")
    assert [section["name"] for section in full["sections"]] == ["Tasks", None]
    assert [each["category"] for each in full["sections"][0]["subcategories"]] == ["alerts", "tips"]
    assert full["channel_preferences"] == [{"channel": channel, "is_restricted": False} for channel in CHANNELS]
    assert [section["name"] for section in of("tagged")["sections"]] == ["Tasks"]
    assert of("full in Spanish")["sections"][1]["subcategories"][0]["name"] == "Noticias"


def test_a_choice_is_in_force_at_once_and_for_one_tenant(of):
    assert (of("default")["preference"], of("default")["original_preference"]) == ("opt_in", None)
    assert (of("opt out")["preference"], of("opt out")["channels"]) == ("opt_out", [])
    assert [each["channel"] for each in of("shown")["channels"]] == CHANNELS
    assert on(of("opt in")) == CHANNELS[1:]
    assert of("within a tenant")["preference"] == "opt_out"
    assert of("still") == of("opt in")


def test_a_restricted_channel_is_left_to_mandatory_notifications(of):
    expected = [{"channel": channel, "is_restricted": channel == "sms"} for channel in CHANNELS]
    assert of("restrict") == of("restrict within a tenant") == {"channel_preferences": expected}
    assert on(of("restricted")) == CHANNELS[2:]
    afterwards = of("full afterwards")
    assert afterwards["channel_preferences"] == expected
    assert on(afterwards["sections"][0]["subcategories"][0]) == [each for each in CHANNELS if each != "sms"]


def test_what_cannot_be_done_is_said_in_the_published_words(of, given):
    assert "'alerts' is mandatory" in of("mandatory")["text"]
    assert of("no body") == refused(400, "Request body must not be empty")
    assert of("unknown category") == refused(404, "category 'nothing' not found")
    assert of("blank category")["raised"] == "SuprsendValidationError"
    assert of("unknown tenant") == refused(404, f"tenant '{given}unknown' not found")
    assert of("unknown")["text"].endswith("not found")
    detail = json.loads(of("bad channel")["text"].removeprefix("[code: 400] "))
    assert list(detail) == ["channel_preferences[0].channel"]


def test_a_tenant_sets_defaults_for_its_recipients(answers, given):
    page = answers["tenant: list"]
    assert page["meta"] == {"count": 3, "limit": 2, "offset": 1}
    assert [each["category"] for each in page["results"]] == ["tips", "news"]
    assert answers["tenant: get"]["default_mandatory_channels"] == ["email"]
    updated = answers["tenant: update"]
    assert (updated["preference"], updated["blocked_channels"]) == ("opt_out", ["slack"])
    assert answers["tenant: in force"]["preference"] == "opt_out"
    assert answers["tenant: elsewhere"]["preference"] == "opt_in"
    assert answers["tenant: disable"]["enabled_for_tenant"] is False
    assert [each["category"] for each in answers["tenant: list enabled"]["results"]] == ["alerts", "tips"]
    assert answers["tenant: list all"]["meta"]["count"] == 3
    assert answers["tenant: unknown category"] == refused(404, "category 'nothing' not found")
    assert answers["tenant: unknown"] == refused(404, f"tenant '{given}unknown' not found")
    assert answers["tenant: blank"]["raised"] == "SuprsendValidationError"


def test_both_sdks_print_the_same(answers_by, comparable):
    ours, official, driven = (comparable(answers, given) for given, answers in (
        answers_by(sdk, "preferences.py") for sdk in ("ours", "official", "asyncio")
    ))  # fmt: skip
    assert ours == official
    assert ours == driven


@pytest.mark.anyio
async def test_the_asyncio_client_does_the_same(hub, prefix):
    restrict = {"channel_preferences": [{"channel": "sms", "is_restricted": True}]}
    async with AsyncSuprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as client:
        await client.tenants.upsert(f"{prefix}acme", {"tenant_name": "Acme"})
        await client.users.upsert(f"{prefix}ada")
        await client.objects.upsert("teams", f"{prefix}core")
        for api, recipient in ((client.users, (f"{prefix}ada",)), (client.objects, ("teams", f"{prefix}core"))):
            chosen = await api.update_category_preference(*recipient, "news", {"opt_in_channels": ["email", "sms"]})
            assert on(chosen) == ["email", "sms"]
            assert (await api.update_global_channels_preference(*recipient, restrict))["channel_preferences"][1] == {
                "channel": "sms",
                "is_restricted": True,
            }
            assert on(await api.get_category_preference(*recipient, "news")) == ["email"]
            full = await api.get_full_preference(*recipient)
            assert full["sections"][1]["subcategories"][0]["original_preference"] == "opt_in"
            with pytest.raises(SuprsendValidationError, match="missing category"):
                await api.get_category_preference(*recipient, "")
        setting = await client.tenants.update_preference_category(f"{prefix}acme", "news", {"preference": "opt_out"})
        assert await client.tenants.get_preference_category(f"{prefix}acme", "news") == setting
        page = await client.tenants.list_preference_categories(f"{prefix}acme", {"limit": 1})
        assert page["meta"]["count"] == 3
