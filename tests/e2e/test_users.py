"""A user's life through both SDKs: ours, and the vendor's own, unmodified. One script, run by each."""

from __future__ import annotations

from typing import Any

import pytest

ACTIVE = {"status": "active", "perma_status": "active"}
OK = {"success": True, "status": "success", "status_code": 202, "message": "OK"}
UNAUTHORIZED = "Not Authenticated - could not find Workspace details"


@pytest.fixture(params=["ours", "official", "asyncio"])
def run(request, answers_by) -> tuple[str, dict[str, Any]]:
    return answers_by(request.param, "ordinary_use.py")


@pytest.fixture
def answers(run) -> dict[str, Any]:
    return run[1]


PARTS = ["edit_and_read", "in_bulk", "hard_ids", "deprecated", "helpers", "merging", "mistakes", "with_api_key"]


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_script_ran_to_its_end(answers, part):
    assert answers[part] is None


def values(identities: list[dict[str, Any]]) -> list[Any]:
    return [identity["value"] for identity in identities]


def test_an_event_is_accepted_and_the_next_read_shows_every_operation(answers):
    assert answers["async_edit"] == OK
    profile = answers["get"]
    assert profile["properties"] == {
        "name": "Marge",
        "plan": "pro",
        "nested": {"a": [1, 2.5, None, True, "ü"]},
        "first": "kept",
        "second": 2,
        "logins": 3,
        "score": 1.5,
        "tags": ["a", "c"],
        "$preferred_language": "en",
        "$locale": "en_GB",
        "$timezone": "America/New_York",
    }
    assert profile["$email"] == [{"value": "marge@example.com"} | ACTIVE]
    assert profile["$sms"] == [{"value": "+15550100042"} | ACTIVE]
    assert profile["$whatsapp"] == [{"value": "+15550100042"} | ACTIVE]
    assert profile["$androidpush"] == [{"value": "android-1", "id_provider": "fcm"} | ACTIVE]
    assert profile["$iospush"] == [{"value": "ios-1", "id_provider": "apns"} | ACTIVE]
    assert [value["endpoint"] for value in values(profile["$webpush"])] == ["https://push.example.com/1"]
    assert values(profile["$slack"]) == [{"email": "marge@example.com", "access_token": "xoxb-1"}]
    assert [value["user_id"] for value in values(profile["$ms_teams"])] == ["29:1"]


def test_a_synchronous_edit_gives_the_same_profile_as_an_event(answers):
    event, edit = answers["get"], answers["edit with all methods"]
    differing = {"distinct_id", "created_at", "updated_at", "$inbox"}
    assert {key: event[key] for key in event if key not in differing} == {
        key: edit[key] for key in edit if key not in differing
    }


def test_edits_return_the_profile_after_them(answers):
    assert answers["edit an instance"]["properties"]["logins"] == 7
    assert values(answers["edit an instance"]["$email"]) == ["new@example.com"]
    assert answers["edit by id"]["properties"]["plan"] == "free"


def test_an_empty_edit_is_refused(answers):
    assert answers["edit by id with nothing"]["raised"] == "SuprsendAPIException"
    assert "[code: 400]" in answers["edit by id with nothing"]["text"]


def test_a_bad_value_fails_a_synchronous_edit_as_a_whole_and_an_event_in_part(answers):
    assert answers["edit with a bad value"]["raised"] == "SuprsendAPIException"
    assert "[code: 400]" in answers["edit with a bad value"]["text"]
    assert "$email" in answers["edit with a bad value"]["text"]
    assert answers["event with a bad value"].items() >= OK.items()
    after = answers["get after bad values"]
    assert after["properties"]["plan"] == "free"
    assert after["properties"]["from_event"] == "stored"
    assert values(after["$email"]) == ["new@example.com"]


def test_upsert_merges_properties_and_adds_channels(answers):
    profile = answers["upsert"]
    assert values(profile["$sms"]) == ["+15550100042", "+15550100099"]
    assert profile["properties"]["city"] == "Springfield"
    assert profile["properties"]["name"] == "Marge"
    assert values(answers["upsert a new one"]["$email"]) == ["u@example.com"]


def test_a_deleted_user_is_gone_and_may_come_back_empty(run):
    prefix, answers = run
    assert answers["delete"] == {"success": True, "status_code": 204}
    gone = f"[code: 404] user [distinct_id: '{prefix}life'] not found"
    assert answers["delete again"] == {"raised": "SuprsendAPIException", "text": gone}
    assert answers["get after delete"] == {"raised": "SuprsendAPIException", "text": gone}
    assert answers["edit after delete"]["properties"] == {"name": "Again"}


def test_a_thousand_users_are_saved_in_bulk_and_found_on_pages_once_each(answers):
    assert answers["bulk save"]["text"] == (
        "BulkResponse<status: success | total: 1000 | success: 1000 | failure: 0 | warnings: 0>"
    )
    assert answers["bulk save of nothing"]["status"] == "success"
    assert answers["bulk walked"] == {"users": 1000, "distinct": 1000}
    assert answers["list"] == ["meta", "results"]
    assert answers["get one of the bulk"]["properties"] == {"number": 999}


