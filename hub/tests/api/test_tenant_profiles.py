"""Users within tenants over HTTP: edits and events for a tenant, what applies there, links, rules of the workspace."""

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.tenancy import TenancyChange, TenancyMode
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error, bearer, segment

pytestmark = pytest.mark.anyio

ADA = "/v1/user/ada/"
LISTS = [f"{ADA}tenant/", f"{ADA}associated_tenant/"]


def within(tenant_id: str, distinct_id: str = "ada") -> str:
    return f"/v1/user/{segment(distinct_id)}/tenant/{tenant_id}/"


def email(address: str) -> list[dict]:
    return [{"value": address, "status": "active", "perma_status": "active"}]


async def make_tenants(client: ApiClient, *ids: str) -> None:
    for tenant_id in ids:
        assert (await client.post(f"/v1/tenant/{tenant_id}/", {"tenant_name": tenant_id})).status_code == 201


async def link(client: ApiClient, tenant_id: str, body: object = None, distinct_id: str = "ada") -> dict:
    answer = await client.post(within(tenant_id, distinct_id), body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def event(tenant_id: object, distinct_id: str = "ada", *operations: object, **fields: object) -> dict:
    return {"distinct_id": distinct_id, "$user_operations": list(operations), "tenant_id": tenant_id, **fields}


async def send(client: ApiClient, *events: dict) -> int:
    return (await client.post("/event/", list(events))).status_code


async def rejected(hub: Services, workspace: NewWorkspace) -> list[tuple[str, str, str]]:
    rows = await hub.rejected.page(workspace.workspace_id)
    return [(row.key.recipient_id, row.code, row.record) for row in rows]


@pytest.fixture
async def acme(a: ApiClient) -> ApiClient:
    """Workspace A with a user and a tenant."""
    await make_tenants(a, "acme")
    await a.upsert("ada", {"name": "Ada", "role": "member", "$email": ["ada@example.com"], "$sms": ["+15550100"]})
    return a


async def test_a_tenant_profile_is_overlaid_on_the_global_one(acme: ApiClient) -> None:
    """Every way of editing answers with what applies to the user within the tenant, and what the tenant set."""
    before = (await acme.get(ADA)).json()
    linked = await link(acme, "acme", {"role": "admin", "team": None, "$email": ["ada@acme.example"]})
    assert linked["properties"] == {"name": "Ada", "role": "admin", "team": None}
    assert linked["$email"] == email("ada@acme.example")
    assert [each["value"] for each in linked["$sms"]] == ["+15550100"]
    assert linked["tenant"] == {
        "tenant_id": "acme",
        "properties": {"role": "admin", "team": None},
        "$email": email("ada@acme.example"),
    }
    assert linked["created_at"] == before["created_at"]
    assert linked["updated_at"] > before["updated_at"]
    assert (await acme.get(within("ACME"))).json() == linked
    assert (await acme.get(ADA)).json() == before, "the global profile stays as it was"
    edited = await acme.patch(within("acme"), {"operations": [{"$unset": ["role"]}, {"$set": {"seat": 4}}]})
    assert edited.status_code == 202
    assert edited.json()["properties"] == {"name": "Ada", "role": "member", "team": None, "seat": 4}
    assert edited.json()["tenant"]["properties"] == {"team": None, "seat": 4}


async def test_without_a_link_the_global_profile_applies(acme: ApiClient) -> None:
    user = (await acme.get(ADA)).json()
    assert (await acme.get(within("acme"))).json() == user | {"tenant": {"tenant_id": "acme", "properties": {}}}
    assert (await acme.get(LISTS[0])).json()["meta"]["count"] == 0, "reading links nobody"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_an_unknown_tenant_or_user_is_said_to_be_unknown(acme: ApiClient, method: str) -> None:
    body = {"operations": [{"$set": {"n": 1}}]} if method == "PATCH" else {} if method == "POST" else b""
    error = assert_error(await acme.send(method, within("nowhere"), body), 404, "tenant_not_found")
    assert error["message"] == "tenant 'nowhere' not found"
    error = assert_error(await acme.send(method, within("acme", "bo"), body), 404)
    if method == "DELETE":
        assert error["message"] == "no per-tenant profile for user in tenant 'acme'"
    else:
        assert error["message"] == "user [distinct_id: 'bo'] not found"
    assert await acme.properties("bo") is None
    assert await acme.count() == 1


async def test_a_bad_operation_applies_nothing_and_links_nobody(acme: ApiClient) -> None:
    assert_error(await acme.patch(within("acme"), {"operations": [{"$set": {"n": 1}}, {"$add": {"n": "x"}}]}), 400)
    assert_error(await acme.patch(within("acme"), {}), 400, "empty_body")
    assert_error(await acme.post(within("acme"), {"$email": 5}), 400, "invalid_value")
    assert (await acme.get("/v1/user/?tenant_id=acme")).json()["meta"]["count"] == 0


async def test_unlinking_deletes_the_tenants_profile_and_keeps_the_user(hub: Services, acme: ApiClient) -> None:
    user = (await acme.get(ADA)).json()
    await link(acme, "acme", {"role": "admin"})
    assert (await acme.delete(within("acme"))).status_code == 204
    assert_error(await acme.delete(within("acme")), 404, "tenant_profile_not_found")
    assert (await acme.get(ADA)).json() == user
    assert (await acme.get(within("acme"))).json()["tenant"]["properties"] == {}
    assert (await acme.get("/v1/user/?tenant_id=acme")).json()["meta"]["count"] == 0
    async with hub.database.connection() as connection:
        assert (
            await connection.fetchval("SELECT count(*) FROM history WHERE tenant_no > 0 AND operations IS NOT NULL")
            == 0
        )
        row = await connection.fetchrow("SELECT target_id, detail FROM audit WHERE action = 'user.unlink_tenant'")
    assert tuple(row) == ("ada", '{"tenant_id":"acme"}')
    assert (await link(acme, "acme"))["tenant"] == {"tenant_id": "acme", "properties": {}}, "a new link begins empty"
    assert await hub.maintenance.check() == []


async def test_a_late_resend_after_unlinking_links_nobody(acme: ApiClient) -> None:
    late = event("acme", "ada", {"$set": {"role": "admin"}}, **{"$insert_id": "resent"})
    assert (await send(acme, late), await send(acme, late)) == (202, 202)
    await acme.delete(within("acme"))
    assert await send(acme, late) == 202
    assert (await acme.get(LISTS[0])).json()["meta"]["count"] == 0


async def test_a_request_with_an_idempotency_key_applies_once_within_its_tenant(acme: ApiClient) -> None:
    await make_tenants(acme, "other")
    add, key = {"operations": [{"$add": {"n": 1}}]}, {"idempotency-key": "k"}
    for _ in range(2):
        assert (await acme.patch(within("acme"), add, **key)).json()["tenant"]["properties"] == {"n": 1}
    assert_error(await acme.patch(within("other"), add, **key), 422, "idempotency_key_reused")
    assert_error(await acme.patch(ADA, add, **key), 422, "idempotency_key_reused")


async def test_an_event_for_a_tenant_edits_its_profile_and_creates_the_user(hub: Services, acme: ApiClient) -> None:
    assert await send(acme, event("Acme", "bo", {"$set": {"role": "admin"}})) == 202
    assert await acme.properties("bo") == {}
    assert (await acme.get(within("acme", "bo"))).json()["properties"] == {"role": "admin"}
    single = await acme.post("/event/", event("acme", "cy", {"$append": {"$email": "cy@acme.example"}}))
    assert single.status_code == 202
    assert (await acme.get(within("acme", "cy"))).json()["tenant"]["$email"] == email("cy@acme.example")
    assert await acme.count() == 3
    for nobody in ("", None):
        assert await send(acme, event(nobody, "ada", {"$set": {"role": "global"}})) == 202
    assert (await acme.properties("ada"))["role"] == "global"
    assert await hub.maintenance.check() == []


async def test_a_resend_for_a_deleted_user_creates_nobody(acme: ApiClient) -> None:
    late = event("acme", "bo", {"$set": {"role": "admin"}}, **{"$insert_id": "resent"})
    await send(acme, late)
    await acme.delete("/v1/user/bo/")
    assert await send(acme, late) == 202
    assert (await acme.properties("bo"), await acme.count()) == (None, 1)
    assert (await acme.get("/v1/user/?tenant_id=acme")).json()["meta"]["count"] == 0


@pytest.mark.parametrize("others", [0, 100], ids=["slow path", "fast path"])
async def test_an_event_for_an_unknown_tenant_is_answered_alone_and_logged_in_an_array(
    hub: Services, acme: ApiClient, workspace_a: NewWorkspace, others: int
) -> None:
    assert_error(await acme.post("/event/", event("nowhere")), 404, "tenant_not_found")
    assert_error(await acme.post("/event/", event("no where")), 400, "invalid_id")
    assert await rejected(hub, workspace_a) == []
    slack = {"$append": {"$slack": {"email": "a@b.co", "access_token": "xoxb-secret-token"}}}
    crowd = [event("acme", f"u{n}") for n in range(others)]
    assert await send(acme, event("nowhere", "bo", slack), *crowd, event("acme", "ada", {"$set": {"n": 1}})) == 202
    assert (await acme.get(within("acme"))).json()["properties"]["n"] == 1
    assert await acme.properties("bo") is None
    [(distinct_id, code, record)] = await rejected(hub, workspace_a)
    assert (distinct_id, code) == ("bo", "tenant_not_found")
    assert '"tenant_id":"nowhere"' in record
    assert "xoxb-secret-token" not in record


async def test_a_deleted_tenant_shows_nothing_and_a_new_one_begins_empty(hub: Services, acme: ApiClient) -> None:
    await link(acme, "acme", {"role": "admin"})
    await acme.delete("/v1/tenant/acme/")
    assert_error(await acme.get(within("acme")), 404, "tenant_not_found")
    assert_error(await acme.get("/v1/user/?tenant_id=acme"), 404, "tenant_not_found")
    assert (await acme.get(LISTS[0])).json()["meta"]["count"] == 0
    await make_tenants(acme, "acme")
    assert (await acme.get(within("acme"))).json()["tenant"]["properties"] == {}
    assert (await acme.get("/v1/user/?tenant_id=acme")).json()["meta"]["count"] == 0
    assert await send(acme, event("acme", "ada", {"$set": {"seat": 1}})) == 202
    assert (await acme.get(within("acme"))).json()["tenant"]["properties"] == {"seat": 1}
    assert (await acme.post("/event/", event("acme", "ada", {"$set": {"seat": 2}}))).status_code == 202
    while await hub.tenants.sweep():
        pass
    assert await hub.maintenance.check() == []
    assert (await acme.get(within("acme"))).json()["tenant"]["properties"] == {"seat": 2}


@pytest.mark.parametrize("others", [0, 100], ids=["slow path", "fast path"])
async def test_an_event_does_not_reach_a_tenant_that_another_hub_has_deleted(
    hub: Services, acme: ApiClient, workspace_a: NewWorkspace, others: int
) -> None:
    """This hub remembers its number for some seconds, and the database knows better."""
    await send(acme, event("acme"))
    async with hub.database.connection() as connection:
        await connection.execute("DELETE FROM tenant WHERE tenant_id = 'acme'")
    crowd = [event(None, f"u{n}", {"$set": {"n": n}}) for n in range(others)]
    assert await send(acme, event("acme", "bo"), *crowd) == 202
    assert [entry[:2] for entry in await rejected(hub, workspace_a)] == [("bo", "tenant_not_found")]
    assert await acme.properties("bo") is None
    assert await acme.count() == 1 + others
    assert_error(await acme.post("/event/", event("acme")), 404, "tenant_not_found")
    assert_error(await acme.post(within("acme")), 404, "tenant_not_found")


async def test_the_tenants_of_a_user_come_in_pages_in_the_order_of_their_creation(acme: ApiClient) -> None:
    ids = [f"t{n}" for n in range(5)]
    await make_tenants(acme, *ids)
    for number, tenant_id in enumerate(reversed(ids)):
        await link(acme, tenant_id, {"n": number})
    for path in LISTS:
        seen, query, metas = [], "limit=2", []
        while True:
            page = (await acme.get(f"{path}?{query}")).json()
            metas.append(page["meta"])
            seen += page["results"]
            if not page["meta"]["has_next"]:
                break
            query = f"limit=2&after={page['meta']['after']}"
        assert [user["tenant"]["tenant_id"] for user in seen] == ids
        assert {meta["count"] for meta in metas} == {5}
        assert (metas[0]["has_prev"], metas[-1]["after"]) == (False, None)
        back = (await acme.get(f"{path}?limit=2&before={metas[2]['before']}")).json()
        assert [user["tenant"]["tenant_id"] for user in back["results"]] == ["t2", "t3"]
        assert seen[0] == (await acme.get(within("t0"))).json()
        for garbled in ("garbled", "MTIzNDU2Nzg5MDEy", "w6k"):
            assert_error(await acme.get(f"{path}?after={garbled}"), 400, "invalid_cursor")
        error = assert_error(await acme.get(path.replace("ada", "bo")), 404, "user_not_found")
        assert error["message"] == "User [distinct_id: 'bo'] not found"


async def test_the_users_of_a_tenant_come_in_pages_with_global_values_and_the_tenants_part(acme: ApiClient) -> None:
    for n in range(5):
        await acme.upsert(f"u{n}", {"role": "member", "$email": [f"u{n}@example.com"]})
        await link(acme, "acme", {"role": "viewer", "$email": [f"u{n}@acme.example"]}, f"u{n}")
    first = (await acme.get("/v1/user/?tenant_id=ACME&limit=3")).json()
    assert [user["distinct_id"] for user in first["results"]] == ["u4", "u3", "u2"]
    assert (first["meta"]["count"], first["meta"]["has_next"], first["meta"]["has_prev"]) == (5, True, False)
    user = first["results"][0]
    assert (user["properties"], user["$email"]) == ({"role": "member"}, email("u4@example.com"))
    assert user["tenant"] == {
        "tenant_id": "acme", "properties": {"role": "viewer"}, "$email": email("u4@acme.example"),
    }  # fmt: skip
    rest = (await acme.get(f"/v1/user/?tenant_id=acme&limit=3&after={first['meta']['after']}")).json()
    assert [user["distinct_id"] for user in rest["results"]] == ["u1", "u0"]
    await acme.delete("/v1/user/u3/")
    assert (await acme.get("/v1/user/?tenant_id=acme")).json()["meta"]["count"] == 4
    assert_error(await acme.get("/v1/user/?tenant_id=nowhere"), 404, "tenant_not_found")
    assert_error(await acme.get("/v1/user/?tenant_id=no%20where"), 400, "invalid_id")
    assert_error(await acme.get("/v1/user/?tenant_id=acme&search=u"), 400, "invalid_search")
    assert (await acme.get("/v1/user/?tenant_id=")).json()["meta"]["count"] == 5


async def test_tenants_and_workspaces_do_not_see_each_other(acme: ApiClient, b: ApiClient, stranger: ApiClient) -> None:
    await make_tenants(acme, "other")
    await make_tenants(b, "acme")
    await link(acme, "acme", {"secret": "of acme"})
    await link(acme, "other", {"secret": "of other"})
    await b.upsert("ada")
    await link(b, "acme", {"secret": "of b"})
    assert (await acme.get(within("acme"))).json()["tenant"]["properties"] == {"secret": "of acme"}
    assert (await acme.get(within("default"))).json()["properties"] == {"name": "Ada", "role": "member"}
    assert (await b.get(within("acme"))).json()["tenant"]["properties"] == {"secret": "of b"}
    assert_error(await b.get(within("other")), 404, "tenant_not_found")
    assert (await b.get(LISTS[0])).json()["meta"]["count"] == 1
    await b.delete(within("acme"))
    await b.delete("/v1/tenant/acme/")
    assert (await acme.get(LISTS[0])).json()["meta"]["count"] == 2
    for method, path in (("GET", within("acme")), ("POST", within("acme")), ("GET", LISTS[0]), ("GET", LISTS[1])):
        assert_error(await stranger.send(method, path), 401)


@pytest.mark.parametrize(
    "distinct_id", ["a/b c?d#e", "zoë 💡", "tenant", "merge", "associated_tenant", "default", "%2F"]
)
async def test_users_with_any_id_have_profiles_for_tenants(acme: ApiClient, distinct_id: str) -> None:
    await acme.upsert(distinct_id)
    await link(acme, "acme", {"n": 1}, distinct_id)
    assert (await acme.get(within("acme", distinct_id))).json()["distinct_id"] == distinct_id
    assert (await acme.get(f"/v1/user/{segment(distinct_id)}/tenant/")).json()["meta"]["count"] == 1
    assert (await acme.delete(within("acme", distinct_id))).status_code == 204


@pytest.mark.parametrize("tenant_id", ["a/b", "zoë", "a b", "x" * 65, "\0"])
async def test_hostile_tenant_ids_are_refused(acme: ApiClient, tenant_id: str) -> None:
    for method in ("GET", "POST", "PATCH", "DELETE"):
        body = {"operations": []} if method == "PATCH" else {} if method == "POST" else b""
        assert_error(await acme.send(method, within(segment(tenant_id)), body), 400, "invalid_id")


async def test_the_default_tenant_is_an_ordinary_one_for_profiles(acme: ApiClient) -> None:
    assert (await link(acme, "Default", {"role": "admin"}))["tenant"]["tenant_id"] == "default"
    assert (await acme.properties("ada"))["role"] == "member"


async def make_exclusive(hub: Services, workspace: NewWorkspace) -> None:
    change = TenancyChange(mode=TenancyMode.EXCLUSIVE)
    await hub.tenancy.change(TESTER, workspace.workspace_id, workspace.name, change)


TIED = "user is already associated with a different tenant; workspace is in exclusive mode"


@pytest.mark.parametrize("others", [0, 100], ids=["slow path", "fast path"])
async def test_in_exclusive_mode_a_user_is_linked_with_one_tenant(
    hub: Services, a: ApiClient, b: ApiClient, workspace_a: NewWorkspace, others: int
) -> None:
    await make_exclusive(hub, workspace_a)
    for client in (a, b):
        await make_tenants(client, "acme", "other")
        await client.upsert("ada")
        await link(client, "acme", {"role": "admin"})
    await link(b, "other")  # which is in shared mode
    refused = (await a.post(within("other"), {}), await a.patch(within("other"), {"operations": [{"$set": {"n": 1}}]}))
    for answer in (*refused, await a.post("/event/", event("other"))):
        assert assert_error(answer, 400, "tied_to_another_tenant")["message"] == TIED
    assert (await a.get(within("other"))).status_code == 200, "reading is allowed"
    before = len(await rejected(hub, workspace_a))
    crowd = [event("acme", f"u{n}") for n in range(others)]
    both = [event("acme", "bo", {"$set": {"n": 1}}), event("other", "bo", {"$set": {"n": 2}})]
    assert await send(a, event("other", "ada"), event("acme", "ada", {"$set": {"n": 1}}), *both, *crowd) == 202
    log = await rejected(hub, workspace_a)
    assert {entry[:2] for entry in log[: len(log) - before]} == {
        ("ada", "tied_to_another_tenant"), ("bo", "tied_to_another_tenant"),
    }  # fmt: skip
    assert (await a.get(within("acme"))).json()["tenant"]["properties"] == {"role": "admin", "n": 1}
    assert (await a.get(within("acme", "bo"))).json()["tenant"]["properties"] == {"n": 1}, "the first link wins"
    assert (await a.get("/v1/user/?tenant_id=other")).json()["meta"]["count"] == 0
    await a.delete(within("acme"))
    assert (await link(a, "other"))["tenant"]["tenant_id"] == "other", "an ended link does not count"
    await a.delete("/v1/tenant/other/")
    assert (await link(a, "acme"))["tenant"]["tenant_id"] == "acme", "nor does a link with a deleted tenant"
    assert await hub.maintenance.check() == []


async def manager_of(hub: Services, client: ApiClient, workspace: NewWorkspace) -> ApiClient:
    """A client with a new key, of which no rules are remembered."""
    created = await hub.workspaces.create_api_key(TESTER, workspace.name, "manager", frozenset(Scope))
    return ApiClient(client.http, bearer(created.api_key))


async def test_channels_fall_back_as_the_workspace_says(
    hub: Services, acme: ApiClient, workspace_a: NewWorkspace
) -> None:
    manager = await manager_of(hub, acme, workspace_a)
    assert (await manager.get("/hub/v1/tenancy/")).json() == {
        "user_tenancy_mode": "shared",
        "user_tenancy_channel_fallback_mode": "all",
        "user_tenancy_channel_fallback": [],
        "user_tenancy_default_tenant_is_limited": False,
    }
    change = {"user_tenancy_channel_fallback_mode": "allowlist", "user_tenancy_channel_fallback": ["sms", "inbox"]}
    changed = (await manager.patch("/hub/v1/tenancy/", change)).json()
    assert changed["user_tenancy_channel_fallback"] == ["sms", "inbox"]
    reader = await manager_of(hub, acme, workspace_a)
    user = (await reader.get(within("acme"))).json()
    assert ("$email" in user, "$sms" in user, user["properties"]["name"]) == (False, True, "Ada")
    assert "$email" in (await reader.get(within("default"))).json()
    await manager.patch("/hub/v1/tenancy/", {"user_tenancy_default_tenant_is_limited": True})
    reader = await manager_of(hub, acme, workspace_a)
    assert "$email" not in (await reader.get(within("default"))).json()
    assert (await manager.get("/hub/v1/tenancy/")).json() == changed | {"user_tenancy_default_tenant_is_limited": True}
    assert_error(await acme.get("/hub/v1/tenancy/"), 403, "missing_scope")
    assert_error(await acme.patch("/hub/v1/tenancy/", change), 403, "missing_scope")
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit WHERE action = 'workspace.tenancy'") == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "body"),
        ({"mode": "shared"}, "mode"),
        ({"user_tenancy_mode": "both"}, "user_tenancy_mode"),
        ({"user_tenancy_channel_fallback_mode": 5}, "user_tenancy_channel_fallback_mode"),
        ({"user_tenancy_channel_fallback": "sms"}, "user_tenancy_channel_fallback"),
        ({"user_tenancy_channel_fallback": ["$sms"]}, "user_tenancy_channel_fallback[0]"),
        ({"user_tenancy_default_tenant_is_limited": "no"}, "user_tenancy_default_tenant_is_limited"),
    ],
)
async def test_wrong_rules_are_named_by_their_path(
    hub: Services, a: ApiClient, workspace_a: NewWorkspace, body: object, path: str
) -> None:
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "manager", frozenset({Scope.MANAGE}))
    manager = ApiClient(a.http, bearer(created.api_key))
    assert list(assert_error(await manager.patch("/hub/v1/tenancy/", body), 400)["detail"]) == [path]
