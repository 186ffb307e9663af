"""Objects, their subscriptions and what they are subscribed to, over HTTP."""

import pytest

from .support import ApiClient, assert_error, segment

pytestmark = pytest.mark.anyio

CORE = "/v1/object/teams/core/"


async def subscribers(client: ApiClient, path: str = CORE, query: str = "") -> list[str]:
    """Who is subscribed to an object, newest first: `user:id` or `type:id`."""
    page = (await client.get(f"{path}subscription/?{query}")).json()
    return [
        f"user:{item['user']['distinct_id']}"
        if item["user"]
        else f"{item['object']['object_type']}:{item['object']['id']}"
        for item in page["results"]
    ]


@pytest.mark.parametrize("slash", ["/", ""], ids=["with slash", "without slash"])
async def test_an_objects_life(a: ApiClient, slash: str) -> None:
    path = f"/v1/object/teams/core{slash}"
    assert_error(await a.get(path), 404, "object_not_found")
    created = await a.post(path, {"floor": 3, "$email": "core@example.com"})
    assert created.status_code == 201
    assert (created.json()["object_type"], created.json()["id"]) == ("teams", "core")
    assert created.json()["subscriptions_count"] == 0
    edited = await a.patch(path, {"operations": [{"$add": {"floor": 1}}, {"$unset": ["$email"]}]})
    assert edited.status_code == 200
    assert edited.json()["properties"] == {"floor": 4}
    assert "$email" not in edited.json()
    assert (await a.get(path)).json() == edited.json()
    page = (await a.get(f"/v1/object/teams{slash}")).json()
    assert page["results"] == [edited.json()]
    assert page["meta"]["count"] == 1
    assert (await a.delete(path)).status_code == 204
    assert_error(await a.get(path), 404, "object_not_found")
    assert_error(await a.delete(path), 404, "object_not_found")
    assert (await a.get("/v1/object/teams/")).json()["meta"]["count"] == 0


async def test_objects_and_users_of_the_same_id_are_apart(a: ApiClient) -> None:
    await a.upsert("core", {"is": "user"})
    for object_type in ("teams", "Teams", "a/b", "🙂"):
        await a.post(f"/v1/object/{segment(object_type)}/core/", {"is": object_type})
    for object_type in ("teams", "Teams", "a/b", "🙂"):
        found = (await a.get(f"/v1/object/{segment(object_type)}/core/")).json()
        assert (found["object_type"], found["properties"]) == (object_type, {"is": object_type})
        assert (await a.get(f"/v1/object/{segment(object_type)}/")).json()["meta"]["count"] == 1
    await a.delete("/v1/object/Teams/core/")
    assert await a.properties("core") == {"is": "user"}
    assert (await a.get(CORE)).status_code == 200
    assert await a.count() == 1


async def test_a_type_or_id_that_cannot_be_one_is_refused(a: ApiClient) -> None:
    for bad in ("%2E", "%2e%2E", "%20", "a%00", "x" * 256, "%ff"):
        for path in (f"/v1/object/{bad}/core/", f"/v1/object/teams/{bad}/"):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                assert_error(await a.request(method, path, b'{"operations": []}' if method == "PATCH" else b""), 400)
        assert_error(await a.get(f"/v1/object/{bad}/"), 400)
        assert_error(await a.delete(f"/v1/bulk/object/{bad}/", {"object_ids": []}), 400)


async def test_subscribing_creates_recipients_applies_their_changes_and_counts_once(a: ApiClient) -> None:
    await a.post(CORE)
    body = {
        "recipients": [
            "ada",
            {"distinct_id": "bo", "$email": ["bo@example.com"], "name": "Bo"},
            {"object_type": "squads", "id": "red", "color": "red"},
            "ada",
        ],
        "properties": {"role": "member"},
    }
    answer = await a.post(f"{CORE}subscription/", body)
    assert answer.status_code == 200
    assert [item["properties"] for item in answer.json()["results"]] == [{"role": "member"}] * 3
    assert await a.properties("bo") == {"name": "Bo"}
    assert (await a.get("/v1/object/squads/red/")).json()["properties"] == {"color": "red"}
    assert (await a.get(CORE)).json()["subscriptions_count"] == 3

    again = await a.post(f"{CORE}subscription/", {"recipients": ["ada"], "properties": {"role": "lead"}})
    assert again.json()["results"][0]["properties"] == {"role": "lead"}
    assert (await a.get(CORE)).json()["subscriptions_count"] == 3
    assert sorted(await subscribers(a)) == ["squads:red", "user:ada", "user:bo"]
    parents = (await a.get("/v1/user/ada/subscribed_to/object/")).json()
    assert parents["meta"]["count"] == 1
    assert parents["results"][0]["properties"] == {"role": "lead"}
    assert parents["results"][0]["object"]["id"] == "core"
    assert parents["results"][0]["object"]["subscriptions_count"] == 3
    of_object = (await a.get("/v1/object/squads/red/subscribed_to/object/")).json()
    assert [item["object"]["id"] for item in of_object["results"]] == ["core"]


