"""Who is let in: both schemes on every route, every wrong credential with one answer, and workspaces kept apart."""

import asyncio
import dataclasses
from dataclasses import dataclass

import httpx2
import pytest
from cast import TESTER
from suprsend_hub.app import build_asgi, utc_now
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.service.credentials import CredentialService
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.settings import Settings

from .support import (
    BASE_URL,
    CONTENT_TYPE,
    DATE,
    METHODS,
    ApiClient,
    Authorize,
    assert_error,
    bearer,
    document,
    encode,
    signed,
)

pytestmark = pytest.mark.anyio

REFUSED = {
    "code": 401,
    "error_code": "unauthorized",
    "type": "Unauthorized",
    "message": "Not Authenticated - could not find Workspace details",
    "detail": "Authentication failed",
}


@dataclass(frozen=True)
class Route:
    """A route of the API, with a request that works once `prepare` has run."""

    method: str
    path: str
    body: object = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


VERSION = "{version}"
ROUTES = [
    Route("POST", "/event/", {"distinct_id": "ada", "$user_operations": [{"$set": {"by": "event"}}]}),
    Route("GET", "/v1/user/"),
    Route("GET", "/v1/user/ada/"),
    Route("POST", "/v1/user/ada/", {"by": "upsert"}),
    Route("PATCH", "/v1/user/ada/", {"operations": [{"$set": {"by": "edit"}}]}),
    Route("GET", "/v1/user/ada/subscribed_to/object/"),
    Route("GET", "/v1/user/ada/subscribed_to/list/"),
    Route("POST", "/hub/v1/user/ada/merge_preview/", {"from_user_id": "bo"}),
    Route("POST", "/v1/user/ada/merge/", {"from_user_id": "bo"}),
    Route("POST", "/hub/v1/user/ada/unmerge_preview/", {"from_user_id": "bo"}),
    Route("POST", "/hub/v1/user/ada/unmerge/", {"from_user_id": "bo"}),
    Route("POST", "/hub/v1/user/read_many/", {"distinct_ids": ["ada"]}),
    Route("GET", "/hub/v1/users/by_address/?address=ada@example.com"),
    Route("GET", "/v1/user/ada/tenant/acme/"),
    Route("POST", "/v1/user/ada/tenant/acme/", {"by": "upsert"}),
    Route("PATCH", "/v1/user/ada/tenant/acme/", {"operations": [{"$set": {"by": "edit"}}]}),
    Route("GET", "/v1/user/ada/tenant/"),
    Route("GET", "/v1/user/ada/associated_tenant/"),
    Route("DELETE", "/v1/user/ada/tenant/acme/"),
    Route("GET", "/v1/tenant/"),
    Route("GET", "/v1/tenant/acme/"),
    Route("POST", "/v1/tenant/acme/", {"logo": "https://changed.example"}),
    Route("GET", "/v1/brand/"),
    Route("GET", "/v1/brand/acme/"),
    Route("POST", "/v1/brand/acme/", {"logo": "https://changed.example"}),
    Route("GET", "/v1/object/teams/"),
    Route("GET", "/v1/object/teams/core/"),
    Route("POST", "/v1/object/teams/core/", {"by": "upsert"}),
    Route("PATCH", "/v1/object/teams/core/", {"operations": [{"$set": {"by": "edit"}}]}),
    Route("GET", "/v1/object/teams/core/subscription/"),
    Route("POST", "/v1/object/teams/core/subscription/", {"recipients": ["ada"], "properties": {"by": "subscription"}}),
    Route("GET", "/v1/object/teams/core/subscribed_to/object/"),
    Route("DELETE", "/v1/object/teams/core/subscription/", {"recipients": ["ada"]}),
    Route("GET", "/v1/subscriber_list/"),
    Route("POST", "/v1/subscriber_list/", {"list_id": "news", "list_name": "changed"}),
    Route("GET", "/v1/subscriber_list/news/"),
    Route("GET", "/v1/subscriber_list/news/subscriber/"),
    Route("POST", "/v1/subscriber_list/news/subscriber/add/", {"distinct_ids": ["bo"]}),
    Route("POST", "/v1/subscriber_list/news/subscriber/remove/", {"distinct_ids": ["ada"]}),
    Route("POST", "/v1/subscriber_list/news/start_sync/", {}),
    Route("GET", f"/v1/subscriber_list/news/version/{VERSION}/"),
    Route("POST", f"/v1/subscriber_list/news/version/{VERSION}/subscriber/add/", {"distinct_ids": ["ada"]}),
    Route("POST", f"/v1/subscriber_list/news/version/{VERSION}/subscriber/remove/", {"distinct_ids": ["ada"]}),
    Route("PATCH", f"/v1/subscriber_list/news/version/{VERSION}/finish_sync/", {}),
    Route("PATCH", f"/v1/subscriber_list/news/version/{VERSION}/delete/", {}),
    Route("DELETE", f"/v1/subscriber_list/news/version/{VERSION}/"),
    Route("PATCH", "/v1/subscriber_list/news/delete/", {}),
    Route("DELETE", "/v1/subscriber_list/news/"),
    Route("DELETE", "/v1/bulk/user/", {"distinct_ids": ["ada"]}),
    Route("DELETE", "/v1/bulk/object/teams/", {"object_ids": ["core"]}),
    Route("DELETE", "/v1/object/teams/core/"),
    Route("DELETE", "/v1/user/ada/"),
    Route("DELETE", "/v1/tenant/acme/"),
    Route("DELETE", "/v1/brand/other/"),
]


