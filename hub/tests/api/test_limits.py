"""What one key may store and ask for: subscriptions, pages by bytes, lists, drafts, object types, the log of rejects."""

import json

import pytest
from suprsend_hub.domain.limits import (
    MAX_DRAFTS,
    MAX_LISTS,
    MAX_LOGGED_BYTES,
    MAX_LOGGED_REFUSALS,
    MAX_OBJECT_TYPES,
    MAX_PAGE_BYTES,
    MAX_PROFILE_BYTES,
    MAX_SUBSCRIPTION_BYTES,
)
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error

pytestmark = pytest.mark.anyio

LARGE = "x" * (MAX_PROFILE_BYTES - 100)
USERS = 40


async def walk(client: ApiClient, target: str) -> list[list[str]]:
    """The ids of every page, forward, and the size of each page is checked."""
    pages, cursor = [], ""
    while True:
        answer = await client.http.get(
            f"{target}limit=1000{cursor}", headers=client.authorize("GET", f"{target}limit=1000{cursor}", b"")
        )
        assert answer.status_code == 200
        assert len(answer.content) < MAX_PAGE_BYTES + 2 * MAX_PROFILE_BYTES
        body = answer.json()
        pages.append([row.get("distinct_id") or row.get("id") for row in body["results"]])
        if not body["meta"]["has_next"]:
            return pages
        cursor = f"&after={body['meta']['after']}"


@pytest.mark.parametrize("kind", ["user", "object/team"])
async def test_pages_of_large_profiles_end_by_bytes(a: ApiClient, kind: str) -> None:
    """A page of a thousand asks for more than memory should hold: it ends early, and its cursor continues there."""
    for number in range(USERS):
        assert (await a.post(f"/v1/{kind}/u{number:02}/", {"text": LARGE})).status_code == 201
    per_page = MAX_PAGE_BYTES // MAX_PROFILE_BYTES
    pages = await walk(a, f"/v1/{kind}/?")
    assert [len(page) for page in pages] == [per_page, per_page, USERS - 2 * per_page]
    assert [name for page in pages for name in page] == [f"u{number:02}" for number in reversed(range(USERS))]
    last = (await a.get(f"/v1/{kind}/?limit=5")).json()["meta"]["after"]
    back = (await a.get(f"/v1/{kind}/?limit=1000&after={last}")).json()
    assert back["meta"]["has_prev"]
    assert len(back["results"]) == per_page
    before = (await a.get(f"/v1/{kind}/?limit=1000&before={back['meta']['before']}")).json()["results"]
    assert len(before) == 5


async def test_pages_of_what_a_user_is_subscribed_to_end_by_bytes(a: ApiClient) -> None:
    """They show the objects whole."""
    for number in range(USERS):
        await a.post(f"/v1/object/team/t{number:02}/", {"text": LARGE})
        answer = await a.post(f"/v1/object/team/t{number:02}/subscription/", {"recipients": ["ada"]})
        assert answer.status_code == 200
    first = (await a.get("/v1/user/ada/subscribed_to/object/?limit=1000")).json()
    assert len(first["results"]) == MAX_PAGE_BYTES // MAX_PROFILE_BYTES
    second = (await a.get(f"/v1/user/ada/subscribed_to/object/?limit=1000&after={first['meta']['after']}")).json()
    assert second["meta"]["has_prev"]
    assert len(second["results"]) == MAX_PAGE_BYTES // MAX_PROFILE_BYTES


