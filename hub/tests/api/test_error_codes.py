"""Every error code that the API answers: the request that meets it, and the status the reference page promises."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg
import httpx2
import msgspec
import pytest
from pydantic import SecretStr
from suprsend_hub.api.errors import STATUS_OF, domain_error
from suprsend_hub.app import build_asgi, build_services
from suprsend_hub.domain import errors
from suprsend_hub.domain.codes import Code, Kind, Place
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.settings import Settings
from suprsend_hub.store.database import translated_errors

from .support import BASE_URL, ApiClient, Authorize, assert_error, bearer, encode, nobody, signed

pytestmark = pytest.mark.anyio

USER = "/v1/user/u/"
OBJECT = "/v1/object/team/a/"
SUBSCRIPTIONS = f"{OBJECT}subscription/"
LIST = "/v1/subscriber_list/"

Request = tuple[str, str, object]


def edit(*operations: object) -> Request:
    return ("PATCH", USER, {"operations": operations})


def event(**fields: object) -> Request:
    return ("POST", "/event/", {"distinct_id": "u", "$user_operations": [], **fields})


def nest(parent: str, child: str) -> Request:
    """Subscribe one team to another."""
    body = {"recipients": [{"object_type": "team", "id": child}], "parent_object_properties": {}}
    return ("POST", f"/v1/object/team/{parent}/subscription/", body)


REQUESTS: Mapping[Code, Sequence[Request]] = {
    Code.INVALID_JSON: [("POST", USER, b"{")],
    Code.TOO_DEEP: [("POST", USER, b"[" * 100_000)],
    Code.INVALID_BODY: [("POST", USER, [])],
    Code.EMPTY_BODY: [("PATCH", USER, {})],
    Code.INVALID_PATH: [("GET", "/v1/user/%ff/", b"")],
    Code.NO_SUCH_PATH: [("GET", "/v1/nothing/", b"")],
    Code.METHOD_NOT_ALLOWED: [("PUT", USER, {})],
    Code.BODY_TOO_LARGE: [("POST", USER, b" " * 1_048_577)],
    Code.INVALID_CURSOR: [("GET", "/v1/user/?after=x", b"")],
    Code.INVALID_SORT: [("POST", LIST, {"list_id": "l"}), ("GET", f"{LIST}l/subscriber/?sort=name", b"")],
    Code.INVALID_SEARCH: [("GET", "/v1/user/?search=%00", b"")],
    Code.INVALID_ID: [("GET", "/v1/user/%20/", b"")],
    Code.INVALID_INSERT_ID: [event(**{"$insert_id": ""})],
    Code.MISSING_IDS: [("DELETE", "/v1/bulk/user/", {})],
    Code.TOO_MANY_IDS: [("DELETE", "/v1/bulk/user/", {"distinct_ids": ["u"] * 1001})],
    Code.INVALID_DISTINCT_IDS: [("POST", f"{LIST}l/subscriber/add/", {"distinct_ids": "u"})],
    Code.USER_NOT_FOUND: [("GET", USER, b"")],
    Code.OBJECT_NOT_FOUND: [("GET", OBJECT, b"")],
    Code.TENANT_NOT_FOUND: [event(tenant_id="acme")],
    Code.INVALID_EVENT: [("POST", "/event/", [5])],
    Code.TRACK_EVENT: [("POST", "/event/", {"distinct_id": "u", "event": "bought"})],
    Code.WRONG_ENV: [event(env="another workspace")],
    Code.TOO_MANY_EVENTS: [("POST", "/event/", [{}] * 401)],
    Code.EVENT_TOO_LARGE: [event(more="x" * 32_768)],
    Code.INVALID_OPERATIONS: [("PATCH", USER, {"operations": 5})],
    Code.INVALID_OPERATION: [edit(5)],
    Code.TOO_MANY_OPERATIONS: [edit(*[{}] * 1001)],
    Code.UNKNOWN_OPERATOR: [edit({"$multiply": {"n": 2}})],
    Code.INVALID_OPERAND: [edit({"$set": "name"})],
    Code.INVALID_KEY: [edit({"$set": {" ": 1}})],
    Code.READ_ONLY_KEY: [("POST", USER, {"properties": {"a": 1}})],
    Code.INVALID_VALUE: [("POST", USER, {"$email": 5})],
    Code.INVALID_TEXT: [edit({"$set": {"name": "\0"}})],
    Code.VALUE_TOO_DEEP: [("PATCH", USER, b'{"operations":[{"$set":{"x":' + b"[" * 65 + b"]" * 65 + b"}}]}")],
    Code.NUMBER_OUT_OF_RANGE: [edit({"$set": {"n": 2**63}})],
    Code.NOT_A_NUMBER: [edit({"$add": {"n": "1"}})],
    Code.INVALID_LANGUAGE: [edit({"$set": {"$locale": "?"}})],
    Code.INVALID_TIMEZONE: [edit({"$set": {"$timezone": "Europe/Atlantis"}})],
    Code.INVALID_CHANNEL_VALUE: [edit({"$append": {"$sms": "5"}})],
    Code.INVALID_PROVIDER: [edit({"$append": {"$androidpush": "token", "$id_provider": "carrier pigeon"}})],
    Code.INVALID_COMPANION: [edit({"$append": {"$androidpush": "token", "$device_id": 5}})],
    Code.TOO_MANY_IDENTITIES: [edit({"$append": {"$iospush": [f"token {n}" for n in range(101)]}})],
    Code.TOO_MANY_PROPERTIES: [edit({"$set": {f"key {n}": n for n in range(513)}})],
    Code.PROFILE_TOO_LARGE: [edit({"$set": {"text": "x" * 262_144}})],
    Code.EDIT_TOO_COSTLY: [edit({"$set": {"list": ["x" * 200_000]}}, *[{"$remove": {"list": "y"}}] * 21)],
    Code.INVALID_RECIPIENTS: [("POST", SUBSCRIPTIONS, {"recipients": [5]})],
    Code.TOO_MANY_RECIPIENTS: [("POST", SUBSCRIPTIONS, {"recipients": ["u"] * 101})],
    Code.INVALID_PROPERTIES: [("POST", SUBSCRIPTIONS, {"recipients": ["u"], "properties": {"": 1}})],
    Code.SELF_MERGE: [("POST", f"{USER}merge/", {"from_user_id": "u"})],
    Code.NOT_MERGED: [("POST", USER, {}), ("POST", "/hub/v1/user/u/unmerge/", {"from_user_id": "v"})],
    Code.PROPERTIES_TOO_LARGE: [
        (
            "POST",
            SUBSCRIPTIONS,
            {"recipients": ["u"], "properties": {"x": "x" * 16_384}, "parent_object_properties": {}},
        )
    ],
    Code.SELF_SUBSCRIPTION: [nest("a", "a")],
    Code.SUBSCRIPTION_CYCLE: [nest("a", "b"), nest("b", "a")],
    Code.NESTED_TOO_DEEPLY: [nest("a", "b"), nest("b", "c"), nest("c", "d")],
    Code.CATEGORY_NOT_FOUND: [("POST", USER, {}), ("GET", f"{USER}preference/category/news/", b"")],
    Code.ERROR: [("POST", LIST, {"list_id": ""})],
    Code.TENANT_PROFILE_NOT_FOUND: [("DELETE", f"{USER}tenant/default/", b"")],
    Code.TENANT_TOO_LARGE: [("POST", "/v1/tenant/big/", {"tenant_name": "Big", "properties": {"text": "x" * 65_536}})],
    Code.TENANT_IS_PERMANENT: [("DELETE", "/v1/tenant/default/", b"")],
    Code.LIST_IS_READONLY: [("POST", f"{LIST}all_users/subscriber/add/", {"distinct_ids": ["u"]})],
    Code.LIST_NOT_FOUND: [("GET", f"{LIST}l/", b"")],
    Code.TOO_MANY_DRAFTS: [("POST", LIST, {"list_id": "d"}), *[("POST", f"{LIST}d/start_sync/", {})] * 11],
    Code.LIST_VERSION_NOT_FOUND: [("POST", LIST, {"list_id": "l"}), ("GET", f"{LIST}l/version/1/", b"")],
}
ELSEWHERE = {
    Code.INVALID_AFTER_MERGE: "test_merging",
    Code.USER_EXISTS: "test_merging",
    Code.IDENTITY_NOT_FOUND: "test_channel_status: in a result",
    Code.ID_IS_ALIAS: "test_merging",
    Code.TENANTS_DIFFER: "test_merging",
    Code.UNMERGE_TOO_LATE: "test_merging",
    Code.INVALID_CATEGORIES: "test_categories",
    Code.WORKSPACE_NOT_FOUND: "test_categories",
    Code.PREFERENCE_NOT_EDITABLE: "test_preferences",
    Code.INVALID_IDEMPOTENCY_KEY: "below: a header",
    Code.UNAUTHORIZED: "below: no credentials",
    Code.TOO_MANY_LISTS: "test_limits",
    Code.TOO_MANY_OBJECT_TYPES: "test_limits",
    Code.MISSING_SCOPE: "test_scopes",
    Code.DATE_OUT_OF_RANGE: "test_operators",
    Code.WORKSPACE_DISABLED: "test_operators",
    Code.IDEMPOTENCY_KEY_REUSED: "test_idempotency_keys",
    Code.INVALID_SINCE: "test_audit",
    Code.INCOMPLETE_BODY: "below: a client that goes away",
    Code.DATABASE_READ_ONLY: "below: a database that takes no writes",
    Code.WRONG_MASTER_KEY: "below: a hub with another key",
    Code.COLLISION: "below: what the database aborts",
    Code.WRONG_HOST: "test_hosts: a name that is not listed",
    Code.REQUEST_TIMEOUT: "test_failures: a client that is slow",
    Code.RATE_LIMITED: "test_failures, test_rate_limits",
    Code.INTERNAL_ERROR: "test_failures: a damaged row",
    Code.OVERLOADED: "test_failures",
    Code.STOPPING: "test_failures",
    Code.DATABASE_MISCONFIGURED: "test_failures: a database that refuses the hub",
    Code.DATABASE_UNAVAILABLE: "test_failures: a database that is away",
    Code.TIED_TO_ANOTHER_TENANT: "test_tenant_profiles",
    Code.INVALID_REQUEST: "what else the framework refuses; no request is known that it does",
}


def test_every_code_of_an_answer_is_met_here_or_said_to_be_met_elsewhere() -> None:
    """A new code needs a request that meets it."""
    assert set(REQUESTS) | set(ELSEWHERE) == {code for code in Code if code.place is Place.ANSWER}
    assert set(REQUESTS) & set(ELSEWHERE) == set()


async def test_requests_meet_their_codes_with_the_statuses_of_the_reference(a: ApiClient) -> None:
    """In one workspace, those that need something to exist last: what is refused changes nothing for the others."""
    met = {}
    for code, (*before, (method, target, body)) in sorted(REQUESTS.items(), key=lambda item: len(item[1])):
        for request_method, request_target, request_body in before:
            answer = await a.request(request_method, request_target, encode(request_body))
            assert answer.status_code < 300, answer.text
        answer = await a.request(method, target, body if isinstance(body, bytes) else encode(body))
        found = assert_error(answer, answer.status_code)
        met[code] = (found["error_code"], found["code"])
    assert met == {code: (code.value, STATUS_OF[code.kind]) for code in REQUESTS}


async def test_a_blank_idempotency_key_and_missing_credentials_have_their_codes(a: ApiClient) -> None:
    answer = await a.post(USER, {}, **{"idempotency-key": " "})
    assert_error(answer, STATUS_OF[Code.INVALID_IDEMPOTENCY_KEY.kind], Code.INVALID_IDEMPOTENCY_KEY)
    answer = await ApiClient(a.http, nobody).get(USER)
    assert_error(answer, STATUS_OF[Code.UNAUTHORIZED.kind], Code.UNAUTHORIZED)


async def test_a_body_that_ends_with_its_connection_is_incomplete(hub: Services, workspace_a: NewWorkspace) -> None:
    """The client is gone; the answer is for a proxy in between."""
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[dict] = []

    async def receive() -> dict:
        return next(messages)

    async def send(message: dict) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {workspace_a.api_key}".encode()), (b"content-length", b"100")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": USER, "raw_path": USER.encode(), "query_string": b"", "headers": headers, "root_path": "",
    }  # fmt: skip
    await build_asgi(hub)(scope, receive, send)
    assert msgspec.json.decode(sent[1]["body"])["error_code"] == Code.INCOMPLETE_BODY.value
    assert sent[0]["status"] == STATUS_OF[Code.INCOMPLETE_BODY.kind]


async def test_a_database_that_takes_no_writes_is_named(
    hub: Services, make_hub: Callable[[], Services], workspace_a: NewWorkspace
) -> None:
    """As with a full disk or a standby: reads go on, writes say why not."""
    async with hub.database.connection() as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    other = make_hub()  # whose connections are new
    async with serving(other, bearer(workspace_a.api_key)) as client:
        assert_error(await client.get(USER), 404, Code.USER_NOT_FOUND)
        assert_error(await client.post(USER, {}), STATUS_OF[Code.DATABASE_READ_ONLY.kind], Code.DATABASE_READ_ONLY)


async def test_a_hub_with_another_master_key_says_so(settings: Settings, workspace_a: NewWorkspace) -> None:
    other = build_services(settings.model_copy(update={"master_key": SecretStr(generate_master_key())}))
    authorize = signed(workspace_a.workspace_key, workspace_a.workspace_secret)
    async with serving(other, authorize) as client:
        assert_error(await client.get(USER), STATUS_OF[Code.WRONG_MASTER_KEY.kind], Code.WRONG_MASTER_KEY)


@pytest.mark.parametrize("abort", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError])
async def test_what_the_database_aborts_is_a_collision(abort: type[Exception]) -> None:
    with pytest.raises(errors.Unavailable) as caught, translated_errors():
        raise abort("aborted")
    assert caught.value.code is Code.COLLISION


@asynccontextmanager
async def serving(hub: Services, authorize: Authorize) -> AsyncIterator[ApiClient]:
    """A client of another hub than the one of the test."""
    async with hub.database:
        hub.batcher.start()
        transport = httpx2.ASGITransport(app=build_asgi(hub))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield ApiClient(http, authorize)
        await hub.batcher.stop()


@pytest.mark.parametrize("code", [code for code in Code if code.kind not in (Kind.WRONG_METHOD, Kind.UNEXPECTED)])
async def test_an_error_of_every_code_has_the_one_body_and_says_when_to_try_again(code: Code) -> None:
    """Of every code, also those that take a hub in trouble to be met."""
    [error_class] = [kind for kind in vars(errors).values() if getattr(kind, "kind", None) is code.kind]
    temporary = code.kind in (Kind.UNAVAILABLE, Kind.RATE_LIMITED)
    error = error_class("what was wrong", code=code, **({"retry_after_s": 0.2} if temporary else {}))
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    await domain_error(None, error).respond({}, None, send)  # type: ignore[arg-type]
    start, content = sent
    assert start["status"] == STATUS_OF[code.kind]
    assert dict(start["headers"]).get(b"retry-after") == (b"1" if temporary else None)
    body = msgspec.json.decode(content["body"])
    assert body["code"] == STATUS_OF[code.kind]
    assert body["error_code"] == code.value
    assert body["message"] == body["detail"] == "what was wrong"
