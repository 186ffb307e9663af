"""`POST /event/`: one event or many, what is refused whole, what goes to the log, and that nothing counts twice."""

import asyncio
import json
import uuid

import pytest
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error, encode

pytestmark = pytest.mark.anyio


def event(distinct_id: object, *operations: object, **more: object) -> dict:
    return {"distinct_id": distinct_id, "$user_operations": list(operations), **more}


async def rejected(hub: Services, workspace: NewWorkspace) -> list[tuple[str, str]]:
    """What is in the log, oldest first: user and code."""
    rows = await hub.rejected.page(workspace.workspace_id)
    return [(row.key.recipient_id, row.code) for row in reversed(rows)]


async def test_an_event_as_the_official_sdk_writes_it(a: ApiClient, workspace_a: NewWorkspace) -> None:
    for env in (workspace_a.workspace_key, workspace_a.workspace_uid):
        written = {
            "$schema": "2", "$insert_id": str(uuid.uuid4()), "$time": 1748944800000, "env": env, "distinct_id": " ada ",
            "$user_operations": [{"$add": {"n": 1}}, {"$append": {"$email": "ada@example.com"}}],
            "properties": {"$ss_sdk_version": "suprsend-py-sdk/0.20.0 (python/3.11.7; linux)"},
        }  # fmt: skip
        answer = await a.post("/event/", written)
        assert (answer.status_code, answer.text) == (202, "OK")
    assert await a.properties("ada") == {"n": 2}


async def test_events_of_an_array_apply_in_order(a: ApiClient) -> None:
    events = [event("ada", {"$append": {"seen": n}}) for n in range(20)]
    events.insert(10, event("ada", {"$unset": ["seen"]}))
    assert (await a.post("/event/", events)).status_code == 202
    assert await a.properties("ada") == {"seen": list(range(10, 20))}


async def test_an_event_without_operations_creates_the_user_and_an_empty_array_does_nothing(a: ApiClient) -> None:
    assert (await a.post("/event/", [])).status_code == 202
    assert await a.count() == 0
    assert (await a.post("/event/", event("ada"))).status_code == 202
    assert await a.properties("ada") == {}


async def test_the_forms_of_old_sdks_are_read(a: ApiClient) -> None:
    for legacy in (
        [{"distinct_id": "ada", "$set": {"name": "Ada"}}],
        [
            {"event": "$identify", "distinct_id": "bo", "properties": {"$identified_id": "bo"}},
            {"distinct_id": "bo", "$set_once": {"name": "Ada"}},
        ],
        [
            {"distinct_id": "cy", "$append": {"name": "x"}},
            {"distinct_id": "cy", "$unset": ["name"]},
            {"distinct_id": "cy", "$set": {"name": "Ada"}, "tenant_id": None},
        ],
    ):
        assert (await a.post("/event/", legacy)).status_code == 202
        assert await a.properties(legacy[0]["distinct_id"]) == {"name": "Ada"}


BAD_EVENTS = {
    "no operations": ({"distinct_id": "ada"}, 400, "invalid_event"),
    "track event": ({"distinct_id": "ada", "event": "PRODUCT_VIEWED", "properties": {}}, 400, "track_event"),
    "no distinct_id": ({"$user_operations": []}, 400, "invalid_id"),
    "distinct_id null": (event(None), 400, "invalid_id"),
    "distinct_id number": (event(5), 400, "invalid_id"),
    "distinct_id blank": (event(" "), 400, "invalid_id"),
    "distinct_id dots": (event(".."), 400, "invalid_id"),
    "distinct_id too long": (event("x" * 256), 400, "invalid_id"),
    "distinct_id NUL": (event("a\0b"), 400, "invalid_id"),
    "operations no array": ({"distinct_id": "ada", "$user_operations": {"$set": {"n": 1}}}, 400, "invalid_operations"),
    "operations null": ({"distinct_id": "ada", "$user_operations": None}, 400, "invalid_operations"),
    "wrong env": (event("ada", env="somebody else's workspace"), 400, "wrong_env"),
    "env number": (event("ada", env=5), 400, "wrong_env"),
    "tenant": (event("ada", tenant_id="acme"), 404, "tenant_not_found"),
    "tenant number": (event("ada", tenant_id=5), 400, "invalid_id"),
    "insert id number": (event("ada", **{"$insert_id": 5}), 400, "invalid_insert_id"),
    "insert id blank": (event("ada", **{"$insert_id": " "}), 400, "invalid_insert_id"),
    "insert id too long": (event("ada", **{"$insert_id": "x" * 256}), 400, "invalid_insert_id"),
    "event too large": (event("ada", {"$set": {"text": "x" * 33_000}}), 413, "event_too_large"),
}


