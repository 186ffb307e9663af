"""Subscriber lists over HTTP: definitions, members, and replacing members by a draft."""

import pytest

from .support import ApiClient, assert_error

pytestmark = pytest.mark.anyio

LISTS = "/v1/subscriber_list/"
NEWS = f"{LISTS}news/"


async def members(client: ApiClient, path: str = NEWS, query: str = "") -> list[str]:
    page = (await client.get(f"{path}subscriber/?{query}")).json()
    return [member["distinct_id"] for member in page["results"]]


async def filled(client: ApiClient, *ids: str) -> None:
    """A list `news` with these members."""
    for distinct_id in ids:
        await client.upsert(distinct_id)
    assert (await client.post(LISTS, {"list_id": "news", "list_name": "News"})).status_code == 201
    assert (await client.post(f"{NEWS}subscriber/add/", {"distinct_ids": list(ids)})).status_code == 201


async def test_a_list_is_created_changed_and_deleted(a: ApiClient) -> None:
    created = (await a.post(LISTS, {"list_id": " News ", "list_name": "News", "track_user_entry": True})).json()
    assert (created["list_id"], created["list_name"], created["status"]) == ("news", "News", "active")
    assert (created["subscribers_count"], created["drafts"], created["version_id"]) == (0, None, None)
    changed = (await a.post(LISTS, {"list_id": "NEWS", "list_description": "What is new"})).json()
    assert (changed["list_name"], changed["list_description"], changed["track_user_entry"]) == (
        "News",
        "What is new",
        True,
    )
    assert changed["created_at"] == created["created_at"]
    assert (await a.get(f"{LISTS}nEwS/")).json() == changed
    assert (await a.delete(NEWS)).status_code == 204
    for answer in (
        await a.get(NEWS),
        await a.delete(NEWS),
        await a.patch(f"{NEWS}delete/"),
        await a.get(f"{NEWS}subscriber/"),
    ):
        assert_error(answer, 404, "list_not_found")
    await a.post(LISTS, {"list_id": "news"})
    assert (await a.request("PATCH", f"{NEWS}delete/")).json() == {"success": True}
    assert_error(await a.get(NEWS), 404, "list_not_found")


async def test_a_blank_list_id_is_refused_in_upstreams_words(a: ApiClient) -> None:
    answer = assert_error(await a.post(LISTS, {"list_id": " "}), 400, "error")
    assert answer["message"] == '{"list_id": ["This field may not be blank."]}'
    assert answer["detail"] == {"list_id": ["This field may not be blank."]}


async def test_lists_come_by_limit_and_offset_with_all_users_last(a: ApiClient) -> None:
    for n in range(4):
        await a.post(LISTS, {"list_id": f"l{n}"})
    first = (await a.get(f"{LISTS}?limit=3")).json()
    assert first["meta"] == {"count": 5, "limit": 3, "offset": 0}
    assert [item["list_id"] for item in first["results"]] == ["l3", "l2", "l1"]
    second = (await a.get(f"{LISTS[:-1]}?limit=3&offset=3")).json()
    assert [item["list_id"] for item in second["results"]] == ["l0", "all_users"]
    assert (await a.get(f"{LISTS}?limit=3&offset=4")).json()["results"][0]["list_id"] == "all_users"
    assert (await a.get(f"{LISTS}?limit=3&offset=5")).json()["results"] == []
    for query, limit, offset in (("limit=0&offset=-1", 20, 0), ("limit=x&offset=x", 20, 0), ("limit=5000", 1000, 0)):
        meta = (await a.get(f"{LISTS}?{query}")).json()["meta"]
        assert (meta["limit"], meta["offset"]) == (limit, offset)


