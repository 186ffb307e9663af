"""Tenants, brands and users within tenants through both SDKs. One script, run by each."""

from __future__ import annotations

from typing import Any

import pytest
from suprsend import AsyncSuprsend, Suprsend, SuprsendNotFoundError

DONE = {"success": True, "status_code": 204}


@pytest.fixture(params=["ours", "official", "asyncio"])
def run(request, answers_by) -> tuple[str, dict[str, Any]]:
    return answers_by(request.param, "tenants.py")


@pytest.fixture
def answers(run) -> dict[str, Any]:
    return run[1]


@pytest.fixture
def given(run) -> str:
    return run[0]


def refused(code: int, message: str) -> dict[str, str]:
    return {"raised": "SuprsendAPIException", "text": f"[code: {code}] {message}"}


def addresses(user: dict[str, Any]) -> list[str]:
    return [identity["value"] for identity in user["$email"]]


@pytest.mark.parametrize("part", ["tenants", "users"])
def test_each_part_of_the_script_ran_to_its_end(answers, part):
    assert answers[part] is None


def test_a_tenant_is_created_updated_listed_and_deleted(answers, given):
    tenant = answers["get a tenant"]
    assert answers["update a tenant"] == tenant
    assert (tenant["tenant_id"], tenant["tenant_name"], tenant["blocked_channels"]) == (
        f"{given}acme",
        "Acme",
        ["sms"],
    )
    assert tenant["properties"] == {"plan": "pro", "seats": 3}
    assert tenant["social_links"]["website"] == "https://acme.example"
    assert [each["tenant_id"] for each in answers["list tenants"]["results"]] == [f"{given}other", f"{given}acme"]
    assert answers["list tenants"]["meta"]["count"] >= 3
    assert answers["URL of a tenant"].endswith(f"/v1/tenant/{given}acme/")
    assert answers["cleaned limit and offset"] == [20, 0]
    assert answers["upsert without a name"] == refused(400, '{"tenant_name": ["This field is required."]}')
    html = '{"tenant_name": ["Ensure this field contains non-html text"]}'
    assert answers["upsert with HTML"] == refused(400, html)
    assert answers["delete a tenant"] == DONE
    gone = refused(404, f"No tenant found for tenant_id {given}gone")
    assert answers["delete it again"] == answers["get a deleted tenant"] == gone
    assert answers["get default"]["tenant_id"] == "default"
    assert answers["delete default"]["text"].startswith("[code: 400]")


def test_a_brand_is_a_tenant_under_its_old_name(answers, given):
    brand = answers["get a brand"]
    assert answers["upsert a brand"] == brand
    assert (brand["brand_id"], brand["brand_name"]) == (f"{given}gone", "Gone")
    assert answers["list brands"]["results"] == [brand]
    assert answers["URL of a brand"].endswith(f"/v1/brand/{given}gone/")
    assert answers["cleaned limit and offset of brands"] == [5, 2]


def test_what_applies_within_a_tenant_is_the_global_profile_overlaid_with_the_tenants(answers, given):
    assert answers["upsert for a tenant before the user"] == refused(
        404, f"user [distinct_id: '{given}ada/zoë'] not found"
    )
    user = answers["get for a tenant"]
    assert answers["upsert for a tenant"] == user
    assert user["properties"] == {"name": "Ada", "role": "admin"}
    assert addresses(user) == addresses(user["tenant"]) == ["ada@acme.example"]
    assert user["tenant"]["properties"] == {"role": "admin"}
    assert answers["get for another tenant"]["tenant"] == {"tenant_id": f"{given}other", "properties": {}}
    assert addresses(answers["get for another tenant"]) == ["ada@example.com"]
    assert answers["get for no tenant"] == refused(404, f"tenant '{given}gone' not found")
    assert answers["get globally"]["properties"] == {"name": "Ada", "role": "member"}


def test_every_way_of_editing_reaches_the_tenants_profile(answers, given):
    assert answers["edit an instance"]["properties"] == {"name": "Ada", "role": "member", "logins": 2}
    assert answers["edit by id"]["tenant"] == {"tenant_id": f"{given}other", "properties": {"floor": 3}}
    assert answers["event"]["status_code"] == 202
    assert answers["event for no tenant"] == refused(404, f"tenant '{given}gone' not found")
    assert answers["get after events"]["tenant"]["properties"] == {"logins": 3, "bulk": f"{given}acme"}
    assert answers["get a user whom an event created"]["properties"] == {}


