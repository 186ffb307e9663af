"""`/hub/v1/resolve/`: a sender asks once whether, where and in which language to send."""

import pytest
from cast import TESTER
from suprsend_hub.domain.actor import Scope
from suprsend_hub.service import pages, reaching
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.store import aliases, categories, profiles, sending

from .support import ApiClient, assert_error, bearer

pytestmark = pytest.mark.anyio

RESOLVE = "/hub/v1/resolve/"
CATEGORIES = {
    "root_categories": [
        {
            "root_category": "transactional",
            "sections": [
                {
                    "name": None,
                    "categories": [
                        {"category": "news", "name": "News", "default_preference": "opt_in"},
                        {"category": "quiet", "name": "Quiet", "default_preference": "opt_out"},
                        {
                            "category": "bill",
                            "name": "Bills",
                            "default_preference": "cant_unsubscribe",
                            "default_mandatory_channels": ["email"],
                        },
                    ],
                }
            ],
        }
    ]
}


@pytest.fixture
async def manager(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> ApiClient:
    """A client that may do everything in workspace A, which has categories."""
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "admin", frozenset(Scope))
    client = ApiClient(a.http, bearer(created.api_key))
    await commit(client, workspace_a)
    return client


async def commit(client: ApiClient, workspace: NewWorkspace, document: object = CATEGORIES) -> None:
    name = workspace.name.replace(" ", "%20")
    answer = await client.post(f"/v1/{name}/preference_category/?commit=true&commit_message=x", document)
    assert answer.status_code == 200, answer.text


async def resolved(client: ApiClient, **question: object) -> dict:
    answer = await client.post(RESOLVE, {"category": "news", **question})
    assert answer.status_code == 200, answer.text
    return answer.json()


def address(value: str) -> dict:
    return {"value": value, "status": "active", "perma_status": "active"}


async def test_each_recipient_has_a_decision_its_rule_the_addresses_language_and_timezone(manager: ApiClient) -> None:
    await manager.upsert(
        "ada",
        {
            "$email": ["ada@example.com", "a@example.com"],
            "$sms": ["+15550100"],
            "$locale": "en_GB",
            "$timezone": "Europe/London",
        },
    )
    answer = await resolved(manager, distinct_ids=["ada"], channels=["sms", "email", "slack"])
    assert answer["results"] == [
        {
            "distinct_id": "ada",
            "send": True,
            "rule": "default",
            "channels": [
                {"channel": "sms", "send": True, "rule": "default", "addresses": [address("+15550100")]},
                {
                    "channel": "email",
                    "send": True,
                    "rule": "default",
                    "addresses": [address("ada@example.com"), address("a@example.com")],
                },
                {"channel": "slack", "send": False, "rule": "no_address", "addresses": []},
            ],
            "language": "en",
            "locale": "en_GB",
            "timezone": "Europe/London",
        }
    ]


async def rule_of(
    client: ApiClient, category: str, **question: object
) -> tuple[bool, str, dict[str, tuple[bool, str]]]:
    [found] = (await resolved(client, distinct_ids=["ada"], category=category, **question))["results"]
    return found["send"], found["rule"], {each["channel"]: (each["send"], each["rule"]) for each in found["channels"]}