async def test_subscriptions_have_a_size(a: ApiClient) -> None:
    """Properties up to the limit are stored, above it nothing is, and pages of them end by bytes."""
    await a.post("/v1/object/team/core/")
    target = "/v1/object/team/core/subscription/"
    fits = {"x": "x" * (MAX_SUBSCRIPTION_BYTES - 8)}
    too_large = await a.post(target, {"recipients": ["zoe"], "properties": {"x": fits["x"] + "x"}})
    error = assert_error(too_large, 400)
    assert error["error_code"] == "properties_too_large"
    assert str(MAX_SUBSCRIPTION_BYTES) in error["message"]
    assert (await a.get("/v1/user/zoe/")).status_code == 404
    for start in range(0, 300, 100):
        names = [f"u{number}" for number in range(start, start + 100)]
        assert (await a.post(target, {"recipients": names, "properties": fits})).status_code == 200
    page = (await a.get(f"{target}?limit=1000")).json()
    assert (len(page["results"]), page["meta"]["has_next"]) == (MAX_PAGE_BYTES // MAX_SUBSCRIPTION_BYTES, True)
    rest = (await a.get(f"{target}?limit=1000&after={page['meta']['after']}")).json()
    assert (len(rest["results"]), rest["meta"]["has_next"]) == (300 - len(page["results"]), False)


async def test_a_list_has_few_drafts(a: ApiClient) -> None:
    """The error names a draft that can be deleted; then there is room for another."""
    await a.post("/v1/subscriber_list/", {"list_id": "vip"})
    started = [await a.post("/v1/subscriber_list/vip/start_sync/", {}) for _ in range(MAX_DRAFTS)]
    assert {answer.status_code for answer in started} == {201}
    error = assert_error(await a.post("/v1/subscriber_list/vip/start_sync/", {}), 400)
    oldest = started[0].json()["version_id"]
    assert (error["error_code"], oldest in error["message"]) == ("too_many_drafts", True)
    assert (await a.delete(f"/v1/subscriber_list/vip/version/{oldest}/")).status_code == 204
    assert (await a.post("/v1/subscriber_list/vip/start_sync/", {})).status_code == 201


async def test_a_workspace_has_a_number_of_lists(
    a: ApiClient, b: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    """At the limit no list is created, but those that exist can be changed; other workspaces are not concerned."""
    async with hub.database.connection() as connection:
        await connection.execute(
            "INSERT INTO list SELECT $1, 'l' || n, '', '', false, false, gen_random_uuid(), now(), now() "
            "FROM generate_series(1, $2::integer) AS n", workspace_a.workspace_id, MAX_LISTS,
        )  # fmt: skip
    error = assert_error(await a.post("/v1/subscriber_list/", {"list_id": "new"}), 400)
    assert error["error_code"] == "too_many_lists"
    assert (await a.post("/v1/subscriber_list/", {"list_id": "l1", "list_name": "One"})).status_code == 201
    assert (await b.post("/v1/subscriber_list/", {"list_id": "new"})).status_code == 201


async def test_a_workspace_has_a_number_of_object_types(
    a: ApiClient, b: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    """At the limit no object of a new type is created, by no endpoint; objects of known types are."""
    async with hub.database.connection() as connection:
        await connection.execute(
            "INSERT INTO counter (workspace_id, name, place, slot, value) "
            "SELECT $1, 'objects:t' || n, '', 0, 1 FROM generate_series(1, $2::integer) AS n",
            workspace_a.workspace_id, MAX_OBJECT_TYPES,
        )  # fmt: skip
    nested = {"recipients": [{"object_type": "new", "id": "a"}]}
    assert (await a.post("/v1/object/t1/core/")).status_code == 201
    for answer in (
        await a.post("/v1/object/new/a/"),
        await a.patch("/v1/object/new/a/", {"operations": []}),
        await a.post("/v1/object/t1/core/subscription/", nested),
    ):
        assert assert_error(answer, 400)["error_code"] == "too_many_object_types"
    assert (await a.get("/v1/object/new/a/")).status_code == 404
    assert (await a.post("/v1/object/t2/core/")).status_code == 201
    assert (await b.post("/v1/object/new/a/")).status_code == 201


async def test_the_log_of_rejected_records_grows_slowly(a: ApiClient, hub: Services, workspace_a: NewWorkspace) -> None:
    """One event writes few entries however many of its operations are wrong, the last one counts the rest; long ones
    are cut by bytes.
    """
    event = {"distinct_id": "ada", "$user_operations": [0] * 900}
    long = {"distinct_id": "bo", "$user_operations": [{"$append": {"$email": "é" * 3000}}]}
    assert (await a.post("/event/", [event, long, {"distinct_id": 5, "note": "\U0001f600" * 5000}])).status_code == 202
    rows = await hub.rejected.page(workspace_a.workspace_id, limit=100)
    of_ada = [row for row in rows if row.key.recipient_id == "ada"]
    assert len(of_ada) == MAX_LOGGED_REFUSALS
    assert of_ada[0].message.startswith(f"{900 - MAX_LOGGED_REFUSALS + 1} more")
    assert len(rows) == MAX_LOGGED_REFUSALS + 2
    assert all(len(row.record.encode()) <= MAX_LOGGED_BYTES + 10 for row in rows)
    assert all(json.loads(row.record) is not ... for row in rows)