async def test_adding_and_removing_counts_what_changed_and_ignores_who_is_unknown(a: ApiClient) -> None:
    await filled(a, "ada", "bo")
    for verb, ids, affected in (
        ("add", ["ada", "bo", "nobody"], 0),
        ("remove", ["ada", "ada", "nobody"], 1),
        ("remove", ["ada"], 0),
        ("add", ["ada", " ada "], 1),
        ("add", [], 0),
    ):
        answer = await a.post(f"{NEWS}subscriber/{verb}/", {"distinct_ids": ids})
        assert answer.status_code == 201
        assert answer.json() == {"success": True, "affected_count": affected}
    assert await members(a) == ["ada", "bo"]
    assert (await a.get(NEWS)).json()["subscribers_count"] == 2
    assert await a.properties("nobody") is None
    for verb in ("add", "remove"):
        assert_error(await a.post(f"{LISTS}none/subscriber/{verb}/", {"distinct_ids": ["ada"]}), 404, "list_not_found")


async def test_a_thousand_members_are_added_at_once_and_paged_in_both_orders(a: ApiClient) -> None:
    ids = [f"u-{n:04}" for n in range(1000)]
    for start in range(0, 1000, 400):
        await a.post("/event/", [{"distinct_id": i, "$user_operations": []} for i in ids[start : start + 400]])
    await a.post(LISTS, {"list_id": "news"})
    answer = await a.post(f"{NEWS}subscriber/add/", {"distinct_ids": ids})
    assert answer.json()["affected_count"] == 1000
    newest = await members(a, query="limit=1000")
    oldest = await members(a, query="limit=1000&sort=id")
    assert newest == oldest[::-1]
    assert sorted(newest) == ids
    page = (await a.get(f"{NEWS}subscriber/")).json()
    assert (page["meta"]["limit"], page["meta"]["count"], len(page["results"])) == (20, 1000, 20)
    cursor = (await a.get(f"{NEWS}subscriber/?sort=id&limit=300")).json()["meta"]["after"]
    after = await members(a, query=f"sort=id&limit=300&after={cursor}")
    assert after == oldest[300:600]
    assert_error(await a.get(f"{NEWS}subscriber/?sort=name"), 400, "invalid_sort")
    assert_error(await a.get(f"{NEWS}subscriber/?after=x"), 400, "invalid_cursor")


async def test_the_list_of_all_users_is_kept_by_the_hub(a: ApiClient) -> None:
    everyone = f"{LISTS}all_users/"
    assert (await a.get(everyone)).json()["subscribers_count"] == 0
    await a.upsert("ada")
    await a.upsert("bo")
    found = (await a.get(everyone)).json()
    assert (found["subscribers_count"], found["is_readonly"]) == (2, True)
    assert await members(a, everyone) == ["bo", "ada"]
    assert await members(a, everyone, "sort=id") == ["ada", "bo"]
    for answer in (
        await a.delete(everyone),
        await a.patch(f"{everyone}delete/"),
        await a.post(f"{everyone}subscriber/add/", {"distinct_ids": ["ada"]}),
        await a.post(f"{everyone}subscriber/remove/", {"distinct_ids": ["ada"]}),
        await a.post(f"{everyone}start_sync/"),
        await a.post(LISTS, {"list_id": "All_Users"}),
    ):
        assert_error(answer, 400, "list_is_readonly")
    assert await members(a, everyone) == ["bo", "ada"]