@pytest.mark.parametrize(
    ("sdk", "text"),
    [
        ("ours", "BulkResponse<status: partial | total: 4 | success: 3 | failure: 1 | warnings: 0>"),
        ("official", "BulkResponse<status: success | total: 4 | success: 4 | failure: 0 | warnings: 0>"),
    ],
)
def test_a_bulk_edit_for_an_unknown_tenant_is_a_failure_for_the_sdk_that_asks(answers_by, sdk, text):
    """The hub tells ours what it refuses of its events; the vendor's takes every accepted request for a success."""
    assert answers_by(sdk, "tenants.py")[1]["bulk"]["text"] == text


def test_links_are_listed_from_both_ends_and_end(answers, given):
    page = answers["tenants of a user"]
    assert (page["meta"]["count"], page["meta"]["has_next"]) == (2, True)
    assert page["results"][0]["tenant"]["tenant_id"] == f"{given}acme"
    unknown = f"User [distinct_id: '{given}unknown'] not found"
    assert answers["tenants of an unknown user"] == refused(404, unknown)
    users = answers["users of a tenant"]
    assert users["meta"]["count"] == 2
    assert [user["distinct_id"] for user in users["results"]] == [f"{given}bo", f"{given}ada/zoë"]
    assert users["results"][1]["properties"] == {"name": "Ada", "role": "member"}
    assert answers["users of no tenant"] == refused(404, f"tenant '{given}gone' not found")
    assert answers["unlink"] == DONE
    no_link = f"no per-tenant profile for user in tenant '{given}other'"
    assert answers["unlink again"] == refused(404, no_link)
    assert answers["get after unlinking"]["tenant"]["properties"] == {}
    assert answers["no tenant id"]["raised"] == "SuprsendValidationError"
    assert answers["users of the tenant then"]["meta"]["count"] == 1
    assert answers["get within a deleted tenant"] == refused(404, f"tenant '{given}acme' not found")


def test_both_sdks_print_the_same(answers_by, comparable):
    printed = []
    for sdk in ("ours", "official", "asyncio"):
        prefix, answers = answers_by(sdk, "tenants.py")
        stable = {name: answers[name] for name in answers if name != "bulk"}  # see above
        for name in ("list tenants", "list brands"):  # other tests' tenants are counted too
            stable[name] = answers[name]["results"]
        printed.append(comparable(stable, prefix))
    assert printed[0] == printed[1]
    assert printed[0] == printed[2]


def test_our_client_iterates_over_tenants_and_links(hub, prefix):
    """Beyond the vendor's: all pages, one after another."""
    with Suprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as client:
        ids = {f"{prefix}{number}" for number in range(3)}
        client.users.upsert(f"{prefix}ada")
        for tenant_id in ids:
            client.tenants.upsert(tenant_id, {"tenant_name": "T"})
            client.users.upsert_for_tenant(f"{prefix}ada", tenant_id)
        assert ids < {tenant["tenant_id"] for tenant in client.tenants.iter_tenants()}
        links = client.users.iter_associated_tenants(f"{prefix}ada", {"limit": 2})
        assert {user["tenant"]["tenant_id"] for user in links} == ids
        users = client.users.iter_users({"tenant_id": f"{prefix}0", "limit": 1})
        assert [user["distinct_id"] for user in users] == [f"{prefix}ada"]
        with pytest.raises(SuprsendNotFoundError):
            client.tenants.get(f"{prefix}nowhere")


@pytest.mark.anyio
async def test_the_asyncio_client_does_the_same(hub, prefix):
    async with AsyncSuprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as client:
        await client.tenants.upsert(f"{prefix}acme", {"tenant_name": "Acme"})
        await client.users.upsert(f"{prefix}ada", {"name": "Ada"})
        await client.users.upsert_for_tenant(f"{prefix}ada", f"{prefix}acme", {"role": "admin"})
        edit = client.users.get_edit_instance(f"{prefix}ada", f"{prefix}acme")
        edit.set("seat", 4)
        await client.users.async_edit(edit)
        user = await client.users.get_for_tenant(f"{prefix}ada", f"{prefix}acme")
        assert user["properties"] == {"name": "Ada", "role": "admin", "seat": 4}
        links = client.users.iter_associated_tenants(f"{prefix}ada")
        assert [each["tenant"]["tenant_id"] async for each in links] == [f"{prefix}acme"]
        assert (await client.users.unlink_tenant(f"{prefix}ada", f"{prefix}acme"))["status_code"] == 204
        assert (await client.brands.get(f"{prefix}acme"))["brand_name"] == "Acme"
        await client.tenants.delete(f"{prefix}acme")
