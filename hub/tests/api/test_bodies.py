"""Hostile bodies on every route that reads one: a JSON error with the right status, and nothing half-applied."""

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error, encode

pytestmark = pytest.mark.anyio

UPSERT, EDIT, EVENT = ("POST", "/v1/user/ada/"), ("PATCH", "/v1/user/ada/"), ("POST", "/event/")
OBJECT_UPSERT, OBJECT_EDIT = ("POST", "/v1/object/teams/core/"), ("PATCH", "/v1/object/teams/core/")
SUBSCRIBE = ("POST", "/v1/object/teams/core/subscription/")
LIST, LIST_ADD, LIST_REMOVE = (
    ("POST", f"/v1/subscriber_list/{rest}") for rest in ("", "news/subscriber/add/", "news/subscriber/remove/")
)
BULK_USERS, BULK_OBJECTS = ("DELETE", "/v1/bulk/user/"), ("DELETE", "/v1/bulk/object/teams/")
UNSUBSCRIBE = ("DELETE", "/v1/object/teams/core/subscription/")
PROFILE_WRITERS = [UPSERT, EDIT, EVENT, OBJECT_UPSERT, OBJECT_EDIT]
READERS = [*PROFILE_WRITERS, SUBSCRIBE, LIST, LIST_ADD, LIST_REMOVE, BULK_USERS, BULK_OBJECTS, UNSUBSCRIBE]


def name(route: object) -> str | None:
    return " ".join(route) if isinstance(route, tuple) else None


def carrying(route: tuple[str, str], value: str) -> bytes:
    """A body of that route whose property `n` is the given JSON text."""
    if route in (UPSERT, OBJECT_UPSERT):
        return b'{"n": %s}' % value.encode()
    operations = f'[{{"$set": {{"n": {value}}}}}]'
    if route == EVENT:
        return b'{"distinct_id": "ada", "$user_operations": %s}' % operations.encode()
    return b'{"operations": %s}' % operations.encode()


@pytest.fixture
async def prepared(a: ApiClient) -> ApiClient:
    """Workspace A with a user, an object, a subscription, and a list with a member."""
    await a.upsert("zoe", {"kept": True})
    await a.post("/v1/object/teams/core/", {"kept": True})
    await a.post("/v1/object/teams/core/subscription/", {"recipients": ["zoe"], "properties": {"kept": True}})
    await a.post("/v1/subscriber_list/", {"list_id": "news", "list_name": "kept"})
    await a.post("/v1/subscriber_list/news/subscriber/add/", {"distinct_ids": ["zoe"]})
    return a


async def state(client: ApiClient) -> list[object]:
    paths = [
        "/v1/user/", "/v1/user/zoe/", "/v1/object/teams/", "/v1/object/teams/core/subscription/",
        "/v1/subscriber_list/", "/v1/subscriber_list/news/subscriber/",
    ]  # fmt: skip
    return [(await client.get(path)).json() for path in paths]


NO_JSON = {
    "text": b"hello",
    "single quotes": b"{'n': 1}",
    "unclosed": b'{"n": 1',
    "trailing comma": b'{"n": 1,}',
    "two values": b'{"n": 1} {"n": 2}',
    "form": b"n=1&m=2",
    "NUL": b"\0",
    "byte order mark": b'\xef\xbb\xbf{"n": 1}',
    "UTF-16": '{"n": 1}'.encode("utf-16"),
    "no UTF-8": b'{"n": "\xff"}',
    "overlong UTF-8": b'{"n": "\xc0\xaf"}',
    "raw surrogate": b'{"n": "\xed\xa0\x80"}',
    "NaN": b'{"n": NaN}',
    "Infinity": b'{"n": -Infinity}',
    "bare control character": b'{"n": "a\nb"}',
    "comment": b'{"n": 1} // one',
    "only blanks": b"   ",
}


