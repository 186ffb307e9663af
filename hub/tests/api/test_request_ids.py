"""Every answer names its request, and the audit log sees the client through trusted proxies."""

import dataclasses
import re
from ipaddress import ip_network

import httpx2
import pytest
import structlog
from suprsend_hub.app import build_asgi
from suprsend_hub.service.audit import AuditFilter
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.web.clients import client_address

from .support import BASE_URL, ApiClient, bearer

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "target",
    ["/v1/user/", "/v1/user/nobody/", "/nothing/", "/v1//user/", "/healthz", "/readyz", "/console/", "/openapi.yaml"],
)
async def test_every_answer_names_its_request(http: httpx2.AsyncClient, target: str) -> None:
    """Also refusals, unknown paths, health checks and pages; no two are the same."""
    first, second = [(await http.get(target)).headers.get_list("x-request-id") for _ in range(2)]
    assert len(first) == 1
    assert re.fullmatch("[0-9a-f]{32}", first[0])
    assert first != second


@pytest.mark.parametrize("own", ["trace-7", "a" * 64, "1-67891233-abcdef012345678912345678", "x:/+=._-"])
async def test_the_callers_own_id_is_taken_if_it_is_sane(a: ApiClient, own: str) -> None:
    assert (await a.request("GET", "/v1/user/", headers={"x-request-id": own})).headers["x-request-id"] == own


@pytest.mark.parametrize("own", ["", "a" * 65, "two words", "semi;colon", '"quoted"', "<b>", "é".encode()])
async def test_another_id_is_made_for_what_could_do_harm_in_a_log(a: ApiClient, own: str | bytes) -> None:
    answer = await a.request("GET", "/v1/user/", headers={"x-request-id": own})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_log_lines_of_a_request_name_it(
    hub: Services, workspace_a: NewWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        structlog.get_logger("test").warning("something happens")
        raise RuntimeError("a defect")

    monkeypatch.setattr(type(hub.recipients), "get", broken)
    transport = httpx2.ASGITransport(app=build_asgi(hub), raise_app_exceptions=False)
    headers = {**bearer(workspace_a.api_key)("GET", "", b""), "x-request-id": "trace-7"}
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
            assert (await client.get("/v1/user/ada/", headers=headers)).status_code == 500
    assert [line["request_id"] for line in lines] == ["trace-7", "trace-7"]


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # not a proxy: what it says of others is not believed
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what the client itself had sent is not believed
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ",".join(["10.0.0.3"] * 10_000), "10.0.0.3"),
    ],
)
def test_the_client_is_seen_through_trusted_proxies_only(peer: str, forwarded: str, seen: str) -> None:
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert client_address(scope, PROXIES) == seen  # type: ignore[arg-type]
    assert client_address(scope, ()) == peer  # type: ignore[arg-type]


async def test_the_audit_log_has_the_address_that_the_proxy_names(hub: Services, workspace_a: NewWorkspace) -> None:
    behind = dataclasses.replace(hub, trusted_proxies=[ip_network("127.0.0.0/8")])
    headers = {**bearer(workspace_a.api_key)("GET", "", b""), "x-forwarded-for": "198.51.100.1"}
    transport = httpx2.ASGITransport(app=build_asgi(behind))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        assert (await client.post("/v1/subscriber_list/", json={"list_id": "news"}, headers=headers)).status_code == 201
    [entry] = (await hub.audit.page(workspace_a.workspace_id, AuditFilter(target_id="news"), limit=9)).entries
    assert entry.actor.address == "198.51.100.1"