def test_a_merged_user_becomes_part_of_the_primary(run):
    prefix, answers = run
    merged = answers["merge"]
    assert merged["distinct_id"] == f"{prefix}merge ada"
    assert merged["properties"] == {"name": "Ada", "city": "Paris"}
    assert values(merged["$email"]) == ["ada@example.com", "anon@example.com"]
    assert answers["get the primary"] == merged
    (team,) = answers["objects of the primary"]["results"]
    assert team["object"]["id"] == "team"
    (news,) = answers["lists of the primary"]["results"]
    assert news["list"]["list_id"] == f"{prefix}merged"
    (link,) = answers["tenants of the primary"]["results"]
    assert link["tenant"] == {"tenant_id": f"{prefix}merged", "properties": {"role": "guest"}}
    (subscribed,) = answers["subscriptions after the merge"]["results"]
    assert subscribed["user"]["distinct_id"] == f"{prefix}merge ada"
    assert answers["list after the merge"]["subscribers_count"] == 1
    assert "[code: 404]" in answers["objects of the merged one"]["text"]
    gone = f"[distinct_id: '{prefix}merge/anon'] not found"
    assert answers["get the merged one"]["text"] == f"[code: 404] user {gone}"
    assert answers["merge again"]["text"] == f"[code: 404] from_user_id: {gone}"
    assert answers["merge into nobody"]["text"] == f"[code: 404] user [distinct_id: '{prefix}nobody'] not found"
    assert "[code: 400]" in answers["merge with itself"]["text"]
    assert answers["get the merged one after an event"]["properties"] == {"n": 1}


def test_ids_with_any_character_work_through_every_path(run):
    prefix, answers = run
    hard = [name.removeprefix("get ") for name in answers if name.startswith("get ") and f"event {name[4:]}" in answers]
    assert len(hard) == 8
    for name in hard:
        distinct_id = prefix + name
        assert answers[f"event {name}"] == OK
        for step in ("edit", "get"):
            assert answers[f"{step} {name}"]["distinct_id"] == distinct_id
            assert answers[f"{step} {name}"]["properties"] == {"id": distinct_id}
        assert answers[f"delete {name}"] == {"success": True, "status_code": 204}


def test_an_id_of_more_than_255_characters_is_refused(answers):
    """By the hub or, with our SDK, before anything is sent."""
    assert "[code: 400]" in answers["edit a too long id"]["text"]


def test_the_deprecated_interface_still_works(answers):
    assert answers["user.save"] == OK
    assert values(answers["get user.save"]["$email"]) == ["old@example.com"]
    assert answers["bulk_users.save"]["status"] == "success"
    assert answers["get bulk_users.save"]["properties"] == {"number": 2}
    assert answers["bulk_users.trigger"]["status"] == "success"
    assert answers["user: save with all methods"] == OK
    assert answers["get user with all methods"]["properties"] == answers["get"]["properties"]
    assert answers["user: errors of a body"] == []
    assert answers["user: as JSON"]["$user_operations"] == answers["user: event"]["$user_operations"]
    assert answers["user: size"] == [{"text": "ü" * 100}, len('{"text": ""}') + 200]


def test_what_an_edit_would_send_can_be_asked_for(run):
    prefix, answers = run
    assert answers["errors of a body"] == []
    operations = answers["payload"]["operations"]
    assert answers["payload of an event"] == {
        "$schema": "2",
        "env": "workspace_key",
        "distinct_id": f"{prefix}many-0",
        "$user_operations": operations,
        "tenant_id": "acme",
    }
    assert answers["payload in short"]["$user_operations"] == operations
    assert answers["payload with its size"] == [{"text": "ü" * 100}, len('{"text": ""}') + 200]
    assert answers["payload that is too big"]["raised"] == "InputValueError"
    assert answers["detail_url"].endswith(f"/v1/user/{prefix}a%20b%2Fc/")
    assert answers["detail_url_for_tenant"].endswith(f"/v1/user/{prefix}a/tenant/acme%2Fberlin/")
    assert answers["detail_url of no user"] == answers["no id"]


def test_many_users_are_deleted_in_one_call(run):
    prefix, answers = run
    assert answers["bulk delete"] == {"success": True, "status_code": 204}
    assert answers["get after bulk delete"]["text"] == f"[code: 404] user [distinct_id: '{prefix}many-2'] not found"
    assert answers["bulk delete of nobody"]["text"].startswith("[code: 400]")


def test_mistakes_are_caught_before_anything_is_sent(answers):
    assert answers["no id"] == {"raised": "SuprsendValidationError", "text": "[code: 400] missing distinct_id"}
    assert answers["no id to get"] == answers["no id"]
    assert answers["nothing to edit"]["raised"] == "SuprsendValidationError"
    assert answers["too big"] == "InputValueError"
    assert answers["no workspace"]["raised"] == "SuprsendConfigError"


@pytest.mark.parametrize("step", ["wrong secret", "wrong secret, event", "unknown key", "wrong API key"])
def test_wrong_credentials_all_give_the_same_401(answers, step):
    assert answers[step] == {"raised": "SuprsendAPIException", "text": f"[code: 401] {UNAUTHORIZED}"}


def test_an_api_key_does_what_signatures_do(answers):
    assert answers["API key: async_edit"] == OK
    assert answers["API key: get"]["properties"] == {"by": "API key"}
    assert answers["API key: bulk"]["status"] == "success"
    assert answers["API key: delete"] == {"success": True, "status_code": 204}


def test_both_sdks_print_the_same(answers_by, comparable):
    """Our SDK is a drop-in replacement: the same script gets the same answers, times and warnings aside."""
    printed = []
    for sdk in ("ours", "official", "asyncio"):
        prefix, answers = answers_by(sdk, "ordinary_use.py")
        # the longest id depends on the length of the prefix, and our SDK sends nothing for an id that is too long
        other = {"edit a too long id", *(name for name in answers if "x" * 10 in name)}
        printed.append(comparable({name: answers[name] for name in answers if name not in other}, prefix))
    assert printed[0] == printed[1]
    assert printed[0] == printed[2]