async def test_an_unknown_parent_is_404_unless_its_properties_are_given(a: ApiClient) -> None:
    assert_error(await a.post(f"{CORE}subscription/", {"recipients": ["ada"]}), 404, "object_not_found")
    assert await a.count() == 0
    body = {"recipients": ["ada"], "parent_object_properties": {"floor": 3}}
    assert (await a.post(f"{CORE}subscription/", body)).status_code == 200
    assert (await a.get(CORE)).json()["properties"] == {"floor": 3}
    for path in (f"{CORE[:-5]}other/subscription/", f"{CORE[:-5]}other/subscribed_to/object/"):
        assert_error(await a.get(path), 404, "object_not_found")
    assert_error(await a.delete(f"{CORE[:-5]}other/subscription/", {"recipients": ["ada"]}), 404, "object_not_found")
    assert_error(await a.get("/v1/user/nobody/subscribed_to/object/"), 404, "user_not_found")


async def test_subscriptions_end_by_body_by_query_and_with_either_end(a: ApiClient) -> None:
    await a.post(CORE)
    everybody = ["ada", "bo", "cy", "di", {"object_type": "squads", "id": "red"}]
    await a.post(f"{CORE}subscription/", {"recipients": everybody})
    assert (await a.delete(f"{CORE}subscription/", {"recipients": ["ada", "stranger"]})).status_code == 204
    assert (await a.delete(f"{CORE}subscription/?recipients=bo,%20cy")).status_code == 204
    assert sorted(await subscribers(a)) == ["squads:red", "user:di"]
    assert_error(await a.delete(f"{CORE}subscription/"), 400)
    await a.delete("/v1/user/di/")
    await a.delete("/v1/bulk/object/squads/", {"object_ids": ["red", "unknown"]})
    assert await subscribers(a) == []
    assert (await a.get(CORE)).json()["subscriptions_count"] == 0
    await a.post(f"{CORE}subscription/", {"recipients": ["ada"]})
    await a.delete(CORE)
    assert (await a.get("/v1/user/ada/subscribed_to/object/")).json()["meta"]["count"] == 0
    await a.post(CORE)
    assert await subscribers(a) == []


async def test_objects_nest_two_deep_without_cycles(a: ApiClient) -> None:
    def path(name: str) -> str:
        return f"/v1/object/units/{name}/"

    for name in ("company", "department", "team", "desk"):
        await a.post(path(name))

    async def join(parent: str, child: str):
        return await a.post(f"{path(parent)}subscription/", {"recipients": [{"object_type": "units", "id": child}]})

    assert (await join("company", "department")).status_code == 200
    assert (await join("department", "team")).status_code == 200
    for parent, child, code in (
        ("team", "desk", "nested_too_deeply"),
        ("team", "company", "subscription_cycle"),
        ("department", "company", "subscription_cycle"),
        ("team", "team", "self_subscription"),
    ):
        assert_error(await join(parent, child), 400, code)
    assert (await a.get(path("team"))).json()["subscriptions_count"] == 0


async def test_pages_of_subscribers_and_parents_walk_both_ways(a: ApiClient) -> None:
    for n in range(5):
        await a.post(f"/v1/object/teams/t{n}/")
        await a.post(f"/v1/object/teams/t{n}/subscription/", {"recipients": ["ada"]})
    await a.post("/v1/object/teams/t0/subscription/", {"recipients": [f"u{n}" for n in range(4)]})
    for path, total in (("/v1/object/teams/t0/subscription/", 5), ("/v1/user/ada/subscribed_to/object/", 5)):
        query, pages, metas = "limit=2", [], []
        while True:
            body = (await a.get(f"{path}?{query}")).json()
            pages.append(body["results"])
            metas.append(body["meta"])
            assert body["meta"]["count"] == total
            if not body["meta"]["has_next"]:
                break
            query = f"limit=2&after={body['meta']['after']}"
        assert [len(page) for page in pages] == [2, 2, 1]
        assert len({str(item) for page in pages for item in page}) == total
        back = (await a.get(f"{path}?limit=2&before={metas[2]['before']}")).json()
        assert back["results"] == pages[1]
        assert_error(await a.get(f"{path}?after=garbled"), 400, "invalid_cursor")
