"""The life of a user over HTTP: upsert, read, edit, delete, with and without the trailing slash, in both schemes."""

import httpx2
import pytest
from cast import TESTER
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error, segment

pytestmark = pytest.mark.anyio

IDS = [
    "user-1",
    "a/b",
    "50%",
    "a+b@x.io",
    "two words",
    "%2F",
    "zoë",
    "🙂",
    "merge",
    "a?b#c",
    "'(x)*!~",
    "x" * 255,
    "é" * 255,
    "\U0010ffff",
]


@pytest.fixture(params=["Bearer", "HMAC"])
def client(request: pytest.FixtureRequest, a: ApiClient, a_signing: ApiClient) -> ApiClient:
    return a if request.param == "Bearer" else a_signing


@pytest.mark.parametrize("slash", ["/", ""], ids=["with slash", "without slash"])
async def test_a_users_life(client: ApiClient, slash: str) -> None:
    """Each route does its work under both spellings of its path and both schemes; the answers are the stored state."""
    path = f"/v1/user/ada{slash}"
    assert_error(await client.get(path), 404, "user_not_found")

    created = await client.post(path, {"name": "Ada", "$email": ["ada@example.com"], "$timezone": "Europe/London"})
    assert created.status_code == 201
    user = created.json()
    assert user["distinct_id"] == "ada"
    assert user["properties"] == {"name": "Ada", "$timezone": "Europe/London"}
    assert user["$email"] == [{"value": "ada@example.com", "status": "active", "perma_status": "active"}]
    assert user["created_at"] == user["updated_at"]
    assert (await client.get(path)).json() == user

    edited = await client.patch(path, {"operations": [{"$add": {"n": 2}}, {"$unset": ["name", "$email"]}]})
    assert edited.status_code == 202
    assert edited.json()["properties"] == {"n": 2, "$timezone": "Europe/London"}
    assert "$email" not in edited.json()
    assert edited.json()["created_at"] == user["created_at"]
    assert edited.json()["updated_at"] > user["updated_at"]
    assert (await client.get(path)).json() == edited.json()

    page = (await client.get(f"/v1/user{slash}?limit=5")).json()
    assert page["meta"] == {
        "count": 1, "limit": 5, "has_prev": False, "before": None, "has_next": False, "after": None
    }  # fmt: skip
    assert page["results"] == [edited.json()]

    event = {"distinct_id": "ada", "$user_operations": [{"$add": {"n": 40}}]}
    accepted = await client.post(f"/event{slash}", event)
    assert (accepted.status_code, accepted.text) == (202, "OK")
    assert await client.properties("ada") == {"n": 42, "$timezone": "Europe/London"}

    assert (await client.delete(path)).status_code == 204
    assert_error(await client.get(path), 404, "user_not_found")
    assert_error(await client.delete(path), 404, "user_not_found")
    assert await client.count() == 0


async def test_any_id_travels_in_the_path(client: ApiClient) -> None:
    for distinct_id in IDS:
        path = f"/v1/user/{segment(distinct_id)}/"
        assert (await client.post(path, {"n": 1})).json()["distinct_id"] == distinct_id
        assert (await client.get(path)).json()["distinct_id"] == distinct_id
        found = (await client.get(f"/v1/user/?search={segment(distinct_id)}")).json()["results"]
        assert found[0]["distinct_id"] == distinct_id
        edited = await client.patch(path, {"operations": [{"$add": {"n": 1}}]})
        assert edited.json()["properties"] == {"n": 2}
    assert await client.count() == len(IDS)
    for distinct_id in IDS:
        assert (await client.delete(f"/v1/user/{segment(distinct_id)}/")).status_code == 204
    assert await client.count() == 0


async def test_an_escaped_slash_is_part_of_the_id_and_a_plain_one_is_not(a: ApiClient) -> None:
    await a.upsert("a/b", {"which": "escaped"})
    assert await a.properties("a/b") == {"which": "escaped"}
    assert_error(await a.get("/v1/user/a/b/"), 404, "no_such_path")
    assert await a.properties("a") is None


async def test_a_plus_in_a_path_is_a_plus_and_surrounding_blanks_are_trimmed(a: ApiClient) -> None:
    await a.post("/v1/user/a+b/", {})
    await a.post("/v1/user/%20%20c%0A/", {})
    ids = [user["distinct_id"] for user in (await a.get("/v1/user/")).json()["results"]]
    assert ids == ["c", "a+b"]


async def test_ids_are_case_sensitive_and_not_normalized(a: ApiClient) -> None:
    for distinct_id in ("Ada", "ada", "e\u0301", "\u00e9"):
        await a.upsert(distinct_id, {"id": distinct_id})
    assert await a.count() == 4
    assert await a.properties("e\u0301") == {"id": "e\u0301"}


