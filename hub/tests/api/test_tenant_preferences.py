"""What tenants set for categories over HTTP: settings, what they do to recipients, the deprecated paths, races."""

import asyncio

import pytest
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .categories import CHANNELS, DOCUMENT, USER, choose, on, put_into_force, read
from .support import ApiClient, assert_error, encode

pytestmark = pytest.mark.anyio

ACME = "/v1/tenant/acme/"
LIST = f"{ACME}preference/category/"
PREFERENCE = f"{USER}preference/"
WITHIN = "?tenant_id=acme"


async def override(client: ApiClient, slug: str, body: object, tenant: str = ACME) -> dict:
    answer = await client.patch(f"{tenant}preference/category/{slug}/", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def slugs(client: ApiClient, target: str) -> list[str]:
    return [each["category"] for each in (await client.get(target)).json()["results"]]


async def test_a_tenant_starts_with_the_defaults_of_the_workspace(chooser: ApiClient) -> None:
    """One item alone, on pages with its root category, and grouped without it."""
    item = (await chooser.get(f"{LIST}security/")).json()
    assert item == {
        "name": "Security", "category": "security", "description": None, "root_category": "system",
        "tags": None, "effective_tags": None, "default_preference": "cant_unsubscribe",
        "default_mandatory_channels": ["email"], "default_opt_in_channels": None, "enabled_for_tenant": True,
        "visible_to_subscriber": True, "preference": None, "mandatory_channels": None, "opt_in_channels": None,
        "blocked_channels": None, "updated_at": None, "digest_schedule": None, "properties": None,
    }  # fmt: skip
    page = (await chooser.get(f"{LIST}?limit=2&offset=1")).json()
    assert page["meta"] == {"count": 5, "limit": 2, "offset": 1}
    assert [each["category"] for each in page["results"]] == ["mentions", "summary"]
    assert (await chooser.get(f"{LIST}?limit=1")).json()["results"] == [item]
    grouped = (await chooser.get(f"{ACME}preference/")).json()["root_categories"]
    assert [each["root_category"] for each in grouped] == ["system", "transactional", "promotional"]
    del item["root_category"]
    assert grouped[0]["sections"] == [
        {"name": None, "slug": None, "description": None, "tags": None, "categories": [item]}
    ]
    assert grouped[1]["sections"][0]["slug"] == "tasks"
    assert await slugs(chooser, f"{LIST}?tags=work") == ["mentions", "summary"]


async def test_settings_change_one_by_one_and_null_channels_leave_them(chooser: ApiClient) -> None:
    """The Go SDK sends null for lists that its caller did not set."""
    first = await override(chooser, "news", {"preference": "opt_out", "blocked_channels": ["sms"]})
    assert (first["preference"], first["blocked_channels"], first["opt_in_channels"]) == ("opt_out", ["sms"], None)
    assert first["updated_at"].endswith("Z")
    second = await override(
        chooser,
        "news",
        {"opt_in_channels": ["slack", "email"], "blocked_channels": None, "visible_to_subscriber": False},
    )
    assert (second["preference"], second["blocked_channels"], second["opt_in_channels"]) == (
        "opt_out", ["sms"], ["email", "slack"],
    )  # fmt: skip
    assert second["updated_at"] > first["updated_at"]
    assert (await chooser.get(f"{LIST}news/")).json() == second
    third = await override(chooser, "news", {"preference": None, "blocked_channels": []})
    assert (third["preference"], third["opt_in_channels"], third["blocked_channels"]) == (None, None, [])
    assert third["visible_to_subscriber"] is False


async def test_what_a_tenant_sets_decides_for_its_recipients_only(chooser: ApiClient) -> None:
    """Default, channels, blocked ones; a choice beats the default, and a blocked channel beats a choice."""
    await override(chooser, "news", {"preference": "opt_out"})
    found = await read(chooser, PREFERENCE, "news", WITHIN)
    assert (found["preference"], found["original_preference"], found["is_editable"]) == ("opt_out", None, True)
    assert (await read(chooser, PREFERENCE, "news"))["preference"] == "opt_in"
    await override(chooser, "news", {"opt_in_channels": ["slack"]})
    chosen = await choose(chooser, PREFERENCE, "news", {"preference": "opt_in"}, WITHIN)
    assert on(chosen) == ["slack"]
    await override(chooser, "news", {"blocked_channels": ["email"]})
    chosen = await choose(chooser, PREFERENCE, "news", {"opt_in_channels": ["email", "sms"]}, WITHIN)
    assert on(chosen) == ["sms"]
    assert [each["channel"] for each in chosen["channels"] if not each["is_editable"]] == ["email"]
    await override(chooser, "news", {"preference": "cant_unsubscribe", "mandatory_channels": ["whatsapp"]})
    found = await read(chooser, PREFERENCE, "news", WITHIN)
    assert (on(found), found["is_editable"]) == (["sms", "whatsapp"], False)
    refused = await chooser.patch(f"{PREFERENCE}category/news/{WITHIN}", {"preference": "opt_out"})
    assert_error(refused, 400, "preference_not_editable")
    assert (await choose(chooser, PREFERENCE, "news", {"preference": "opt_out"}))["preference"] == "opt_out"


async def test_a_tenant_blocks_channels_for_every_category(chooser: ApiClient) -> None:
    """Mandatory ones too: blocked beats mandatory."""
    await chooser.post(ACME, {"blocked_channels": ["email", "inbox"]})
    for slug in ("security", "mentions"):
        found = await read(chooser, PREFERENCE, slug, WITHIN)
        assert not {"email", "inbox"} & set(on(found))
        assert {each["channel"] for each in found["channels"] if not each["is_editable"]} == {"email", "inbox"}
    assert "email" in on(await read(chooser, PREFERENCE, "security"))


async def test_the_tenant_default_sets_what_holds_without_a_tenant(chooser: ApiClient) -> None:
    await override(chooser, "news", {"preference": "opt_out"}, "/v1/tenant/default/")
    assert (await read(chooser, PREFERENCE, "news"))["preference"] == "opt_out"
    assert (await read(chooser, PREFERENCE, "news", "?tenant_id=default"))["preference"] == "opt_out"
    assert (await read(chooser, PREFERENCE, "news", WITHIN))["preference"] == "opt_in"
    await chooser.post("/v1/tenant/default/", {"blocked_channels": ["email"]})
    assert on(await read(chooser, PREFERENCE, "security")) == CHANNELS[1:]


async def test_disabled_and_hidden_categories(chooser: ApiClient) -> None:
    """A disabled category is off and not editable, and left out of the tenant's page; a hidden one is not listed."""
    await override(chooser, "news", {"enabled_for_tenant": False})
    found = await read(chooser, PREFERENCE, "news", f"{WITHIN}&show_opt_out_channels=true")
    assert (found["preference"], found["is_editable"], on(found)) == ("opt_out", False, [])
    assert "news" not in await slugs(chooser, LIST)
    assert "news" in await slugs(chooser, f"{LIST}?include_disabled=true")
    await override(chooser, "mentions", {"visible_to_subscriber": False})
    listed = await slugs(chooser, f"{PREFERENCE}category/{WITHIN}")
    assert ("mentions" in listed, "news" in listed) == (False, True)
    assert "mentions" in await slugs(chooser, f"{PREFERENCE}category/")
    assert (await read(chooser, PREFERENCE, "mentions", WITHIN))["preference"] == "opt_in"


async def test_a_tenant_sets_digest_options_and_property_values(chooser: ApiClient) -> None:
    options = [{"id": "monthly", "frequency": "monthly", "is_default": True}]
    body = {
        "digest_schedule": {"options": options},
        "properties": [{"key": "limit", "value": 7}, {"key": "style", "value": "plain"}],
    }
    item = await override(chooser, "summary", body)
    assert [each["id"] for each in item["digest_schedule"]["options"]] == ["monthly"]
    assert [each["id"] for each in item["digest_schedule"]["original_options"]] == ["daily", "weekly"]
    assert [each["value"] for each in item["properties"]] == [7, "plain", None], (
        "a tenant may set what recipients may not"
    )
    found = await read(chooser, PREFERENCE, "summary", WITHIN)
    assert found["digest_schedule"]["id"] == "monthly"
    assert [(each["default_value"], each["value"], each["is_overridden"]) for each in found["properties"]] == [
        (7, 7, False), ("plain", "plain", False), (None, None, False),
    ]  # fmt: skip
    assert (await read(chooser, PREFERENCE, "summary"))["digest_schedule"]["id"] == "daily"
    back = await override(chooser, "summary", {"digest_schedule": None, "properties": None})
    assert ([each["id"] for each in back["digest_schedule"]["options"]], back["properties"][0]["value"]) == (
        ["daily", "weekly"], 5,
    )  # fmt: skip


async def test_every_mistake_is_named_and_nothing_is_set(chooser: ApiClient) -> None:
    before = (await chooser.get(f"{LIST}summary/")).json()
    wrong = {
        "preference": "maybe", "blocked_channels": ["fax"], "opt_in_channels": "sms", "enabled_for_tenant": "yes",
        "digest_schedule": {"options": [{"id": "", "frequency": "daily"}]}, "properties": [{"key": ""}],
    }  # fmt: skip
    error = assert_error(await chooser.patch(f"{LIST}summary/", wrong), 400, "invalid_value")
    assert set(error["detail"]) == {
        "preference", "blocked_channels[0]", "opt_in_channels", "enabled_for_tenant", "digest_schedule.options[0].id",
        "properties[0].key",
    }  # fmt: skip
    bad_property = {
        "preference": "opt_out",
        "properties": [{"key": "limit", "value": "x"}, {"key": "colour", "value": 1}],
    }
    error = assert_error(await chooser.patch(f"{LIST}summary/", bad_property), 400, "preference_not_editable")
    assert set(error["detail"]) == {"properties.limit", "properties.colour"}
    for body in (b"", b"{}", b"null"):
        assert_error(await chooser.request("PATCH", f"{LIST}summary/", body), 400, "empty_body")
    assert (await chooser.get(f"{LIST}summary/")).json() == before


async def test_unknown_tenants_and_categories_are_named(chooser: ApiClient) -> None:
    gone, body = "/v1/tenant/gone/", encode({"preference": "opt_out"})
    for method, part in (
        ("GET", "preference/"), ("GET", "preference/category/"), ("GET", "category/"),
        ("GET", "preference/category/news/"), ("PATCH", "preference/category/news/"), ("PATCH", "category/news/"),
    ):  # fmt: skip
        answer = await chooser.request(method, f"{gone}{part}", b"" if method == "GET" else body)
        assert assert_error(answer, 404, "tenant_not_found")["message"] == "tenant 'gone' not found"
    for method, part in (
        ("GET", "preference/category/x/"),
        ("PATCH", "preference/category/x/"),
        ("PATCH", "category/x/"),
    ):
        answer = await chooser.request(method, f"{ACME}{part}", b"" if method == "GET" else body)
        assert assert_error(answer, 404, "category_not_found")["message"] == "category 'x' not found"


async def test_the_deprecated_paths_do_the_same(chooser: ApiClient) -> None:
    """With the statuses of older SDKs, and whatever the case of the tenant's id."""
    answer = await chooser.patch("/v1/tenant/ACME/category/news/", {"preference": "opt_out"})
    assert answer.status_code == 202
    assert answer.json() == (await chooser.get(f"{LIST}news/")).json()
    assert (await chooser.get(f"{ACME}category/?limit=3")).json() == (await chooser.get(f"{LIST}?limit=3")).json()


async def test_settings_are_audited_and_go_with_the_tenant(hub: Services, chooser: ApiClient) -> None:
    await override(chooser, "news", {"preference": "opt_out"})
    async with hub.database.connection() as connection:
        row = await connection.fetchrow("SELECT target_id, detail FROM audit WHERE action = 'tenant.preference'")
    assert row is not None
    assert row["target_id"] == "acme"
    assert '"preference":"opt_out"' in row["detail"]
    await chooser.delete(ACME)
    assert (await chooser.post(ACME, {"tenant_name": "Acme"})).status_code == 201
    assert (await chooser.get(f"{LIST}news/")).json()["preference"] is None


async def test_settings_at_the_same_time_all_count(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    """For different categories and fields, with changes of the tenant and commits between them."""
    bodies = [{"preference": "opt_out"}, {"blocked_channels": ["sms"]}, {"visible_to_subscriber": False}]
    await asyncio.gather(
        *(override(chooser, slug, body) for slug in ("news", "mentions", "offers") for body in bodies),
        *(chooser.post(ACME, {"properties": {f"p{n}": n}}) for n in range(5)),
        *(put_into_force(hub, workspace_a, DOCUMENT) for _ in range(2)),
    )
    for slug in ("news", "mentions", "offers"):
        item = (await chooser.get(f"{LIST}{slug}/")).json()
        assert (item["preference"], item["blocked_channels"], item["visible_to_subscriber"]) == (
            "opt_out", ["sms"], False,
        )  # fmt: skip
    assert len((await chooser.get(ACME)).json()["properties"]) == 5


async def test_settings_of_another_workspace_are_unknown_here(
    hub: Services, chooser: ApiClient, b: ApiClient, workspace_b: NewWorkspace
) -> None:
    await override(chooser, "news", {"preference": "opt_out"})
    assert_error(await b.get(f"{LIST}news/"), 404, "tenant_not_found")
    await put_into_force(hub, workspace_b, DOCUMENT)
    assert (await b.post(ACME, {"tenant_name": "B"})).status_code == 201
    assert (await b.get(f"{LIST}news/")).json()["preference"] is None
    await override(b, "news", {"preference": "opt_in"})
    assert (await chooser.get(f"{LIST}news/")).json()["preference"] == "opt_out"