async def test_the_rule_that_decided_is_named(manager: ApiClient) -> None:
    """Choices, restrictions, mandatory channels, defaults of the workspace and of the tenant, what the tenant blocks."""
    await manager.upsert("ada", {"$email": ["ada@example.com"], "$sms": ["+15550100"]})
    both = {"channels": ["email", "sms"]}
    assert await rule_of(manager, "quiet", **both) == (
        False, "default", {"email": (False, "default"), "sms": (False, "default")},
    )  # fmt: skip
    preference = "/v1/user/ada/preference/"
    await manager.patch(f"{preference}category/quiet/", {"preference": "opt_in", "opt_out_channels": ["sms"]})
    assert await rule_of(manager, "quiet", **both) == (
        True, "chosen", {"email": (True, "chosen"), "sms": (False, "chosen")},
    )  # fmt: skip
    await manager.patch(f"{preference}category/news/", {"preference": "opt_out"})
    assert (await rule_of(manager, "news"))[:2] == (False, "chosen")
    await manager.patch(
        f"{preference}channel_preference/",
        {"channel_preferences": [{"channel": each, "is_restricted": True} for each in ("email", "sms")]},
    )
    assert await rule_of(manager, "bill", **both) == (
        True, "mandatory", {"email": (True, "mandatory"), "sms": (False, "channel_restricted")},
    )  # fmt: skip
    assert (await rule_of(manager, "bill", channels=["slack"]))[:2] == (False, "no_address")
    await manager.post("/v1/tenant/acme/", {"tenant_name": "Acme", "blocked_channels": ["email"]})
    await manager.patch("/v1/tenant/acme/preference/category/quiet/", {"preference": "opt_in"})
    assert await rule_of(manager, "quiet", **both, tenant_id="acme") == (
        True, "tenant", {"email": (False, "channel_blocked"), "sms": (True, "tenant")},
    )  # fmt: skip
    await manager.patch("/v1/tenant/acme/preference/category/quiet/", {"enabled_for_tenant": False})
    assert (await rule_of(manager, "quiet", tenant_id="ACME"))[:2] == (False, "category_disabled")
    await manager.send("PUT", "/hub/v1/active_channels/", {"channels": ["sms"]})
    assert (await rule_of(manager, "quiet", channels=["email"])) == (
        False, "channel_inactive", {"email": (False, "channel_inactive")},
    )  # fmt: skip


async def test_only_active_addresses_are_answered(manager: ApiClient) -> None:
    """A bounced address stays in the profile, and no sender gets it."""
    await manager.upsert("ada", {"$email": ["ada@example.com", "a@example.com"], "$sms": ["+15550100"]})
    reports = [
        {"channel": "email", "value": "ada@example.com", "event": "hard_bounce"},
        {"channel": "sms", "value": "+15550100", "event": "stop"},
    ]
    await manager.post("/hub/v1/channel_status/", {"reports": reports})
    [ada] = (await resolved(manager, distinct_ids=["ada"], channels=["email", "sms"]))["results"]
    assert [(each["rule"], [one["value"] for one in each["addresses"]]) for each in ada["channels"]] == [
        ("default", ["a@example.com"]),
        ("no_address", []),
    ]
    await manager.upsert("ada", {"$email": ["ada@example.com"], "$sms": ["+15550100"]})
    [ada] = (await resolved(manager, distinct_ids=["ada"], channels=["email", "sms"]))["results"]
    assert [each["send"] for each in ada["channels"]] == [True, True]
    assert len(ada["channels"][0]["addresses"]) == 1, "the bounced address was added again and stays disabled"


async def test_within_a_tenant_the_addresses_are_those_that_get_shows_there(
    hub: Services, manager: ApiClient, workspace_a: NewWorkspace
) -> None:
    """Overlay, fall-through and its allowlist; the time zone is that of the user, else of the tenant."""
    await manager.upsert("ada", {"$email": ["ada@example.com"], "$sms": ["+15550100"], "$locale": "de_DE"})
    await manager.post("/v1/tenant/acme/", {"tenant_name": "Acme", "timezone": "Asia/Tokyo"})

    async def answer(client: ApiClient) -> tuple:
        question = {"distinct_ids": ["ada"], "channels": ["email", "sms"], "tenant_id": "acme"}
        [ada] = (await resolved(client, **question))["results"]
        shown = (await client.get("/v1/user/ada/tenant/acme/")).json()
        assert [each["addresses"] for each in ada["channels"]] == [shown.get("$email", []), shown.get("$sms", [])]
        values = [[one["value"] for one in each["addresses"]] for each in ada["channels"]]
        return values, ada["language"], ada["timezone"]

    assert await answer(manager) == ([["ada@example.com"], ["+15550100"]], "de", "Asia/Tokyo")
    within = {"$email": ["ada@acme.example"], "$locale": "fr", "$timezone": "Europe/Paris"}
    await manager.post("/v1/user/ada/tenant/acme/", within)
    assert await answer(manager) == ([["ada@acme.example"], ["+15550100"]], "fr", "Europe/Paris")
    await manager.patch("/hub/v1/tenancy/", {"user_tenancy_channel_fallback_mode": "allowlist"})
    created = await hub.workspaces.create_api_key(TESTER, workspace_a.name, "new", frozenset(Scope))
    reader = ApiClient(manager.http, bearer(created.api_key))  # of which no rules are remembered
    assert await answer(reader) == ([["ada@acme.example"], []], "fr", "Europe/Paris")