async def send(client: ApiClient, route: Route, version: str = "01JR0WV5DG8W1Q2JB3N4M5P6R7", slash: bool = True):
    path = route.path.replace(VERSION, version)
    body = b"" if route.body is None else encode(route.body)
    return await client.request(route.method, path if slash else path.removesuffix("/"), body)


async def prepare(client: ApiClient) -> str:
    """Give a workspace a record of each kind, linked with each other; the version of a draft of a list."""
    await client.upsert("ada", {"owner": "prepared"})
    await client.upsert("bo")
    for path, body in (
        ("/v1/object/teams/core/", {"owner": "prepared"}),
        ("/v1/object/teams/core/subscription/", {"recipients": ["ada"], "properties": {"owner": "prepared"}}),
        ("/v1/tenant/acme/", {"tenant_name": "prepared"}),
        ("/v1/tenant/other/", {"tenant_name": "prepared"}),
        ("/v1/user/ada/tenant/acme/", {"owner": "prepared"}),
        ("/v1/subscriber_list/", {"list_id": "news", "list_name": "prepared"}),
        ("/v1/subscriber_list/news/subscriber/add/", {"distinct_ids": ["ada"]}),
    ):
        assert (await client.post(path, body)).status_code in (200, 201)
    return (await client.post("/v1/subscriber_list/news/start_sync/")).json()["version_id"]


async def state(client: ApiClient) -> list[object]:
    """All that a workspace holds, as its owner reads it."""
    paths = [
        "/v1/user/", "/v1/user/ada/", "/v1/user/ada/subscribed_to/object/", "/v1/user/ada/subscribed_to/list/",
        "/v1/object/teams/", "/v1/object/teams/core/subscription/",
        "/v1/subscriber_list/", "/v1/subscriber_list/news/subscriber/",
        "/v1/tenant/", "/v1/user/ada/tenant/", "/v1/user/?tenant_id=acme",
    ]  # fmt: skip
    return [(await client.get(path)).json() for path in paths]


