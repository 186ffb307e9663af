"""Choices go through the write path: idempotency keys, history, deletion, merge, workspaces apart, races."""

import asyncio
import json
from collections.abc import Callable

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.choices import SetCategory
from suprsend_hub.domain.preference_terms import Preference
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import FAST_PATH_EDITS

from .categories import CHANNELS, DOCUMENT, OBJECT, USER, category, choose, document, put_into_force, read
from .support import ApiClient, assert_error, bearer, encode

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[FAST_PATH_EDITS, 1], ids=["slow", "fast"])
def either_path(request: pytest.FixtureRequest) -> int:
    """Whichever path a batch takes."""
    return int(request.param)


@pytest.fixture
def fast_path_edits(request: pytest.FixtureRequest) -> int:
    """The tests that ask for `either_path` run with both."""
    return request.getfixturevalue("either_path") if "either_path" in request.fixturenames else FAST_PATH_EDITS


async def test_a_choice_with_an_idempotency_key_counts_once(chooser: ApiClient, either_path: int) -> None:
    """A repetition is answered with what is in force now; another request with the key is refused."""
    path = f"{USER}preference/"
    key = {"idempotency-key": "k1"}

    async def send(part: str, body: object, **headers: str) -> int:
        return (await chooser.request("PATCH", f"{path}{part}", encode(body), headers or key)).status_code

    assert await send("category/news/", {"preference": "opt_out"}) == 202
    assert await send("category/news/", {"preference": "opt_in"}, **{"idempotency-key": "k2"}) == 202
    assert await send("category/news/", {"preference": "opt_out"}) == 202
    assert (await read(chooser, path, "news"))["preference"] == "opt_in", "the repetition changed nothing"
    for part, body in (
        ("category/news/", {"preference": "opt_in"}),
        ("category/offers/", {"preference": "opt_out"}),
        ("category/news/?tenant_id=acme", {"preference": "opt_out"}),
        ("", {"categories": [{"category": "news", "preference": "opt_out"}]}),
        ("channel_preference/", {"channel_preferences": [{"channel": "sms", "is_restricted": True}]}),
    ):
        answer = await chooser.request("PATCH", f"{path}{part}", encode(body), key)
        assert_error(answer, 422, "idempotency_key_reused")
    assert await send("category/news/?tenant_id=acme", {"preference": "opt_out"}, **{"idempotency-key": "k3"}) == 202
    assert await send("category/news/?tenant_id=acme", {"preference": "opt_out"}, **{"idempotency-key": "k3"}) == 202
    assert (await read(chooser, path, "offers"))["original_preference"] is None


async def test_a_refused_choice_leaves_its_idempotency_key_to_the_corrected_one(chooser: ApiClient) -> None:
    path, key = f"{USER}preference/category/security/", {"idempotency-key": "k"}
    refused = await chooser.request("PATCH", path, encode({"preference": "opt_out"}), key)
    assert_error(refused, 400, "preference_not_editable")
    assert (await chooser.request("PATCH", path, encode({"preference": "opt_in"}), key)).status_code == 202


async def history(hub: Services, key: RecipientKey) -> list[tuple[object, object]]:
    """Operations and way back of the edits, oldest first."""
    entries = await hub.recipients.history(key)
    return [(json.loads(entry.operations), json.loads(entry.before or "{}")) for entry in reversed(entries)]


async def test_choices_are_in_the_history_with_the_way_back(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace, either_path: int
) -> None:
    """As operations on the profile that they belong to: the global one, or that of the tenant."""
    path = f"{USER}preference/"
    ada = RecipientKey.user(workspace_a.workspace_id, "u/1")
    start = len(await history(hub, ada))
    await choose(chooser, path, "news", {"preference": "opt_in", "opt_in_channels": ["sms", "email"]})
    await chooser.patch(path, {
        "channel_preferences": [{"channel": "sms", "is_restricted": True}],
        "categories": [{"category": "news", "preference": "opt_out"}],
    })  # fmt: skip
    await chooser.patch("/v1/bulk/user/preference/reset/", {"distinct_ids": ["u/1"]})
    first, second, third = (await history(hub, ada))[start:]
    assert first[0] == [
        {"$preference": {"op": "set_category", "category": "news", "preference": "opt_in",
                         "opt_in_channels": ["sms", "email"]}}
    ]  # fmt: skip
    assert first[1]["$preference"] == {"categories": {"news": {"preference": None, "opt_in_channels": None}}}
    assert [each["$preference"]["op"] for each in second[0]] == ["restrict_channels", "set_category"]
    assert second[1]["$preference"] == {
        "categories": {"news": {"preference": "opt_in", "opt_in_channels": ["email", "sms"]}},
        "restricted": {"sms": None},
    }
    assert third[0] == [{"$preference": {"op": "reset", "categories": True, "channels": True}}]
    assert third[1]["$preference"] == {"categories": {"news": {"preference": "opt_out"}}, "restricted": {"sms": True}}
    await choose(chooser, path, "news", {"preference": "opt_out"}, "?tenant_id=acme")
    assert len(await history(hub, ada)) == start + 3, "nothing happened to the global profile"
    tenant_no = (await hub.tenants.get(ada.workspace_id, "acme")).tenant_no
    [(operations, before)] = await history(hub, ada._replace(tenant_no=tenant_no))
    assert operations == [{"$preference": {"op": "set_category", "category": "news", "preference": "opt_out"}}]
    assert not before, "there was no profile"
    entry = (await hub.recipients.history(ada))[0]
    assert entry.actor, "the history says who it was"