BAD_IDS = {
    "256 characters": "x" * 256,
    "256 wide characters": segment("🙂" * 256),
    "dot": "%2E",
    "two dots": "%2e%2E",
    "blank": "%20",
    "NUL": "a%00b",
    "line feed inside": "a%0Ab",
    "C1 control": segment("a\x9bb"),
    "delete": "%7f",
    "no UTF-8": "%ff",
    "surrogate": "%ed%a0%80",
    "overlong UTF-8": "%c0%af",
}


async def test_an_id_that_cannot_be_one_is_refused(a: ApiClient) -> None:
    for what, encoded in BAD_IDS.items():
        for method in ("GET", "POST", "PATCH", "DELETE"):
            body = b'{"operations": [{"$set": {"n": 1}}]}' if method in ("POST", "PATCH") else b""
            answer = await a.request(method, f"/v1/user/{encoded}/", body)
            assert (what, method, answer.status_code) == (what, method, 400)
            assert_error(answer, 400)
    assert await a.count() == 0


async def test_invisible_ends_of_an_id(a: ApiClient, hub: Services, workspace_a: NewWorkspace) -> None:
    """Nothing is created under an id with a zero-width character at an end; what an earlier version created is in reach."""
    name = "\ufeff42"
    path = f"/v1/user/{segment(name)}/"
    for answer in (await a.post(path, {}), await a.patch(path, {"operations": [{"$set": {"n": 1}}]})):
        assert "invisible character U+FEFF" in assert_error(answer, 400, "invalid_id")["message"]
    subscribed = await a.post("/v1/object/team/x/subscription/", {"recipients": [name]})
    assert assert_error(subscribed, 400, "invalid_id")["message"].startswith("recipients[0] must not start")
    assert_error(await a.post(f"/v1/object/team/{segment(name)}/", {}), 400, "invalid_id")
    assert_error(await a.post(f"/v1/object/{segment(name)}/x/", {}), 400, "invalid_id")
    assert await a.count() == 0

    await hub.recipients.edit(TESTER, RecipientKey.user(workspace_a.workspace_id, name), [])
    assert (await a.get(path)).json()["distinct_id"] == name
    assert (await a.delete(path)).status_code == 204
    assert await a.count() == 0


async def test_an_empty_segment_is_nothing(a: ApiClient) -> None:
    await a.upsert("a")
    for path in ("/v1//user/", "//v1/user/", "/v1/user//", "/v1/user/a//", "/v1/user//a/", "//"):
        for method in ("GET", "POST", "DELETE"):
            answer = await a.request(method, path)
            assert (path, method, answer.status_code) == (path, method, 404)
            assert_error(answer, 404, "no_such_path")
    assert await a.count() == 1


async def test_paths_and_methods_that_do_not_exist_have_no_effect(a: ApiClient) -> None:
    await a.upsert("ada", {"n": 1})
    for method, path, status in (
        ("DELETE", "/v1/user/", 405),
        ("PATCH", "/v1/user/", 405),
        ("POST", "/v1/user/", 405),
        ("PUT", "/v1/user/ada/", 405),
        ("GET", "/event/", 405),
        ("DELETE", "/event/", 405),
        ("POST", "/healthz", 405),
        ("DELETE", "/v1/", 404),
        ("GET", "/v1/user/ada/nothing/", 404),
        ("GET", "/v2/user/ada/", 404),
    ):
        answer = await a.request(method, path, b'{"n": 2}' if method in ("POST", "PATCH", "PUT") else b"")
        assert (method, path, answer.status_code) == (method, path, status)
        assert_error(answer, status, {404: "no_such_path", 405: "method_not_allowed"}[status])
        if status == 405:
            assert method not in answer.headers["allow"]
    assert await a.properties("ada") == {"n": 1}
    assert await a.count() == 1


async def test_dot_segments_reach_nothing(a: ApiClient, http: httpx2.AsyncClient) -> None:
    """Sent as they are, by a client that does not resolve them: neither a user nor the list above it."""
    await a.upsert("ada")
    for method in ("GET", "DELETE"):
        for path in ("/v1/user/./", "/v1/user/../", "/v1/user/ada/../"):
            answer = await _raw(http, method, path, dict(a.authorize(method, path, b"")))
            assert answer.status_code in (400, 404)
    assert await a.count() == 1