async def test_choices_for_a_tenant_do_not_make_a_link(manager: ApiClient) -> None:
    """A profile for a tenant that holds only choices leaves the global addresses as they are."""
    await manager.upsert("ada", {"$email": ["ada@example.com"]})
    await manager.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
    await manager.patch("/v1/user/ada/preference/category/quiet/?tenant_id=acme", {"preference": "opt_in"})
    [ada] = (await resolved(manager, distinct_ids=["ada"], category="quiet", tenant_id="acme"))["results"]
    assert (ada["send"], ada["rule"]) == (True, "chosen")
    assert ada["channels"][0]["addresses"] == [address("ada@example.com")]


async def test_the_default_tenant_has_the_choices_of_nobody_and_profiles_of_its_own(manager: ApiClient) -> None:
    await manager.upsert("ada", {"$email": ["ada@example.com"]})
    await manager.post("/v1/user/ada/tenant/default/", {"$email": ["ada@default.example"]})
    await manager.patch("/v1/user/ada/preference/category/quiet/", {"preference": "opt_in"})
    question = {"distinct_ids": ["ada"], "category": "quiet", "channels": ["email"]}
    for tenant, value in ((None, "ada@example.com"), ("default", "ada@default.example")):
        [ada] = (await resolved(manager, **question, tenant_id=tenant))["results"]
        assert (ada["rule"], ada["channels"][0]["addresses"]) == ("chosen", [address(value)])


async def test_other_ids_are_accounted_for(manager: ApiClient) -> None:
    """Unknown, renamed and merged users; each user is answered once, whatever ids lead to it."""
    for name in ("old", "ada", "anon"):
        await manager.upsert(name)
    await manager.post("/hub/v1/user/old/rename/", {"to": "new"})
    await manager.post("/v1/user/ada/merge/", {"from_user_id": "anon"})
    asked = ["nobody", "old", "ada", "anon", "new", "ada"]
    answer = await resolved(manager, distinct_ids=asked)
    assert [each["distinct_id"] for each in answer["results"]] == ["new", "ada"]
    assert {name: answer[name] for name in ("aliases", "not_found", "merged_into", "not_read")} == {
        "aliases": {"old": "new"},
        "not_found": ["nobody", "anon"],
        "merged_into": {"anon": "ada"},
        "not_read": [],
    }
    many = (await manager.post("/hub/v1/user/read_many/", {"distinct_ids": asked})).json()
    assert [each["distinct_id"] for each in many.pop("results")] == ["new", "ada"]
    assert many == {name: answer[name] for name in many}


async def test_a_full_answer_says_which_ids_are_left(manager: ApiClient) -> None:
    """4 MiB of stored profiles, in the order of the ids, never less than one user; aliases count as ids."""
    ids = [f"u{number}" for number in range(20)]
    for name in ids:
        await manager.upsert(name, {"text": "x" * 250_000})
    await manager.post("/hub/v1/user/u18/rename/", {"to": "v18"})
    for path, question in (
        (RESOLVE, {"category": "news", "distinct_ids": ids}),
        ("/hub/v1/user/read_many/", {"distinct_ids": ids}),
    ):
        answer = (await manager.post(path, question)).json()
        assert [each["distinct_id"] for each in answer["results"]] == ids[:16]
        assert answer["not_read"] == ids[16:]
        assert (answer["not_found"], answer["aliases"]) == ([], {})
    answer = await resolved(manager, distinct_ids=answer["not_read"])
    assert [each["distinct_id"] for each in answer["results"]] == ["u16", "u17", "v18", "u19"]
    assert answer["aliases"] == {"u18": "v18"}


async def pages_of(client: ApiClient, **question: object) -> list[list[str]]:
    """The ids of all pages."""
    found, after = [], None
    while True:
        answer = await resolved(client, **question, after=after)
        found.append([each.get("distinct_id") or f"{each['object_type']}/{each['id']}" for each in answer["results"]])
        after = answer["meta"]["after"]
        assert answer["meta"]["has_next"] is (after is not None)
        if after is None:
            return found