async def test_edits_cannot_choose(chooser: ApiClient) -> None:
    """The form of the history is not a way in."""
    operation = {"$preference": {"op": "set_category", "category": "news", "preference": "opt_out"}}
    await chooser.patch(USER, {"operations": [operation]})
    await chooser.post("/event/", {"distinct_id": "u/1", "$user_operations": [operation]})
    await chooser.post(USER, operation)
    assert (await read(chooser, f"{USER}preference/", "news"))["original_preference"] is None


async def test_deletion_forgets_the_choices_for_every_tenant(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    for owner in (USER, OBJECT):
        path = f"{owner}preference/"
        for query in ("", "?tenant_id=acme"):
            await choose(chooser, path, "news", {"preference": "opt_out"}, query)
        assert (await chooser.delete(owner)).status_code == 204
        assert_error(await chooser.get(path), 404)
        assert (await chooser.post(owner, {})).status_code == 201
        for query in ("", "?tenant_id=acme"):
            assert (await read(chooser, path, "news", query))["original_preference"] is None
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM profile WHERE preferences IS NOT NULL") == 0
        assert await connection.fetchval("SELECT count(*) FROM history WHERE operations::text LIKE '%opt_out%'") == 0


async def test_a_merge_unites_choices_and_the_primarys_win(chooser: ApiClient) -> None:
    """By category, by channel and by tenant; taking the merge back takes the choices back."""
    ours, theirs = f"{USER}preference/", "/v1/user/anon/preference/"
    await chooser.upsert("anon")
    for query in ("", "?tenant_id=acme"):
        await choose(chooser, ours, "news", {"preference": "opt_out"}, query)
        await choose(chooser, theirs, "news", {"preference": "opt_in"}, query)
        await choose(chooser, theirs, "offers", {"preference": "opt_in"}, query)
    restrict = {"channel_preferences": [{"channel": "sms", "is_restricted": True}]}
    free = {"channel_preferences": [{"channel": "sms", "is_restricted": False}]}
    await chooser.patch(f"{ours}channel_preference/", free)
    await chooser.patch(f"{theirs}channel_preference/", restrict)
    assert (await chooser.post(f"{USER}merge/", {"from_user_id": "anon"})).status_code == 201
    for query in ("", "?tenant_id=acme"):
        assert (await read(chooser, ours, "news", query))["original_preference"] == "opt_out"
        assert (await read(chooser, ours, "offers", query))["original_preference"] == "opt_in"
    assert (await chooser.get(ours)).json()["channel_preferences"][1]["is_restricted"] is False
    assert_error(await chooser.get(theirs), 404, "user_not_found")
    assert (await chooser.post(f"/hub{USER}unmerge/", {"from_user_id": "anon"})).status_code == 200
    for query in ("", "?tenant_id=acme"):
        assert (await read(chooser, ours, "offers", query))["original_preference"] is None
        assert (await read(chooser, theirs, "news", query))["original_preference"] == "opt_in"


async def test_workspaces_do_not_see_each_others_categories_and_choices(
    hub: Services,
    chooser: ApiClient,
    b: ApiClient,
    stranger: ApiClient,
    workspace_b: NewWorkspace,
    preference_path: str,
) -> None:
    """With the same ids on both sides."""
    await choose(chooser, preference_path, "news", {"preference": "opt_out"})
    choice = {"preference": "opt_out"}
    owner = preference_path.removesuffix("preference/")
    assert_error(await b.get(preference_path), 404)
    assert (await b.post(owner, {})).status_code == 201
    assert (await b.get(preference_path)).json()["sections"] == []
    assert_error(await b.patch(f"{preference_path}category/news/", choice), 404, "category_not_found")
    assert_error(await b.get(f"{preference_path}?tenant_id=acme"), 404, "tenant_not_found")
    await put_into_force(hub, workspace_b, document(category("news", name="Theirs")))
    assert (await read(b, preference_path, "news"))["original_preference"] is None
    await choose(b, preference_path, "news", {"preference": "opt_in"})
    everything = {"distinct_ids": ["u/1"], "categories": [{"category": "news", "preference": "opt_in"}]}
    assert (await b.patch("/v1/bulk/user/preference/", everything)).status_code == 202
    assert (await b.patch("/v1/bulk/user/preference/reset/", {"distinct_ids": ["u/1"]})).status_code == 202
    found = await read(chooser, preference_path, "news")
    assert (found["name"], found["original_preference"]) == ("News", "opt_out")
    for method, target in (
        ("GET", preference_path), ("PATCH", preference_path), ("GET", f"{preference_path}channel_preference/"), ("PATCH", f"{preference_path}channel_preference/"),
        ("GET", f"{preference_path}category/"), ("GET", f"{preference_path}category/news/"), ("PATCH", f"{preference_path}category/news/"),
        ("PATCH", "/v1/bulk/user/preference/"), ("PATCH", "/v1/bulk/user/preference/reset/"),
    ):  # fmt: skip
        assert_error(await stranger.send(method, target), 401)


async def test_concurrent_choices_all_count(chooser: ApiClient, preference_path: str, either_path: int) -> None:
    """For different categories, channels and tenants, with edits of the profile between them."""
    owner = preference_path.removesuffix("preference/")
    document_slugs = ["mentions", "summary", "news", "offers"]
    answers = await asyncio.gather(
        *(
            chooser.patch(f"{preference_path}category/{slug}/{query}", {"preference": "opt_out"})
            for slug in document_slugs
            for query in ("", "?tenant_id=acme")
        ),
        *(
            chooser.patch(
                f"{preference_path}channel_preference/",
                {"channel_preferences": [{"channel": channel, "is_restricted": True}]},
            )
            for channel in CHANNELS
        ),
        *(chooser.patch(owner, {"operations": [{"$add": {"n": 1}}]}) for _ in range(10)),
    )
    assert {answer.status_code for answer in answers} <= {200, 202}
    for query in ("", "?tenant_id=acme"):
        for slug in document_slugs:
            assert (await read(chooser, preference_path, slug, query))["original_preference"] == "opt_out"
    full = (await chooser.get(preference_path)).json()
    assert all(each["is_restricted"] for each in full["channel_preferences"])
    assert (await chooser.get(owner)).json()["properties"]["n"] == 10


async def test_choices_race_with_deletion_without_leaving_anything_behind(hub: Services, chooser: ApiClient) -> None:
    """A choice is either made before the deletion or not found; it never brings the user back."""
    for _ in range(5):
        await chooser.upsert("racer")
        path = "/v1/user/racer/preference/"
        answers = await asyncio.gather(
            *(
                chooser.patch(f"{path}category/news/{query}", {"preference": "opt_out"})
                for query in ("", "?tenant_id=acme")
            ),
            chooser.delete("/v1/user/racer/"),
            *(
                chooser.patch(f"{path}category/offers/{query}", {"preference": "opt_in"})
                for query in ("", "?tenant_id=acme")
            ),
        )
        assert {answer.status_code for answer in answers} <= {202, 204, 404}
        assert_error(await chooser.get(path), 404, "user_not_found")
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM profile WHERE recipient_id = 'racer'") == 0
    assert await hub.maintenance.check() == []


async def test_choices_race_with_commits_and_none_is_lost(
    hub: Services, make_hub: Callable[[], Services], chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    """A choice that is answered with 202 is stored, whatever a commit removes meanwhile, and comes back with the category."""
    path, both, one = f"{USER}preference/", document(category("news"), category("tips")), document(category("news"))
    await put_into_force(hub, workspace_a, both)
    accepted: dict[int, bool] = {}

    async def choosing(number: int) -> None:
        await chooser.upsert(f"r{number}")
        answer = await chooser.patch(f"/v1/user/r{number}/preference/category/tips/", {"preference": "opt_out"})
        assert answer.status_code in (202, 404), answer.text
        accepted[number] = answer.status_code == 202

    async def committing(number: int) -> None:
        await asyncio.sleep(0.005 * number)
        await put_into_force(hub, workspace_a, one if number % 2 else both)

    await asyncio.gather(*map(choosing, range(40)), *map(committing, range(8)))
    await put_into_force(hub, workspace_a, one)
    for number in accepted:
        assert_error(await chooser.get(f"/v1/user/r{number}/preference/category/tips/"), 404, "category_not_found")
    refused = await chooser.patch(f"{path}category/tips/", {"preference": "opt_out"})
    assert_error(refused, 404, "category_not_found")
    await put_into_force(hub, workspace_a, both)
    stored = {
        number: (await read(chooser, f"/v1/user/r{number}/preference/", "tips"))["original_preference"] == "opt_out"
        for number in accepted
    }
    assert stored == accepted


async def test_a_choice_for_a_category_that_a_commit_just_removed_is_kept_for_its_return(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    """It was checked against the version before: the commit neither loses it nor makes it count."""
    key = RecipientKey.user(workspace_a.workspace_id, "u/1")
    seen_before = await hub.preferences.tenant_view(workspace_a.workspace_id, None)
    await put_into_force(hub, workspace_a, document(category("tips")))
    await hub.preferences.choose(TESTER, key, [SetCategory("news", Preference.OPT_OUT)], seen_before)
    assert [each["category"] for each in (await chooser.get(f"{USER}preference/category/")).json()["results"]] == [
        "tips"
    ]
    await put_into_force(hub, workspace_a, DOCUMENT)
    assert (await read(chooser, f"{USER}preference/", "news"))["original_preference"] == "opt_out"


async def test_what_cannot_be_stored_is_refused_and_changes_nothing(chooser: ApiClient) -> None:
    """Too much for a profile, within one choice and over several; text that has no UTF-8; hostile slugs."""
    path = f"{USER}preference/"
    where = f"{path}category/summary/"
    surrogate = b'{"properties": [{"key": "note", "value": "\\ud800"}]}'
    answer = await chooser.request("PATCH", where, surrogate)
    assert_error(answer, 400)
    huge = {"properties": [{"key": "note", "value": "x" * 262_144}]}
    assert_error(await chooser.patch(where, huge), 400, "profile_too_large")
    bulk = {"distinct_ids": ["u/1"], "categories": [{"category": "summary", **huge}]}
    assert_error(await chooser.patch("/v1/bulk/user/preference/", bulk), 400, "profile_too_large")
    assert_error(await chooser.patch(f"{where}?tenant_id=acme", huge), 400, "profile_too_large")
    assert (await read(chooser, path, "summary"))["properties"][2]["value"] is None
    assert (await read(chooser, path, "summary", "?tenant_id=acme"))["properties"][2]["value"] is None
    for slug in ("%00", "%2E%2E", "a%2Fb", "x" * 2_000, "N%C3%84WS", "%20news", "news%20"):
        for method, body in (("GET", b""), ("PATCH", b'{"preference": "opt_out"}')):
            assert_error(await chooser.request(method, f"{path}category/{slug}/", body), 404, "category_not_found")
    assert_error(await chooser.get(f"{path}category/%ff/"), 400, "invalid_path")


async def test_choices_for_a_renamed_user_reach_it_by_the_old_id(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    """As edits do; reading says where the user went, as everywhere."""
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "manager", frozenset(Scope))
    manager = ApiClient(chooser.http, bearer(created.api_key))
    await choose(chooser, f"{USER}preference/", "offers", {"preference": "opt_in"})
    await choose(chooser, f"{USER}preference/", "offers", {"preference": "opt_in"}, "?tenant_id=acme")
    assert (await manager.post(f"/hub{USER}rename/", {"to": "new"})).status_code == 200
    for query in ("", "?tenant_id=acme"):
        assert (await choose(chooser, f"{USER}preference/", "news", {"preference": "opt_out"}, query))["channels"] == []
        for slug, chosen in (("news", "opt_out"), ("offers", "opt_in")):
            found = await read(chooser, "/v1/user/new/preference/", slug, query)
            assert found["original_preference"] == chosen
    bulk = {"distinct_ids": ["u/1"], "categories": [{"category": "mentions", "preference": "opt_out"}]}
    assert (await chooser.patch("/v1/bulk/user/preference/", bulk)).status_code == 202
    assert (await read(chooser, "/v1/user/new/preference/", "mentions"))["original_preference"] == "opt_out"
    for part in ("", "channel_preference/", "category/", "category/news/"):
        for query in ("", "?tenant_id=acme"):
            error = assert_error(await chooser.get(f"{USER}preference/{part}{query}"), 404, "user_not_found")
            assert error["detail"] == {"renamed_to": "new"}
    assert await chooser.count() == 1