async def _raw(http: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx2.Response:
    """A request whose path the client leaves as it is."""
    url = httpx2.URL("http://hub.test/")
    request = http.build_request(method, url, headers=headers)
    request.url = _Unresolved("http://hub.test/", path)
    return await http.send(request)


class _Unresolved(httpx2.URL):
    def __init__(self, url: str, raw: str) -> None:
        super().__init__(url)
        self._raw = raw

    @property
    def raw_path(self) -> bytes:
        return self._raw.encode()

    @property
    def path(self) -> str:
        return self._raw


async def test_unknown_query_parameters_are_ignored(client: ApiClient) -> None:
    await client.upsert("ada")
    assert (await client.get("/v1/user/ada/?tenant=x&q=%20+&q=2")).status_code == 200
    assert (await client.post("/v1/user/ada/?x=1", {"n": 1})).status_code == 201
    assert (await client.patch("/v1/user/ada/?x=1", {"operations": []})).status_code == 202


async def test_a_reused_id_is_a_new_user(a: ApiClient) -> None:
    first = await a.upsert("ada", {"n": 1, "$email": "ada@example.com"})
    await a.delete("/v1/user/ada/")
    second = await a.upsert("ada")
    assert second["properties"] == {}
    assert "$email" not in second
    assert second["created_at"] > first["created_at"]


async def test_upsert_without_a_body_creates_an_empty_user(a: ApiClient) -> None:
    answer = await a.request("POST", "/v1/user/ada/")
    assert answer.status_code == 201
    assert answer.json()["properties"] == {}


async def test_upsert_merges_shallowly_and_adds_channels(a: ApiClient) -> None:
    await a.upsert("ada", {"keep": 1, "deep": {"a": 1}, "$email": "one@example.com"})
    user = await a.upsert("ada", {"deep": {"b": 2}, "$email": ["two@example.com"], "gone": None})
    assert user["properties"] == {"keep": 1, "deep": {"b": 2}, "gone": None}
    assert [identity["value"] for identity in user["$email"]] == ["one@example.com", "two@example.com"]


async def test_numbers_and_text_come_back_as_they_were_sent(a: ApiClient) -> None:
    """Where PostgreSQL's jsonb or a careless decoder would change them."""
    properties = {
        "max": 2**63 - 1, "min": -(2**63), "float": 1.0, "big": 1e16, "tiny": 5e-324, "minus zero": -0.0,
        "text": '\u2028 \\ " \x01 🙂 \U0010ffff', "": None, "order": {"b": 1, "a": [True, False, None, {}, []]},
    }  # fmt: skip
    del properties[""]
    answer = await a.post("/v1/user/ada/", properties)
    assert answer.status_code == 201
    for text in ((await a.get("/v1/user/ada/")).text, answer.text):
        assert '"float":1.0' in text
        assert '"minus zero":-0.0' in text
        assert '"order":{"b":1,"a"' in text
    assert await a.properties("ada") == properties


async def test_every_channel_comes_back_in_its_shape(a: ApiClient) -> None:
    subscription = {"endpoint": "https://push.example.com/1", "keys": {"p256dh": "p", "auth": "a"}}
    user = await a.upsert(
        "ada",
        {
            "$email": "ada@example.com",
            "$sms": ["+15550100001"],
            "$whatsapp": "+15550100002",
            "$androidpush": [{"token": "t1", "provider": "xiaomi", "device_id": "d"}, "t2"],
            "$iospush": "t3",
            "$webpush": subscription,
            "$slack": {"email": "ada@example.com", "access_token": "xoxb-1"},
            "$ms_teams": [{"incoming_webhook": {"url": "https://teams.example.com/1"}}],
        },
    )
    assert [(i["value"], i["id_provider"]) for i in user["$androidpush"]] == [("t1", "xiaomi"), ("t2", "fcm")]
    assert user["$androidpush"][0]["device_id"] == "d"
    assert user["$iospush"][0]["id_provider"] == "apns"
    assert user["$webpush"][0]["value"] == user["$webpush"][0]["value_json"] == subscription
    assert user["$slack"][0]["value_json"] == {"email": "ada@example.com", "access_token": "xoxb-1"}
    assert user["$ms_teams"][0]["value"] == {"incoming_webhook": {"url": "https://teams.example.com/1"}}


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("suprsend/0.13.0;python/3.11.7", "a b"),
        ("suprsend/0.18.0;python/3.9.1", "a b"),
        ("suprsend/0.5.2;python/3.8", "a b"),
        ("suprsend-py-sdk/0.20.0 (python/3.11.7; linux)", "a+b"),
        ("suprsend/0.9.0;go/go1.21", "a+b"),
        ("my suprsend/0.13.0;python/3.11.7", "a+b"),
        ("", "a+b"),
    ],
)
async def test_a_plus_in_a_path_is_a_space_for_the_sdks_that_write_it_so(
    a: ApiClient, a_signing: ApiClient, agent: str, name: str
) -> None:
    """The vendor's old Python SDKs. The signature covers the path as it was sent; an escaped plus is one for all."""
    headers = {"user-agent": agent}
    assert (await a_signing.request("POST", "/v1/user/a+b/", b'{"n": 1}', headers)).status_code == 201
    assert await a.properties(name) == {"n": 1}
    assert (await a_signing.request("GET", "/v1/user/a%2Bb/", b"", headers)).status_code == (
        200 if name == "a+b" else 404
    )
    assert (await a_signing.request("POST", "/v1/user/c%2Bd/", b'{"n": 2}', headers)).status_code == 201
    assert await a.properties("c+d") == {"n": 2}