@pytest.mark.parametrize("route", READERS, ids=name)
async def test_what_is_no_json_is_refused(prepared: ApiClient, route: tuple[str, str]) -> None:
    before = await state(prepared)
    for what, body in NO_JSON.items():
        answer = await prepared.request(*route, body)
        assert (what, answer.status_code) == (what, 400)
        assert_error(answer, 400, "invalid_json")
    assert await state(prepared) == before


@pytest.mark.parametrize("route", READERS, ids=name)
async def test_json_of_another_type_than_an_object_is_refused(prepared: ApiClient, route: tuple[str, str]) -> None:
    before = await state(prepared)
    for body in (b"null", b"true", b"1", b'"text"', b"[1]", b'["ada"]', b"[null]"):
        if (route, body) == (EDIT, b"null"):
            continue
        assert_error(await prepared.request(*route, body), 400)
    assert await state(prepared) == before


@pytest.mark.parametrize("route", READERS, ids=name)
async def test_nesting_without_end_is_refused(prepared: ApiClient, route: tuple[str, str]) -> None:
    before = await state(prepared)
    for depth, nested, close in itertools.product((1_000, 100_000), (b"[", b'{"a":'), (b"]", b"1}")):
        for body in (nested * depth, nested * depth + close[:1] + close[-1:] * depth, b'{"n": ' + nested * depth):
            answer = await prepared.request(*route, body)
            too_large = route == EVENT and body[:1] == b"{" and len(body) > 32_768
            assert_error(answer, 413 if too_large else 400)
    assert await state(prepared) == before


VALUES = {
    "an integer of 64 bits and one": str(2**63),
    "its negative": str(-(2**63) - 1),
    "a huge integer": "9" * 400,
    "a number beyond doubles": "1e999",
    "a negative one": "-1e999",
    "NUL in text": '"a\\u0000b"',
    "NUL in a key": '{"a\\u0000b": 1}',
    "a lone surrogate": '"\\ud800"',
    "a lone low surrogate in a key": '{"\\udc00": 1}',
    "all of it deep inside": '{"a": [{"b": [1, {"c": "\\u0000"}]}]}',
    "too deep": "[" * 70 + "]" * 70,
}


@pytest.mark.parametrize("route", [UPSERT, EDIT, OBJECT_UPSERT, OBJECT_EDIT], ids=name)
async def test_a_value_that_cannot_be_stored_is_refused_and_nothing_of_the_request_applied(
    prepared: ApiClient, route: tuple[str, str]
) -> None:
    before = await state(prepared)
    for what, value in VALUES.items():
        bodies = [carrying(route, f'1, "before": 1, "n": {value}, "after": 1')]
        if route in (EDIT, OBJECT_EDIT):
            operations = b'{"operations": [{"$set": {"first": 1}}, {"$set": {"n": %s}}, {"$set": {"last": 1}}]}'
            bodies.append(operations % value.encode())
        for body in bodies:
            answer = await prepared.request(*route, body)
            assert (what, answer.status_code) == (what, 400)
            assert_error(answer, 400)
    assert await state(prepared) == before