async def test_a_single_bad_event_is_refused_and_among_good_ones_it_goes_to_the_log(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    for what, (bad, status, code) in BAD_EVENTS.items():
        answer = await a.post("/event/", bad)
        assert (what, answer.status_code) == (what, status)
        assert_error(answer, status, code)
    assert await a.count() == 0
    assert await rejected(hub, workspace_a) == []

    for number, (what, (bad, _, code)) in enumerate(BAD_EVENTS.items(), 1):
        answer = await a.post("/event/", [event("bo", {"$add": {"n": 1}}), bad, event("bo", {"$add": {"n": 1}})])
        assert (what, answer.status_code, answer.text) == (what, 202, "OK")
        log = await rejected(hub, workspace_a)
        assert (what, len(log), log[-1][1]) == (what, number, code)
        assert log[-1][0] in ("ada", "")
    assert await a.properties("bo") == {"n": 2 * len(BAD_EVENTS)}
    assert await a.count() == 1


async def test_operations_that_cannot_be_applied_go_to_the_log_and_the_others_apply(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    operations = [
        {"$set": {"ok": 1, "$reserved": 1}},
        {"$append": {"$email": ["good@example.com", "no address"]}},
        {"$add": {"text": "one"}},
        {"$nonsense": {}},
        "no object",
        {"$unset": ["gone"]},
    ]
    assert (await a.post("/event/", event("ada", *operations))).status_code == 202
    user = (await a.get("/v1/user/ada/")).json()
    assert user["properties"] == {"ok": 1}
    assert [identity["value"] for identity in user["$email"]] == ["good@example.com"]
    assert {user for user, _ in await rejected(hub, workspace_a)} == {"ada"}
    assert {code for _, code in await rejected(hub, workspace_a)} == {
        "reserved_key", "invalid_channel_value", "not_a_number", "unknown_operator", "invalid_operation"
    }  # fmt: skip


WHOLE = {
    "no JSON": (b"[{]", "invalid_json"),
    "an element that is no object": (encode([event("ada"), "text"]), "invalid_event"),
    "an element that is null": (encode([event("ada"), None]), "invalid_event"),
    "nested array": (encode([[event("ada")]]), "invalid_event"),
    "401 events": (encode([event(f"u-{n}") for n in range(401)]), "too_many_events"),
    "trailing garbage": (encode([event("ada")]) + b"x", "invalid_json"),
    "two arrays": (encode([event("ada")]) * 2, "invalid_json"),
    "unclosed": (encode([event("ada")])[:-1], "invalid_json"),
    "NaN": (b'[{"distinct_id":"ada","$user_operations":[{"$set":{"n":NaN}}]}]', "invalid_json"),
    "not UTF-8": (b'[{"distinct_id":"ada","$user_operations":[{"$set":{"n":"\xff"}}]}]', "invalid_json"),
}


async def test_an_array_is_refused_whole_only_for_what_no_sdk_can_produce(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    for what, (body, code) in WHOLE.items():
        answer = await a.request("POST", "/event/", body)
        assert (what, answer.status_code) == (what, 400)
        assert_error(answer, 400, code)
    assert await a.count() == 0
    assert await rejected(hub, workspace_a) == []


ASKING = {"suprsend-report": "refusals"}


async def refusals(a: ApiClient, body: object) -> list[dict]:
    """What is reported of these events; the answer to those who do not ask stays OK."""
    answer = await a.request("POST", "/event/", encode(body), ASKING)
    assert answer.status_code == 202
    return [] if answer.text == "OK" else answer.json()["refused"]


async def test_refusals_are_reported_to_those_who_ask(a: ApiClient) -> None:
    """By position: what was refused of an event in part, and as a whole, with what it would have got alone."""
    await a.upsert("ada", {"text": "x"})
    for bad, status, code in BAD_EVENTS.values():
        [record] = await refusals(a, [event("bo"), bad, event("bo")])
        assert (record["index"], record["applied"], record["code"], record["omitted"]) == (1, False, status, 0)
        assert [refusal["error_code"] for refusal in record["refusals"]] == [code]
    part, whole = await refusals(a, [
        event("bo"),
        event("ada", {"$add": {"text": 1, "n": 1}}),
        event("cy", {"$set": {"k" * 256: 1}}, {"$append": {"$email": "no address"}}),
    ])  # fmt: skip
    assert (part["index"], part["distinct_id"], part["applied"], part["code"]) == (1, "ada", True, 202)
    assert [(refusal["error_code"], refusal["key"]) for refusal in part["refusals"]] == [("not_a_number", "text")]
    assert (whole["index"], whole["distinct_id"], whole["applied"], whole["code"]) == (2, "cy", False, 400)
    assert [refusal["key"] for refusal in whole["refusals"]] == ["k" * 255, "$email"]
    [single] = await refusals(a, event("ada", {"$add": {"text": 1}}))
    assert (single["index"], single["applied"]) == (0, False)
    assert await refusals(a, [event("ada", {"$add": {"n": 1}}), event("bo")]) == []


async def test_a_repetition_is_reported_without_its_refusals(a: ApiClient) -> None:
    """They were answered the first time; the sender whose answer was lost learns that there may have been some."""
    part = event("ada", {"$set": {"n": 1}}, {"$add": {"n": "x"}}, **{"$insert_id": "1"})
    whole = event("ada", {"$add": {"n": "x"}}, **{"$insert_id": "2"})
    assert [record["applied"] for record in await refusals(a, [part, whole])] == [True, False]
    answer = await a.request("POST", "/event/", encode([part, whole]), ASKING)
    assert [record["index"] for record in answer.json()["refused"]] == [1]
    assert answer.json()["repeated"] == 1
    assert (await a.request("POST", "/event/", encode(part))).text == "OK"


async def test_a_report_is_bounded(a: ApiClient) -> None:
    """Refusals beyond the limits of an event and of an answer are counted, each event is still accounted for."""
    many = {"$add": {f"k{n}": "no number" for n in range(200)} | {"$reserved": 1}}
    [record] = await refusals(a, [event("ada", many)])
    assert (len(record["refusals"]), record["omitted"], record["applied"]) == (10, 191, False)
    report = await refusals(a, [event("ada", many) for _ in range(100)])
    assert sum(len(record["refusals"]) for record in report) == 500
    assert sum(record["omitted"] for record in report) == 100 * 201 - 500
    assert [record["index"] for record in report] == list(range(100))


async def test_nobody_else_is_told(a: ApiClient) -> None:
    """Without the header, or with another value, the answer is what official SDKs expect."""
    for headers in ({}, {"suprsend-report": "everything"}, {"suprsend-report": ""}):
        for body in (event("ada", {"$add": {"n": "x"}}), [event("ada", {"$add": {"n": "x"}}), event(5)]):
            answer = await a.request("POST", "/event/", encode(body), headers)
            assert (answer.status_code, answer.text) == (202, "OK")
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_flaw_that_an_sdk_can_write_spoils_one_event(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    """NaN, which Python writes, half of a character, which JavaScript writes, and deep nesting: the others apply.

    https://github.com/customerio/customerio-python/issues/34
    """
    flaws = {
        "nan": encode(event("nan", {"$set": {"n": float("nan")}})),
        "half": json.dumps(event("half", {"$set": {"text": "\ud83d"}})).encode(),
        "": b'{"distinct_id": "deep", "$user_operations": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    }
    for number, (user, flawed) in enumerate(flaws.items(), 1):
        good = encode(event("ada", {"$add": {"n": 1}}))
        answer = await a.request("POST", "/event/", b"[" + b", ".join([good, flawed, good]) + b"]")
        assert (answer.status_code, answer.text) == (202, "OK")
        assert await a.properties("ada") == {"n": 2 * number}
        assert (await rejected(hub, workspace_a))[-1][0] == user
    assert [code for _, code in await rejected(hub, workspace_a)] == ["invalid_json", "invalid_json", "too_deep"]
    assert await a.count() == 1


async def test_the_error_names_the_flaw(a: ApiClient) -> None:
    """Also in the bodies of other calls: the key with NaN, and the text that was cut in two (it is not truncated)."""
    for body, reason in (
        (b'{"operations": [{"$set": {"price": NaN}}]}', "it contains NaN under the key 'price'"),
        (b'{"operations": [{"$set": {"text": "\\ud83d"}}]}', "lone surrogate"),
    ):
        error = assert_error(await a.request("PATCH", "/v1/user/ada/", body), 400, "invalid_json")
        assert reason in error["message"]
    single = encode(event("ada", {"$set": {"price": float("inf")}}))
    error = assert_error(await a.request("POST", "/event/", single), 400, "invalid_json")
    assert "Infinity under the key 'price'" in error["message"]


async def test_400_events_of_full_size_are_taken(a: ApiClient) -> None:
    """The most that the Python SDK sends, and the three times as many bytes that Node sends for the same."""
    for text in ("x" * 1950, "語" * 2000):
        events = [event(f"u-{n}", {"$set": {"text": text}}) for n in range(400)]
        body = encode(events)
        assert len(body) > 800_000
        assert (await a.request("POST", "/event/", body)).status_code == 202
    assert await a.count() == 400
    assert await a.properties("u-399") == {"text": "語" * 2000}


async def test_the_same_insert_id_counts_once(a: ApiClient) -> None:
    """In the same array, in a later request, at the same time, and in another spelling of the same UUID."""
    insert_id = str(uuid.uuid4())
    once = event("ada", {"$add": {"n": 1}}, **{"$insert_id": insert_id})
    assert (await a.post("/event/", [once, once])).status_code == 202
    assert (await a.post("/event/", once)).status_code == 202
    assert (await a.post("/event/", once | {"$insert_id": insert_id.upper()})).status_code == 202
    assert {answer.status_code for answer in await asyncio.gather(*(a.post("/event/", once) for _ in range(20)))} == {
        202
    }
    assert await a.properties("ada") == {"n": 1}


async def test_an_insert_id_belongs_to_its_user_and_its_workspace(a: ApiClient, b: ApiClient) -> None:
    for client in (a, b):
        for user in ("ada", "bo"):
            once = event(user, {"$add": {"n": 1}}, **{"$insert_id": "the same for all"})
            for _ in range(2):
                assert (await client.post("/event/", once)).status_code == 202
    for client in (a, b):
        assert [await client.properties(user) for user in ("ada", "bo")] == [{"n": 1}, {"n": 1}]


async def test_an_event_without_insert_id_counts_each_time(a: ApiClient) -> None:
    for insert_id in ({}, {"$insert_id": None}):
        for _ in range(2):
            assert (await a.post("/event/", event("ada", {"$add": {"n": 1}}, **insert_id))).status_code == 202
    assert await a.properties("ada") == {"n": 4}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_the_same_idempotency_key_counts_once(a: ApiClient, method: str) -> None:
    body = {"text": "first"} if method == "POST" else {"operations": [{"$add": {"n": 1}}]}
    path, key = "/v1/user/ada/", {"idempotency-key": "key-1"}
    first = await a.request(method, path, encode(body), key)
    assert first.status_code in (201, 202)
    await a.patch(path, {"operations": [{"$set": {"text": "later"}}]})
    again = await a.request(method, path, encode(body), key)
    assert again.status_code == first.status_code
    assert again.json()["properties"]["text"] == "later"
    assert again.json()["properties"].get("n") == first.json()["properties"].get("n")
    answers = await asyncio.gather(*(a.request(method, path, encode(body), key) for _ in range(10)))
    assert {answer.text for answer in answers} == {again.text}

    await a.delete(path)
    assert_error(await a.request(method, path, encode(body), key), 404, "user_not_found")
    other = await a.request(method, path, encode(body), {"idempotency-key": "key-2"})
    assert other.status_code == first.status_code


async def test_a_refused_edit_does_not_use_up_its_idempotency_key(a: ApiClient) -> None:
    key = {"idempotency-key": "key-1"}
    bad = {"operations": [{"$append": {"$email": "no address"}}]}
    assert_error(await a.patch("/v1/user/ada/", bad, **key), 400, "invalid_channel_value")
    assert await a.properties("ada") is None
    assert (await a.patch("/v1/user/ada/", {"operations": [{"$set": {"n": 1}}]}, **key)).status_code == 202
    assert await a.properties("ada") == {"n": 1}


async def test_an_unusable_idempotency_key_is_refused(a: ApiClient) -> None:
    for key in ("", "  ", "x" * 256):
        answer = await a.post("/v1/user/ada/", {"n": 1}, **{"idempotency-key": key})
        assert_error(answer, 400, "invalid_idempotency_key")
    assert await a.properties("ada") is None


async def test_an_edit_shows_in_the_history_with_its_client(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    """And a User-Agent of any length and content does no harm."""
    for agent in ("suprsend-py-sdk/0.20.0 (python/3.11.7; linux)", "x" * 5000, "tab\there é"):
        answer = await a.request("POST", "/v1/user/ada/", b'{"n": 1}', {"user-agent": agent.encode()})
        assert answer.status_code == 201
    history = await hub.recipients.history(RecipientKey.user(workspace_a.workspace_id, "ada"))
    sources = [entry.source for entry in history]
    assert sources[-1] == "suprsend-py-sdk/0.20.0 (python/3.11.7; linux)"
    assert all(len(source) <= 120 and source.isprintable() for source in sources)
