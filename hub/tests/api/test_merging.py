"""Merge, unmerge, rename, and what a sender looks up, over HTTP. The store's tests prove what these do to the tables."""

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error, bearer

pytestmark = pytest.mark.anyio

HUB = "/hub/v1/user"


@pytest.fixture
async def manager(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> ApiClient:
    """A client that may do everything in workspace A."""
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "admin", frozenset(Scope))
    return ApiClient(a.http, bearer(created.api_key))


async def test_a_merge_answers_201_with_the_primary_and_get_says_where_the_other_went(a: ApiClient) -> None:
    await a.upsert("ada", {"name": "Ada", "$email": ["ada@example.com"]})
    await a.upsert("anon/7", {"name": "?", "city": "Paris", "$email": ["ADA@example.com", "a7@example.com"]})
    answer = await a.post(f"{HUB}/ada/merge_preview/", {"from_user_id": "anon/7"})
    preview = answer.json()
    assert preview["conflicts"] == [{"key": "name", "kept": "Ada", "dropped": "?"}]
    assert await a.count() == 2
    answer = await a.post("/v1/user/ada/merge/", {"from_user_id": " anon/7 "})
    assert answer.status_code == 201
    merged = answer.json()
    assert merged["properties"] == preview["user"]["properties"] == {"name": "Ada", "city": "Paris"}
    assert [each["value"] for each in merged["$email"]] == ["ada@example.com", "a7@example.com"]
    assert (await a.get("/v1/user/ada/")).json() == merged
    gone = await a.get("/v1/user/anon%2F7/")
    assert_error(gone, 404, "user_not_found")
    assert gone.json()["detail"] == {"merged_into": "ada"}
    assert await a.count() == 1


@pytest.mark.parametrize("body", [{}, {"from_user_id": None}, {"from_user_id": ""}, {"from_user_id": 5}, [], "x"])
async def test_a_merge_without_an_id_is_refused(a: ApiClient, body: object) -> None:
    await a.upsert("ada")
    for path in ("/v1/user/ada/merge/", f"{HUB}/ada/merge_preview/", f"{HUB}/ada/unmerge/"):
        assert (await a.send("POST", path, body)).status_code == 400


async def test_unknown_users_have_the_published_words(a: ApiClient) -> None:
    await a.upsert("ada")
    answer = await a.post("/v1/user/ada/merge/", {"from_user_id": "nobody"})
    assert answer.json()["message"] == "from_user_id: [distinct_id: 'nobody'] not found"
    answer = await a.post("/v1/user/nobody/merge/", {"from_user_id": "ada"})
    assert answer.json()["message"] == "user [distinct_id: 'nobody'] not found"


async def test_users_of_another_workspace_are_neither_merged_nor_found(a: ApiClient, b: ApiClient) -> None:
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    await b.upsert("bo")
    for path in ("/v1/user/bo/merge/", f"{HUB}/bo/merge_preview/", f"{HUB}/bo/unmerge/", f"{HUB}/bo/unmerge_preview/"):
        assert (await b.post(path, {"from_user_id": "ada"})).status_code == 404
    assert (await b.post(f"{HUB}/read_many/", {"distinct_ids": ["ada"]})).json() == {
        "results": [],
        "aliases": {},
        "not_found": ["ada"],
        "merged_into": {},
        "not_read": [],
    }
    found = await b.get("/hub/v1/users/by_address/?address=ada@example.com")
    assert found.json() == {"results": [], "not_read": []}
    assert await a.count() == 1


async def test_unmerging_restores_the_other_user(a: ApiClient) -> None:
    await a.upsert("ada", {"name": "Ada"})
    before = await a.upsert("anon", {"city": "Paris", "zip": "75001"})
    await a.post("/v1/user/ada/merge/", {"from_user_id": "anon"})
    await a.upsert("ada", {"city": "Rome"})
    preview = (await a.post(f"{HUB}/ada/unmerge_preview/", {"from_user_id": "anon"})).json()
    assert (await a.get("/v1/user/anon/")).status_code == 404
    done = (await a.post(f"{HUB}/ada/unmerge/", {"from_user_id": "anon"})).json()
    assert done["kept"] == preview["kept"] == ["city"]
    assert await a.properties("ada") == done["user"]["properties"] == {"name": "Ada", "city": "Rome"}
    assert (await a.get("/v1/user/anon/")).json() == done["from_user"]
    assert done["from_user"]["properties"] == before["properties"]
    assert done["from_user"]["created_at"] == before["created_at"]
    assert_error(await a.post(f"{HUB}/ada/unmerge/", {"from_user_id": "anon"}), 404, "not_merged")