def test_the_routes_above_are_all_that_the_document_knows() -> None:
    known = {(path, method) for path, item in document()["paths"].items() for method in METHODS if method in item}
    named = {
        (
            route.path.partition("?")[0]
            .replace("/ada/", "/{distinct_id}/")
            .replace("/teams/core/", "/{object_type}/{object_id}/")
            .replace("/teams/", "/{object_type}/")
            .replace("/news/", "/{list_id}/")
            .replace("/tenant/acme/", "/tenant/{tenant_id}/")
            .replace("/brand/acme/", "/brand/{brand_id}/")
            .replace("/brand/other/", "/brand/{brand_id}/")
            .replace(VERSION, "{version_id}"),
            route.method.lower(),
        )
        for route in ROUTES
    }
    open_to_all = {("/healthz", "get"), ("/readyz", "get"), ("/openapi.yaml", "get")}
    managing = {
        ("/hub/v1/audit/", "get"),
        ("/hub/v1/tenancy/", "get"),
        ("/hub/v1/tenancy/", "patch"),
        ("/hub/v1/after_merge/", "get"),
        ("/hub/v1/after_merge/", "put"),
        ("/hub/v1/active_channels/", "get"),
        ("/hub/v1/active_channels/", "put"),
        ("/hub/v1/user/{distinct_id}/rename/", "post"),
    }
    choosing = {(path, method) for path, method in known if "/preference" in path or "}/category/" in path}
    sending = {("/hub/v1/resolve/", "post"), ("/hub/v1/channel_status/", "post")}
    # test_isolation and test_scopes send all routes of the document, these among them.
    assert known - named == open_to_all | managing | choosing | sending


@pytest.mark.parametrize("slash", [True, False], ids=["with slash", "without slash"])
@pytest.mark.parametrize("scheme", ["bearer", "signed"])
async def test_every_route_takes_both_schemes_with_and_without_trailing_slash(
    http: httpx2.AsyncClient, workspace_a: NewWorkspace, scheme: str, slash: bool
) -> None:
    """Each of them is let in and does something: no 401, no 404, no redirect."""
    client = ApiClient(
        http,
        bearer(workspace_a.api_key)
        if scheme == "bearer"
        else signed(workspace_a.workspace_key, workspace_a.workspace_secret),
    )
    answered = {}
    version = await prepare(client)
    for route in ROUTES:
        answer = await send(client, route, version, slash)
        answered[str(route)] = answer.status_code
        if route.method in ("DELETE", "PATCH") and answer.status_code < 300:
            version = await prepare(client)
    assert {name: status for name, status in answered.items() if status >= 300} == {}