async def test_a_draft_replaces_the_members_in_one_step(a: ApiClient) -> None:
    await filled(a, "ada", "bo")
    await a.upsert("cy")
    draft = (await a.post(f"{NEWS}start_sync/")).json()
    version = draft["version_id"]
    assert (draft["status"], draft["subscribers_count"]) == ("draft", 0)
    path = f"{NEWS}version/{version}/"
    assert (await a.post(f"{path}subscriber/add/", {"distinct_ids": ["bo", "cy", "nobody"]})).json()[
        "affected_count"
    ] == 2
    assert (await a.post(f"{path}subscriber/remove/", {"distinct_ids": ["bo", "ada"]})).json()["affected_count"] == 1
    assert (await a.get(path)).json()["subscribers_count"] == 1
    live = (await a.get(NEWS)).json()
    assert (live["subscribers_count"], [d["version_id"] for d in live["drafts"]]) == (2, [version])
    assert await members(a) == ["bo", "ada"]

    finished = await a.patch(f"{path}finish_sync/")
    assert finished.status_code == 201
    assert (finished.json()["status"], finished.json()["subscribers_count"]) == ("active", 1)
    assert (finished.json()["version_id"], finished.json()["drafts"]) == (None, None)
    assert await members(a) == ["cy"]
    lists = [
        (await a.get(f"/v1/user/{user}/subscribed_to/list/")).json()["meta"]["count"] for user in ("ada", "bo", "cy")
    ]
    assert lists == [0, 0, 1]
    for answer in (await a.get(path), await a.patch(f"{path}finish_sync/"), await a.delete(path)):
        assert_error(answer, 404, "list_version_not_found")


@pytest.mark.parametrize("form", ["DELETE", "PATCH"])
async def test_a_discarded_draft_leaves_the_list_and_other_drafts_alone(a: ApiClient, form: str) -> None:
    await filled(a, "ada")
    first, second = [(await a.post(f"{NEWS}start_sync/")).json()["version_id"] for _ in range(2)]
    await a.post(f"{NEWS}version/{first}/subscriber/add/", {"distinct_ids": ["ada"]})
    path = f"{NEWS}version/{first}/"
    answer = await a.delete(path) if form == "DELETE" else await a.patch(f"{path}delete/")
    assert answer.status_code == (204 if form == "DELETE" else 200)
    assert await members(a) == ["ada"]
    assert [draft["version_id"] for draft in (await a.get(NEWS)).json()["drafts"]] == [second]
    assert (await a.patch(f"{NEWS}version/{second}/finish_sync/")).status_code == 201
    assert await members(a) == []


async def test_an_unknown_draft_is_404(a: ApiClient) -> None:
    await filled(a, "ada")
    for version in ("x", "01JR0WV5DG8W1Q2JB3N4M5P6R7", "%00", "%F0%9F%99%82", "x" * 300):
        path = f"{NEWS}version/{version}/"
        for answer in (
            await a.get(path),
            await a.delete(path),
            await a.patch(f"{path}delete/"),
            await a.patch(f"{path}finish_sync/"),
            await a.post(f"{path}subscriber/add/", {"distinct_ids": ["ada"]}),
            await a.post(f"{path}subscriber/remove/", {"distinct_ids": ["ada"]}),
        ):
            assert_error(answer, 404, "list_version_not_found")
    assert await members(a) == ["ada"]


async def test_a_deleted_user_leaves_its_lists(a: ApiClient) -> None:
    await filled(a, "ada", "bo")
    await a.delete("/v1/user/ada/")
    assert await members(a) == ["bo"]
    assert (await a.get(NEWS)).json()["subscribers_count"] == 1
    await a.upsert("ada")
    assert await members(a) == ["bo"]
    page = (await a.get("/v1/user/bo/subscribed_to/list/")).json()
    assert [(item["list"]["list_id"], item["list"]["subscribers_count"]) for item in page["results"]] == [("news", 1)]
    assert_error(await a.get("/v1/user/nobody/subscribed_to/list/"), 404, "user_not_found")


async def test_what_is_no_list_id_is_refused(a: ApiClient) -> None:
    for bad in ("a%20b", "%C3%A9", "x" * 65, "%2E%2E", "%00", "a%2Fb", "%ff"):
        for answer in (
            await a.get(f"{LISTS}{bad}/"),
            await a.delete(f"{LISTS}{bad}/"),
            await a.post(f"{LISTS}{bad}/subscriber/add/", {"distinct_ids": []}),
            await a.post(f"{LISTS}{bad}/start_sync/"),
        ):
            assert_error(answer, 400)