async def test_a_merge_is_not_taken_back_over_a_new_user_or_a_later_merge(a: ApiClient) -> None:
    for name in ("ada", "anon", "boss"):
        await a.upsert(name)
    await a.post("/v1/user/ada/merge/", {"from_user_id": "anon"})
    await a.upsert("anon")
    assert_error(await a.post(f"{HUB}/ada/unmerge/", {"from_user_id": "anon"}), 409, "user_exists")
    assert_error(await a.post(f"{HUB}/ada/unmerge_preview/", {"from_user_id": "anon"}), 409, "user_exists")
    await a.delete("/v1/user/anon/")
    await a.upsert("other")
    await a.post("/v1/user/ada/merge/", {"from_user_id": "other"})
    await a.post("/v1/user/boss/merge/", {"from_user_id": "ada"})
    assert_error(await a.post(f"{HUB}/boss/unmerge/", {"from_user_id": "other"}), 409, "unmerge_too_late")


async def test_a_rename_keeps_the_old_id_as_an_alias(a: ApiClient, manager: ApiClient) -> None:
    await a.upsert("old", {"n": 1})
    assert_error(await a.post(f"{HUB}/old/rename/", {"to": "new"}), 403, "missing_scope")
    assert (await manager.post(f"{HUB}/old/rename/", {"to": "new"})).json()["distinct_id"] == "new"
    assert (await a.get("/v1/user/old/")).json()["detail"] == {"renamed_to": "new"}
    event = {"distinct_id": "old", "$user_operations": [{"$set": {"via": "event"}}]}
    assert (await a.post("/event/", event)).status_code == 202
    assert (await a.upsert("old", {"by": "upsert"}))["distinct_id"] == "new"
    answer = await a.patch("/v1/user/old/", {"operations": [{"$add": {"n": 1}}]})
    assert answer.json()["properties"] == {"n": 2, "via": "event", "by": "upsert"}
    await a.upsert("else")
    assert_error(await manager.post(f"{HUB}/else/rename/", {"to": "new"}), 409, "user_exists")
    assert_error(await manager.post(f"{HUB}/else/rename/", {"to": "old"}), 409, "id_is_alias")
    assert_error(await manager.post(f"{HUB}/else/rename/", {"to": "else"}), 400, "self_merge")
    entries = (await manager.get("/hub/v1/audit/?action=user.rename")).json()["results"]
    assert [(entry["target"], entry["detail"]) for entry in entries] == [({"id": "new"}, {"old_id": "old"})]


async def test_the_setting_decides_what_an_event_for_a_merged_user_does(a: ApiClient, manager: ApiClient) -> None:
    path = "/hub/v1/after_merge/"
    assert (await manager.get(path)).json() == {"after_merge": "recreate"}
    for wrong in ("forget", None, 5):
        assert_error(await manager.send("PUT", path, {"after_merge": wrong}), 400, "invalid_after_merge")
    assert (await manager.send("PUT", path, {"after_merge": "alias"})).json() == {"after_merge": "alias"}
    for name in ("ada", "anon"):
        await a.upsert(name)
    await a.post("/v1/user/ada/merge/", {"from_user_id": "anon"})
    assert (await a.upsert("anon", {"n": 1}))["distinct_id"] == "ada"
    entries = (await manager.get("/hub/v1/audit/?action=workspace.after_merge")).json()["results"]
    assert [entry["detail"] for entry in entries] == [{"after_merge": "alias"}]
    actions = [each["action"] for each in (await manager.get("/hub/v1/audit/?action=user")).json()["results"]]
    assert sorted(actions) == ["user.delete", "user.merge"]


async def test_every_way_to_write_for_an_alias_reaches_the_primary_and_shows_it(
    a: ApiClient, manager: ApiClient
) -> None:
    """Also within a tenant; reading and deleting by the old id are 404."""
    await manager.send("PUT", "/hub/v1/after_merge/", {"after_merge": "alias"})
    await a.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
    for name in ("ada", "anon"):
        await a.upsert(name)
    await a.post("/v1/user/ada/merge/", {"from_user_id": "anon"})
    within = "/v1/user/anon/tenant/acme/"
    for answer in (
        await a.post(within, {"role": "guest"}),
        await a.patch(within, {"operations": [{"$set": {"seat": 4}}]}),
        await a.patch("/v1/user/anon/", {"operations": [{"$set": {"n": 1}}]}),
    ):
        assert answer.status_code in (201, 202), answer.text
        assert answer.json()["distinct_id"] == "ada"
    event = {"distinct_id": "anon", "tenant_id": "acme", "$user_operations": [{"$set": {"via": "event"}}]}
    assert (await a.post("/event/", event)).status_code == 202
    own = (await a.get("/v1/user/ada/tenant/acme/")).json()["tenant"]
    assert own["properties"] == {"role": "guest", "seat": 4, "via": "event"}
    for path in ("", "tenant/", "tenant/acme/", "subscribed_to/object/", "subscribed_to/list/", "preference/"):
        assert (await a.get(f"/v1/user/anon/{path}")).json()["detail"] == {"merged_into": "ada"}, path
    for path in (within, "/v1/user/anon/"):
        assert (await a.delete(path)).status_code == 404
    assert await a.count() == 1