async def test_the_members_of_an_object_come_page_by_page(manager: ApiClient) -> None:
    """Users and objects, newest first; what was deleted meanwhile is left out."""
    recipients = ["u0", "u1", {"object_type": "teams", "id": "child"}, "u2"]
    for each in recipients:
        body = {"recipients": [each], "parent_object_properties": {}}
        assert (await manager.post("/v1/object/teams/core/subscription/", body)).status_code == 200
    await manager.post("/v1/object/teams/child/", {"$email": ["team@example.com"]})
    core = {"object_type": "teams", "id": "core"}
    assert await pages_of(manager, object=core, limit=3) == [["u2", "teams/child", "u1"], ["u0"]]
    await manager.delete("/v1/user/u1/")
    assert await pages_of(manager, object=core) == [["u2", "teams/child", "u0"]]
    child = (await resolved(manager, object=core))["results"][1]
    assert (child["send"], child["channels"][0]["addresses"]) == (True, [address("team@example.com")])
    assert (await resolved(manager, object=core))["meta"]["count"] == 3


async def test_the_members_of_a_list_come_page_by_page(manager: ApiClient) -> None:
    ids = [f"u{number}" for number in range(5)]
    await manager.post("/v1/subscriber_list/", {"list_id": "news"})
    for name in ids:
        await manager.upsert(name)
        await manager.post("/v1/subscriber_list/news/subscriber/add/", {"distinct_ids": [name]})
    newest_first = [["u4", "u3"], ["u2", "u1"], ["u0"]]
    assert await pages_of(manager, list_id="news", limit=2) == newest_first
    assert await pages_of(manager, list_id="all_users", limit=2) == newest_first
    await manager.post("/v1/subscriber_list/", {"list_id": "empty"})
    assert await pages_of(manager, list_id="empty") == [[]]


