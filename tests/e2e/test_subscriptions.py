"""Objects, lists and both ends of a subscription through both SDKs. One script, run by each."""

from __future__ import annotations

from typing import Any

import pytest

DONE = {"success": True, "status_code": 204}


@pytest.fixture(params=["ours", "official", "asyncio"])
def run(request, answers_by) -> tuple[str, dict[str, Any]]:
    return answers_by(request.param, "subscriptions.py")


@pytest.fixture
def answers(run) -> dict[str, Any]:
    return run[1]


@pytest.fixture
def prefix(run) -> str:
    return run[0]


def refused(code: int, message: str) -> dict[str, str]:
    return {"raised": "SuprsendAPIException", "text": f"[code: {code}] {message}"}


def object_ids(page: dict[str, Any]) -> list[str]:
    return [item["object"]["id"] for item in page["results"]]


def list_ids(page: dict[str, Any]) -> list[str]:
    return [item["list"]["list_id"] for item in page["results"]]


@pytest.mark.parametrize("part", ["objects", "subscriptions", "lists"])
def test_each_part_of_the_script_ran_to_its_end(answers, part):
    assert answers[part] is None


def test_an_objects_profile_is_edited_like_a_users(answers):
    assert answers["get"]["properties"] == {"name": "Web"}
    assert answers["edit an instance"]["properties"] == {"name": "Web", "floor": 3, "desks": 12, "tags": ["blue"]}
    assert "$email" not in answers["edit an instance"]
    assert answers["edit an instance"]["$slack"][0]["value"]["channel_id"] == "C1"
    assert answers["edit by id"]["properties"] == {"name": "Web", "desks": 12, "tags": ["blue"]}
    assert answers["edit by id with nothing"] == refused(400, "Request body must not be empty")
    every = answers["edit with all methods"]
    assert every["properties"]["tags"] == ["a", "c"]
    assert [identity["value"] for identity in every["$sms"]] == ["+15550100042"]
    assert answers["errors of a body"] is None
    assert len(answers["payload"]["operations"]) > 20
    assert answers["detail_url"].endswith("/a%20b%2Fc%3Fd%23e%25f%2Bg/")
    assert answers["get a hard id"] == answers["upsert a hard id"]


def test_objects_are_listed_by_type_and_deleted_for_good(answers, prefix):
    assert answers["list"]["meta"]["count"] == 3
    assert len(answers["list"]["results"]) == 2
    assert answers["delete"] == DONE
    assert answers["get after delete"] == refused(404, f"object '{prefix}teams/empty' not found")
    assert answers["bulk delete"]["success"] is True
    assert answers["get after bulk delete"] == refused(404, f"object '{prefix}teams/bulk-1' not found")


def test_a_subscription_shows_on_both_ends(answers, prefix):
    results = answers["subscribe"]["results"]
    assert [item["user"]["distinct_id"] for item in results] == [f"{prefix}ada", f"{prefix}bo"]
    assert {item["properties"]["role"] for item in results} == {"developer"}
    assert answers["subscriptions of web"]["meta"]["count"] == 2
    assert answers["counted"]["subscriptions_count"] == 2
    assert answers["inline user"]["$email"][0]["value"] == "bo@example.com"
    assert object_ids(answers["parents"]) == ["company"]
    (child,) = answers["subscriptions of the company"]["results"]
    assert child["user"] is None
    assert child["object"]["id"] == "web"


def test_wrong_subscriptions_are_refused(answers, prefix):
    assert answers["subscribe to itself"]["text"].startswith("[code: 400]")
    assert answers["subscribe to nothing"] == refused(404, f"object '{prefix}teams/nothing' not found")
    assert answers["objects of nobody"] == refused(404, f"User [distinct_id: '{prefix}unknown'] not found")


def test_the_objects_of_a_user_are_walked_forth_and_back(answers):
    first, second = answers["objects of a user, page 1"], answers["objects of a user, page 2"]
    assert (object_ids(first), object_ids(second)) == (["web"], ["company"])
    assert (first["meta"]["has_prev"], first["meta"]["has_next"]) == (False, True)
    assert (second["meta"]["has_prev"], second["meta"]["has_next"]) == (True, False)
    assert answers["objects of a user, back to page 1"] == first


def test_unsubscribing_and_deleting_take_the_subscription_from_both_ends(answers):
    assert answers["unsubscribe"] == DONE
    assert object_ids(answers["objects of a user after unsubscribing"]) == ["company"]
    assert answers["counted after unsubscribing"]["subscriptions_count"] == 1
    assert answers["objects of a user after deletion"]["results"] == []


def test_a_list_counts_the_users_that_exist_once_each(answers, prefix):
    assert answers["create again"]["list_name"] == "Weekly news"
    assert answers["create again"]["list_description"] == "Weekly"
    assert answers["add"] == {"success": True, "affected_count": 2}
    assert answers["cleaned limit and offset"] == [20, 0]
    assert answers["add again"] == {"success": True, "affected_count": 0}
    assert answers["add nobody"] == {"success": True}
    assert answers["get a list"]["subscribers_count"] == 2
    assert list_ids(answers["lists of a user"]) == [f"{prefix}news"]
    assert answers["lists of nobody"] == refused(404, f"user [distinct_id: '{prefix}unknown'] not found")
    assert answers["remove"]["affected_count"] == 1
    assert answers["lists of a user after removal"]["results"] == []
    assert answers["create with a bad id"]["text"].startswith("[code: 400]")


def test_a_draft_replaces_the_list_in_one_step(answers, prefix):
    assert (answers["start_sync"]["status"], answers["start_sync"]["subscribers_count"]) == ("draft", 0)
    assert answers["get a version"]["subscribers_count"] == 1
    live = answers["get a list with a draft"]
    assert live["subscribers_count"] == 1
    assert [draft["version_id"] for draft in live["drafts"]] == [answers["start_sync"]["version_id"]]
    assert answers["finish_sync"]["status"] == "active"
    assert answers["lists of a user left out by the new version"]["results"] == []
    assert list_ids(answers["lists of a user in the new version"]) == [f"{prefix}news"]
    assert answers["get a finished version"]["text"].startswith("[code: 404] version_id")


def test_deleting_takes_memberships_along(answers, prefix):
    assert answers["delete a version"]["success"] is True
    assert answers["get a list after its user is deleted"]["subscribers_count"] == 0
    assert answers["delete a list"]["success"] is True
    assert answers["get a deleted list"] == refused(404, f"list_id: {prefix}news not found")


def test_the_list_of_all_users_is_read_only(answers):
    assert answers["all users"]["is_readonly"] is True
    assert answers["add to all users"]["text"].startswith("[code: 400]")


def test_both_sdks_print_the_same(answers_by, comparable):
    printed = []
    for sdk in ("ours", "official", "asyncio"):
        prefix, answers = answers_by(sdk, "subscriptions.py")
        # how many users there are, and a generated id, differ from run to run
        stable = {name: answers[name] for name in answers if name not in {"all users", "get a finished version"}}
        printed.append(comparable(stable, prefix))
    assert printed[0] == printed[1]
    assert printed[0] == printed[2]