async def test_in_exclusive_mode_users_of_two_tenants_are_not_merged(a: ApiClient, manager: ApiClient) -> None:
    await manager.patch("/hub/v1/tenancy/", {"user_tenancy_mode": "exclusive"})
    for name, tenant in (("ada", "acme"), ("anon", "globex")):
        await a.post(f"/v1/tenant/{tenant}/", {"tenant_name": tenant})
        await a.upsert(name)
        assert (await a.post(f"/v1/user/{name}/tenant/{tenant}/", {"role": name})).status_code == 201
    for path in ("/v1/user/ada/merge/", f"{HUB}/ada/merge_preview/"):
        assert_error(await a.post(path, {"from_user_id": "anon"}), 409, "tenants_differ")
    await a.delete("/v1/user/ada/tenant/acme/")
    assert (await a.post("/v1/user/ada/merge/", {"from_user_id": "anon"})).status_code == 201
    assert (await a.get("/v1/user/ada/tenant/globex/")).json()["tenant"]["properties"] == {"role": "anon"}


async def test_many_users_are_read_in_the_order_of_their_ids(a: ApiClient) -> None:
    users = [await a.upsert(name, {"$sms": ["+15550100"]}) for name in ("ada", "bo")]
    answer = await a.post(f"{HUB}/read_many/", {"distinct_ids": ["nobody", "bo", "ada", "bo"]})
    assert answer.json()["results"] == [users[1], users[0]]
    assert answer.json()["not_found"] == ["nobody"]
    for body, code in (
        ({}, "missing_ids"),
        ({"distinct_ids": ["x"] * 1001}, "too_many_ids"),
        ({"distinct_ids": [5]}, "invalid_id"),
    ):
        assert_error(await a.post(f"{HUB}/read_many/", body), 400, code)


async def test_users_are_found_by_an_address_in_any_spelling(a: ApiClient) -> None:
    ada = await a.upsert("ada", {"$email": ["Ada@example.com"], "$sms": ["+15550100"]})
    for address in ("ada@EXAMPLE.com", "%2B1%20555-0100"):
        found = await a.get(f"/hub/v1/users/by_address/?address={address}")
        assert found.json() == {"results": [ada], "not_read": []}
    assert (await a.get("/hub/v1/users/by_address/?address=b@example.com")).json()["results"] == []
    for query in ("", "?address=", "?address=ada"):
        assert_error(await a.get(f"/hub/v1/users/by_address/{query}"), 400, "invalid_search")


async def test_an_address_that_a_user_has_within_a_tenant_finds_the_user_while_the_tenant_lives(a: ApiClient) -> None:
    """Once, with the global profile; objects with the address are not users."""
    await a.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    await a.post("/v1/user/ada/tenant/acme/", {"$email": ["ada@acme.example"]})
    await a.post("/v1/object/teams/core/", {"$email": ["ada@acme.example"]})
    path = "/hub/v1/users/by_address/?address=ada@acme.example"
    [found] = (await a.get(path)).json()["results"]
    assert found == (await a.get("/v1/user/ada/")).json()
    await a.delete("/v1/tenant/acme/")
    assert (await a.get(path)).json() == {"results": [], "not_read": []}


async def test_users_with_an_address_that_have_no_room_in_the_answer_are_named(a: ApiClient) -> None:
    """4 MiB of stored profiles, as everywhere."""
    ids = [f"u{number:02}" for number in range(20)]
    for name in ids:
        await a.upsert(name, {"$email": ["all@example.com"], "text": "x" * 250_000})
    answer = (await a.get("/hub/v1/users/by_address/?address=all@example.com")).json()
    assert [each["distinct_id"] for each in answer["results"]] == ids[:16]
    assert answer["not_read"] == ids[16:]