async def test_a_page_of_members_ends_by_bytes(manager: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """And continues where it ended, with large and small members mixed."""
    for module in (pages, reaching):
        monkeypatch.setattr(module, "MAX_PAGE_BYTES", 4096)
    await manager.post("/v1/subscriber_list/", {"list_id": "news"})
    for number in range(6):
        await manager.upsert(f"u{number}", {"text": "x" * (3000 if number % 2 else 10)})
        await manager.post("/v1/subscriber_list/news/subscriber/add/", {"distinct_ids": [f"u{number}"]})
    assert await pages_of(manager, list_id="news") == [["u5", "u4"], ["u3", "u2"], ["u1", "u0"]]


async def test_another_workspace_and_another_tenant_see_nothing(
    manager: ApiClient, b: ApiClient, hub: Services, workspace_b: NewWorkspace
) -> None:
    created = await hub.workspaces.create_api_key(TESTER, workspace_b.name, "admin", frozenset(Scope))
    await commit(ApiClient(b.http, bearer(created.api_key)), workspace_b)
    await manager.upsert("ada", {"$email": ["ada@example.com"]})
    for tenant in ("acme", "globex"):
        await manager.post(f"/v1/tenant/{tenant}/", {"tenant_name": tenant})
    await manager.post("/v1/user/ada/tenant/acme/", {"$email": ["ada@acme.example"]})
    await manager.patch("/v1/user/ada/preference/category/news/?tenant_id=acme", {"preference": "opt_out"})
    [ada] = (await resolved(manager, distinct_ids=["ada"], tenant_id="globex"))["results"]
    assert (ada["rule"], ada["channels"][0]["addresses"]) == ("default", [address("ada@example.com")])
    assert (await resolved(b, distinct_ids=["ada"]))["not_found"] == ["ada"]
    assert_error(await b.post(RESOLVE, {"category": "news", "distinct_ids": ["ada"], "tenant_id": "acme"}), 404)
    await manager.post("/v1/subscriber_list/", {"list_id": "news"})
    assert_error(await b.post(RESOLVE, {"category": "news", "list_id": "news"}), 404, "list_not_found")
    await manager.post("/v1/object/teams/core/", {})
    core = {"object_type": "teams", "id": "core"}
    assert_error(await b.post(RESOLVE, {"category": "news", "object": core}), 404, "object_not_found")


async def test_a_tenant_that_is_created_again_has_neither_addresses_nor_choices_of_its_earlier_life(
    manager: ApiClient,
) -> None:
    await manager.upsert("ada", {"$email": ["ada@example.com"]})
    for _ in range(2):
        await manager.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
        [ada] = (await resolved(manager, distinct_ids=["ada"], tenant_id="acme"))["results"]
        assert (ada["rule"], ada["channels"][0]["addresses"]) == ("default", [address("ada@example.com")])
        await manager.post("/v1/user/ada/tenant/acme/", {"$email": ["ada@acme.example"]})
        await manager.patch("/v1/user/ada/preference/category/news/?tenant_id=acme", {"preference": "opt_out"})
        assert (await rule_of(manager, "news", tenant_id="acme"))[:2] == (False, "chosen")
        await manager.delete("/v1/tenant/acme/")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({}, "invalid_value"),
        ({"distinct_ids": ["ada"]}, "invalid_value"),
        ({"category": "news"}, "invalid_value"),
        ({"category": "news", "distinct_ids": ["ada"], "list_id": "news"}, "invalid_value"),
        ({"category": "news", "distinct_ids": ["ada"], "tenant": "acme"}, "invalid_value"),
        ({"category": "news", "distinct_ids": ["ada"], "channels": []}, "invalid_value"),
        ({"category": "news", "distinct_ids": ["ada"], "channels": ["pigeon"]}, "invalid_value"),
        ({"category": "news", "distinct_ids": ["ada"], "limit": 5}, "invalid_value"),
        ({"category": "news", "list_id": "news", "limit": 0}, "invalid_value"),
        ({"category": "news", "list_id": "news", "limit": True}, "invalid_value"),
        ({"category": "news", "list_id": "news", "after": 5}, "invalid_value"),
        ({"category": "news", "list_id": "l", "after": "x"}, "list_not_found"),
        ({"category": "news", "list_id": "all_users", "after": "ü"}, "invalid_cursor"),
        ({"category": "news", "list_id": 5}, "invalid_id"),
        ({"category": "news", "object": "teams/core"}, "invalid_value"),
        ({"category": "news", "object": {"object_type": "teams"}}, "invalid_id"),
        ({"category": "news", "object": {"object_type": "teams", "id": "x", "y": 1}}, "invalid_value"),
        ({"category": "news", "distinct_ids": "ada"}, "missing_ids"),
        ({"category": "news", "distinct_ids": [5]}, "invalid_id"),
        ({"category": "news", "distinct_ids": ["x"] * 1001}, "too_many_ids"),
        ({"category": "news", "distinct_ids": ["ada"], "tenant_id": ""}, "invalid_id"),
        ({"category": "news", "distinct_ids": ["ada"], "tenant_id": "globex"}, "tenant_not_found"),
        ({"category": "\0", "distinct_ids": ["ada"]}, "invalid_value"),
        ({"category": "gossip", "distinct_ids": ["ada"]}, "category_not_found"),
        ([], "invalid_body"),
    ],
)
async def test_a_wrong_question_is_refused(manager: ApiClient, question: object, code: str) -> None:
    answer = await manager.send("POST", RESOLVE, question)
    assert_error(answer, 404 if code.endswith("not_found") else 400, code)


async def test_no_ids_are_no_users(manager: ApiClient) -> None:
    """An empty list never means everybody."""
    assert (await resolved(manager, distinct_ids=[]))["results"] == []


async def test_a_thousand_users_take_a_few_statements(
    manager: ApiClient, hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ids: the settings, the profiles, and what became of unknown ids."""
    await resolved(manager, distinct_ids=["warm"])
    ids = [f"u{number}" for number in range(1000)]
    for start in range(0, 800, 400):
        events = [{"distinct_id": name, "$user_operations": []} for name in ids[start : start + 400]]
        assert (await manager.post("/event/", events)).status_code == 202
    statements = []
    for module in (aliases, categories, profiles, sending):
        original = module.sql
        monkeypatch.setattr(module, "sql", lambda name, original=original: statements.append(name) or original(name))
    answer = await resolved(manager, distinct_ids=ids)
    assert (len(answer["results"]), len(answer["not_found"])) == (800, 200)
    assert sorted(statements) == ["find_preference_settings", "read_aliases", "read_small_profiles", "read_tombstones"]