async def test_no_credential_but_the_workspaces_own_is_let_in_and_all_refusals_are_alike(
    a: ApiClient, http: httpx2.AsyncClient, workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> None:
    """Whatever is wrong, the answer is the same, byte for byte; it does not tell whether a key exists."""
    key, secret = workspace_a.workspace_key, workspace_a.workspace_secret
    good = signed(key, secret)("GET", "/v1/user/", b"")["authorization"]
    wrong: dict[str, str | None] = {
        "nothing": None,
        "empty": "",
        "blank": "  ",
        "only a colon": ":",
        "unknown API key": "Bearer SS.nobody",
        "no API key": "Bearer ",
        "API key without scheme": workspace_a.api_key,
        "API key as workspace key": f"{workspace_a.api_key}:{good.split(':')[1]}",
        "workspace secret as API key": f"Bearer {secret}",
        "workspace key alone": key,
        "no signature": f"{key}:",
        "signature of another key": good.replace(key, workspace_b.workspace_key),
        "another secret": signed(key, workspace_b.workspace_secret)("GET", "/v1/user/", b"")["authorization"],
        "unknown key": signed("WK_" + "x" * 24, secret)("GET", "/v1/user/", b"")["authorization"],
        "signature cut": good[:-1],
        "signature with a blank": good + " x",
        "another method": signed(key, secret)("POST", "/v1/user/", b"")["authorization"],
        "another path": signed(key, secret)("GET", "/v1/user", b"")["authorization"],
        "another query": signed(key, secret)("GET", "/v1/user/?limit=1", b"")["authorization"],
        "another body": signed(key, secret)("GET", "/v1/user/", b"{}")["authorization"],
        "another date": signed(key, secret, date=DATE.replace("10:00", "10:01"))("GET", "/v1/user/", b"")[
            "authorization"
        ],
        "service token": f"ServiceToken {workspace_a.api_key}",
        "Basic": "Basic YTpi",
        "not ASCII": f"{key}:é",
    }
    assert (
        await http.get("/v1/user/", headers={"authorization": good, "date": DATE, "content-type": CONTENT_TYPE})
    ).status_code == 200
    for name, authorization in wrong.items():
        headers = {"date": DATE, "content-type": CONTENT_TYPE}
        if authorization is not None:
            headers["authorization"] = authorization
        answer = await http.get("/v1/user/", headers={n: v.encode("utf-8") for n, v in headers.items()})
        assert (name, answer.status_code, answer.json()) == (name, 401, REFUSED)
    assert await a.count() == 0


async def test_a_stranger_gets_nowhere_on_any_route(a: ApiClient, stranger: ApiClient) -> None:
    version = await prepare(a)
    before = await state(a)
    for route in ROUTES:
        for credentials in (stranger.authorize, bearer("SS.wrong"), signed("WK_" + "x" * 24, "wrong")):
            answer = await send(ApiClient(stranger.http, credentials), route, version)
            assert (str(route), answer.status_code, answer.json()) == (str(route), 401, REFUSED)
    assert await state(a) == before


async def test_no_request_of_one_workspace_reads_or_changes_anything_of_another(a: ApiClient, b: ApiClient) -> None:
    """B calls every route with A's ids. A has what it had, and nothing that B was told came from A."""
    version = await prepare(a)
    before = await state(a)
    for route in ROUTES:
        answer = await send(b, route, version)
        assert "prepared" not in answer.text, str(route)
    for scheme_mix in ("news", "NEWS"):
        assert_error(await b.get(f"/v1/subscriber_list/{scheme_mix}/version/{version}/"), 404)
    assert await state(a) == before


async def test_cursors_of_another_workspace_show_only_the_own_users(a: ApiClient, b: ApiClient) -> None:
    for n in range(4):
        await a.upsert(f"a-{n}", {"owner": "A"})
        await b.upsert(f"b-{n}", {"owner": "B"})
    for query in ("limit=2", "limit=2&search=a-", "limit=2&search="):
        cursor = (await a.get(f"/v1/user/?{query}")).json()["meta"]["after"]
        for direction in ("after", "before"):
            page = await b.get(f"/v1/user/?{query}&{direction}={cursor}")
            assert page.status_code == 200
            assert "a-" not in page.text.replace(cursor, "")


async def test_the_signature_may_come_with_the_dates_and_paths_of_other_sdks(
    http: httpx2.AsyncClient, workspace_a: NewWorkspace
) -> None:
    """Go signs the decoded path and the sorted query, Node a lone `?`; browsers put the date in another header."""
    key, secret = workspace_a.workspace_key, workspace_a.workspace_secret
    creator = ApiClient(http, signed(key, secret))
    await creator.upsert("a b/c")

    def signing(target: str, **options: str) -> Authorize:
        """Signs this target whatever is sent."""
        return lambda method, _target, body: signed(key, secret, **options)(method, target, body)

    go = ApiClient(http, signing("/v1/user/a b/c/"))
    agent = {"user-agent": "suprsend/0.9.0;go/go1.21"}
    assert (await go.request("GET", "/v1/user/a%20b%2Fc/", headers=agent)).status_code == 200
    assert (await go.get("/v1/user/a%20b%2Fc/")).status_code == 401
    go = ApiClient(http, signing("/v1/user/?after=&limit=5"))
    assert (await go.get("/v1/user/?limit=5&after=")).status_code == 200
    node = ApiClient(http, signing("/v1/user/?"))
    assert (await node.get("/v1/user/")).status_code == 200
    java = ApiClient(http, signed(key, secret, date="Tue, 3 Jun 2025 10:00:00 UTC"))
    assert (await java.get("/v1/user/")).status_code == 200

    headers = dict(signed(key, secret)("GET", "/v1/user/", b""))
    headers["x-amz-date"] = headers.pop("date")
    assert (await http.get("/v1/user/", headers=headers)).status_code == 200


async def test_the_signature_covers_a_body_on_delete(a: ApiClient, a_signing: ApiClient) -> None:
    await a.upsert("ada")
    body = encode({"distinct_ids": ["ada"]})
    headers = a_signing.authorize("DELETE", "/v1/bulk/user/", encode({"distinct_ids": ["bo"]}))
    forged = await a_signing.request("DELETE", "/v1/bulk/user/", body, headers)
    assert forged.json() == REFUSED
    assert await a.count() == 1
    assert (await a_signing.delete("/v1/bulk/user/", {"distinct_ids": ["ada"]})).status_code == 204
    assert await a.count() == 0


async def test_a_bearer_prefix_counts_in_any_case(http: httpx2.AsyncClient, workspace_a: NewWorkspace) -> None:
    for prefix in ("Bearer", "bearer", "BEARER"):
        answer = await http.get("/v1/user/", headers={"authorization": f"{prefix} {workspace_a.api_key}"})
        assert answer.status_code == 200


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_revoked_key_is_refused_once_the_cache_has_expired(
    hub: Services, settings: Settings, workspace_a: NewWorkspace
) -> None:
    """And no sooner than needed: a known credential costs no query within that time."""
    clock = Clock()
    credentials = _credentials(hub, settings, clock)
    async with _client(hub, credentials) as http:
        client = ApiClient(http, bearer(workspace_a.api_key))
        assert (await client.get("/v1/user/")).status_code == 200
        [key] = await hub.workspaces.list_api_keys(workspace_a.name)
        await hub.workspaces.revoke_api_key(TESTER, workspace_a.name, ulid_text(key.api_key_id))
        assert (await client.get("/v1/user/")).status_code == 200
        clock.now += 5.1  # seconds; what the commands and the documentation promise
        answer = await client.get("/v1/user/")
        assert (answer.status_code, answer.json()) == (401, REFUSED)
        signing = ApiClient(http, signed(workspace_a.workspace_key, workspace_a.workspace_secret))
        assert (await signing.get("/v1/user/")).status_code == 200


async def test_a_new_key_works_once_the_memory_of_its_absence_has_expired(
    hub: Services, settings: Settings, workspace_a: NewWorkspace
) -> None:
    clock = Clock()
    credentials = _credentials(hub, settings, clock)
    async with _client(hub, credentials) as http:
        late = ApiClient(http, signed("WK_made_later_0000000000", "secret"))
        assert (await late.get("/v1/user/")).status_code == 401
        await hub.workspaces.create(TESTER, "late", workspace_key="WK_made_later_0000000000", workspace_secret="secret")
        clock.now += 5.1  # seconds; what the commands and the documentation promise
        assert (await late.get("/v1/user/")).status_code == 200


def _credentials(hub: Services, settings: Settings, clock: Clock) -> CredentialService:
    assert settings.master_key is not None
    secrets = SecretBox(settings.master_key.get_secret_value())
    return CredentialService(hub.database, secrets, RateLimits(monotonic=clock), now=utc_now, monotonic=clock)


def _client(hub: Services, credentials: CredentialService) -> httpx2.AsyncClient:
    app = build_asgi(dataclasses.replace(hub, credentials=credentials))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE_URL)


async def test_many_strangers_at_once_do_not_disturb_the_owner(a: ApiClient, stranger: ApiClient) -> None:
    strangers = [ApiClient(stranger.http, bearer(f"SS.guess-{n}")) for n in range(50)]
    answers = await asyncio.gather(*(guess.get("/v1/user/") for guess in strangers), a.get("/v1/user/"))
    assert [answer.status_code for answer in answers] == [401] * 50 + [200]


@pytest.mark.parametrize("name", ["authorization", "date", "content-type", "idempotency-key"])
async def test_a_decisive_header_may_be_there_once(a_signing: ApiClient, name: str) -> None:
    """Of two, a proxy may have looked at the other one. Headers that decide nothing may be repeated."""
    headers = [*a_signing.authorize("POST", "/v1/user/ada/", b"{}").items(), ("idempotency-key", "k")]
    good = await a_signing.http.post("/v1/user/ada/", content=b"{}", headers=[*headers, ("x-a", "1"), ("x-a", "2")])
    assert good.status_code == 201
    for second in ("other", dict(headers)[name]):
        answer = await a_signing.http.post("/v1/user/ada/", content=b"{}", headers=[*headers, (name, second)])
        assert_error(answer, 400, "invalid_request")
        assert name in answer.json()["message"]