async def test_a_value_that_cannot_be_stored_in_an_event_is_refused_or_logged(
    a: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    """Alone: 400 with nothing applied, or 202 with the rest applied and the value in the log. Among others: logged."""
    expected = 0
    for number, (what, value) in enumerate(VALUES.items(), 1):
        user = f"u-{number}"
        operations = f'[{{"$set": {{"good": 1}}}}, {{"$set": {{"n": {value}}}}}]'
        body = f'{{"distinct_id": "{user}", "$user_operations": {operations}}}'
        answer = await a.request("POST", "/event/", body.encode())
        if answer.status_code == 400:
            assert_error(answer, 400)
            assert (what, await a.properties(user)) == (what, None)
        else:
            assert (what, answer.status_code) == (what, 202)
            assert (what, await a.properties(user)) == (what, {"good": 1})
            expected += 1
        good = '{"distinct_id": "bo", "$user_operations": [{"$add": {"n": 1}}]}'
        answer = await a.request("POST", "/event/", f"[{good}, {body}]".encode())
        assert (what, answer.status_code) == (what, 202)
        expected += 1
        assert (what, len(await hub.rejected.page(workspace_a.workspace_id))) == (what, expected)
        assert await a.properties("bo") == {"n": number}


@pytest.mark.parametrize("route", PROFILE_WRITERS, ids=name)
async def test_of_a_key_given_twice_the_last_counts(a: ApiClient, route: tuple[str, str]) -> None:
    """As every official SDK's language reads it; and a key that only looks the same is another key."""
    answer = await a.request(*route, carrying(route, '1, "n": 2, "\\u006e": 3, "N": 4, "n ": 5'))
    assert answer.status_code < 300
    stored = (await a.get("/v1/user/ada/" if "object" not in route[1] else route[1])).json()
    assert stored["properties"] == {"n": 3, "N": 4, "n ": 5}


@pytest.mark.parametrize("route", READERS, ids=name)
async def test_a_body_above_the_limit_is_refused_and_at_the_limit_it_is_read(
    prepared: ApiClient, route: tuple[str, str]
) -> None:
    before = await state(prepared)
    limit = 2_621_440 if route == EVENT else 1_048_576
    body = encode([]) if route == EVENT else b"[]"
    for size in (limit + 1, 3_145_728):
        assert_error(await prepared.request(*route, body.ljust(size)), 413, "body_too_large")
    answer = await prepared.request(*route, body.ljust(limit))
    assert answer.status_code == (202 if route == EVENT else 400)
    assert await state(prepared) == before


async def test_a_large_value_is_refused_by_the_limit_of_a_profile_and_not_by_the_database(a: ApiClient) -> None:
    assert (await a.post("/v1/user/ada/", {"n": "x" * 200_000})).status_code == 201
    assert_error(await a.post("/v1/user/ada/", {"m": "x" * 200_000}), 400, "profile_too_large")
    assert_error(await a.post("/v1/user/bo/", {"n": "x" * 1_000_000}), 400, "profile_too_large")
    assert set((await a.properties("ada")) or {}) == {"n"}
    assert await a.properties("bo") is None


WRONG_TYPES = {
    UPSERT: [
        {"$email": 5}, {"$email": {"value": "a@example.com"}}, {"$email": [["a@example.com"]]}, {"$sms": [1]},
        {"$email": "no address"}, {"$sms": ["12"]}, {"$androidpush": [5]}, {"$androidpush": [{"token": 5}]},
        {"$androidpush": [{"token": "t", "provider": "pigeon"}]}, {"$iospush": {"provider": "apns"}},
        {"$webpush": "text"}, {"$webpush": {"endpoint": "x"}}, {"$webpush": {"endpoint": "x", "keys": {"auth": 1}}},
        {"$slack": ["text"]}, {"$slack": {}}, {"$slack": {"incoming_webhook": "url"}}, {"$ms_teams": [{}]},
        {"$timezone": 5}, {"$timezone": "Mars/Base"}, {"$locale": ["en"]}, {"$preferred_language": "not a language"},
        {" ": 1}, {"": 1}, {"k" * 256: 1}, {"k\0": 1},
    ],
    EDIT: [
        {}, {"operation": []}, {"operations": None}, {"operations": {}}, {"operations": "x"}, {"operations": [1]},
        {"operations": [[]]}, {"operations": [None]}, {"operations": [{"$nonsense": {}}]}, {"operations": [{"set": {}}]},
        {"operations": [{"$set": []}]}, {"operations": [{"$set": None}]}, {"operations": [{"$add": {"n": "1"}}]},
        {"operations": [{"$add": {"n": True}}]}, {"operations": [{"$add": {"n": None}}]}, {"operations": [{"$unset": {}}]},
        {"operations": [{"$append": "x"}]}, {"operations": [{"$append": {"$email": "no address"}}]},
        {"operations": [{"$remove": {"$sms": "x"}}]}, {"operations": [{"$set": {"n": 1}}] * 1001},
        {"operations": [{"$set": {"n": "text"}}, {"$add": {"n": 1}}]},
        {"operations": [{"$set": {"n": 2**63 - 1}}, {"$add": {"n": 1}}]},
    ],
    SUBSCRIBE: [
        {}, {"recipients": None}, {"recipients": "ada"}, {"recipients": [None]}, {"recipients": [5]},
        {"recipients": ["."]}, {"recipients": [""]}, {"recipients": [{}]}, {"recipients": [{"distinct_id": 5}]},
        {"recipients": [{"object_type": "teams"}]}, {"recipients": [{"object_type": "teams", "id": ".."}]},
        {"recipients": [{"object_type": "teams", "id": "core"}]}, {"recipients": ["u"] * 101},
        {"recipients": ["new", {"distinct_id": "bo", "$email": "no address"}]}, {"recipients": ["new"], "properties": []},
        {"recipients": ["new"], "properties": {"n": "\0"}}, {"recipients": ["new"], "properties": {"": 1}},
        {"recipients": ["new"], "parent_object_properties": 5},
        {"recipients": ["new"], "parent_object_properties": {"$sms": "12"}},
        {"recipients": [{"distinct_id": "new", "n": "x" * 300_000}]},
    ],
    LIST: [
        {}, {"list_id": None}, {"list_id": ""}, {"list_id": 5}, {"list_id": "no spaces"}, {"list_id": "x" * 65},
        {"list_id": "all_users"}, {"list_id": "ALL_users"}, {"list_id": "."}, {"list_id": "n", "list_name": 5},
        {"list_id": "n", "list_name": "x" * 1025}, {"list_id": "n", "list_name": "\0"},
        {"list_id": "n", "list_description": []}, {"list_id": "n", "track_user_entry": "yes"},
        {"list_id": "n", "track_user_exit": 1}, {"list_id": "n", "list_type": "query_based"},
        {"list_id": "n", "query": "USER.PROPERTY.x EQ 1"}, {"list_id": "n", "list_type": {}},
    ],
    LIST_ADD: [
        {}, {"distinct_ids": None}, {"distinct_ids": "zoe"}, {"distinct_ids": {"zoe": 1}}, {"distinct_ids": [1]},
        {"distinct_ids": ["zoe", None]}, {"distinct_ids": ["zoe", ".."]}, {"distinct_ids": ["zoe", "a\0"]},
    ],
    BULK_USERS: [
        {}, {"distinct_ids": None}, {"distinct_ids": "zoe"}, {"distinct_ids": ["zoe", 5]}, {"distinct_ids": ["zoe", "."]},
        {"distinct_ids": ["zoe"] * 1001},
    ],
    BULK_OBJECTS: [
        {}, {"object_ids": None}, {"object_ids": {"core": 1}}, {"object_ids": ["core", None]},
        {"object_ids": ["core", ""]}, {"distinct_ids": ["core"]},
    ],
    UNSUBSCRIBE: [{}, {"recipients": None}, {"recipients": "zoe"}, {"recipients": ["zoe", 5]}, {"recipients": ["zoe", {}]}],
}  # fmt: skip
WRONG_TYPES[OBJECT_UPSERT] = WRONG_TYPES[UPSERT]
WRONG_TYPES[OBJECT_EDIT] = WRONG_TYPES[EDIT]
WRONG_TYPES[LIST_REMOVE] = WRONG_TYPES[LIST_ADD]


@pytest.mark.parametrize("route", WRONG_TYPES, ids=name)
async def test_a_wrong_type_at_any_depth_is_refused_and_nothing_of_the_request_applied(
    prepared: ApiClient, route: tuple[str, str]
) -> None:
    before = await state(prepared)
    for body in WRONG_TYPES[route]:
        answer = await prepared.request(*route, encode(body))
        assert (answer.status_code, str(body)[:200]) == (400, str(body)[:200]), answer.text
        assert_error(answer, 400)
        assert (await state(prepared), str(body)[:200]) == (before, str(body)[:200])


async def test_messages_name_the_record_and_repeat_no_secret(a: ApiClient) -> None:
    secret = "xoxb-1234567890-secret"
    body = {"operations": [{"$append": {"$slack": {"access_token": secret}}}]}
    answer = await a.patch("/v1/user/ada/", body)
    assert_error(answer, 400, "invalid_channel_value")
    assert "$slack" in answer.text
    assert secret not in answer.text
    answer = await a.post("/v1/user/ada/", {"$email": ["a@example.com", 5]})
    assert "$email[1]" in assert_error(answer, 400)["message"]
    answer = await a.delete("/v1/bulk/user/", {"distinct_ids": ["ok", ".."]})
    assert "distinct_ids[1]" in assert_error(answer, 400)["message"]


async def test_a_body_on_a_read_is_ignored(prepared: ApiClient) -> None:
    for path in ("/v1/user/", "/v1/user/zoe/", "/v1/object/teams/", "/v1/subscriber_list/"):
        assert (await prepared.request("GET", path, b"no JSON")).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense", ""])
async def test_a_body_is_json_whatever_its_content_type_says(a: ApiClient, content_type: str) -> None:
    """Curl's default would otherwise be a trap."""
    answer = await a.request("POST", "/v1/user/ada/", b'{"n": 1}', {"content-type": content_type})
    assert answer.status_code == 201


# Any JSON at all ------------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    ["distinct_id", "$user_operations", "operations", "$insert_id", "env", "tenant_id", "event", "$set", "$set_once",
     "$add", "$append", "$remove", "$unset", "$email", "$sms", "$whatsapp", "$androidpush", "$iospush", "$webpush",
     "$slack", "$ms_teams", "$inbox", "$timezone", "$locale", "$preferred_language", "$id_provider", "$device_id",
     "recipients", "properties", "parent_object_properties", "object_type", "id", "object_id", "list_id", "list_name",
     "list_type", "query", "distinct_ids", "object_ids", "token", "provider", "endpoint", "keys", "n", "ss_x", ""]
) | st.text(max_size=5)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["ada", "zoe", "a@example.com", "+15550100", "teams", "core", "news", "..", "en", "\ud800", "\0"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OPERATIONS = st.lists(
    st.dictionaries(
        st.sampled_from(["$set", "$set_once", "$add", "$append", "$remove", "$unset", "$x"]),
        st.dictionaries(KEYS, JSON, max_size=3) | JSON,
        max_size=2,
    )
    | JSON,
    max_size=4,
)
BODIES = (
    JSON
    | st.dictionaries(KEYS, JSON, max_size=5)
    | st.fixed_dictionaries({"operations": OPERATIONS})
    | st.fixed_dictionaries({"distinct_id": st.just("ada") | SCALARS, "$user_operations": OPERATIONS})
    | st.fixed_dictionaries({"recipients": st.lists(SCALARS | st.dictionaries(KEYS, JSON, max_size=3), max_size=3)})
    | st.lists(st.fixed_dictionaries({"distinct_id": SCALARS, "$user_operations": OPERATIONS}), max_size=3)
)


@pytest.mark.parametrize("route", READERS, ids=name)
@settings(
    max_examples=25,
    suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.function_scoped_fixture],
)
@given(body=BODIES)
async def test_any_json_is_answered_and_after_a_refusal_all_is_as_it_was(
    prepared: ApiClient, route: tuple[str, str], body: object
) -> None:
    """A status below 500, and JSON in the error's shape. What succeeded in earlier examples is part of the state."""
    before = await state(prepared)
    answer = await prepared.request(*route, json.dumps(body).encode())
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert_error(answer, answer.status_code)
        assert await state(prepared) == before
