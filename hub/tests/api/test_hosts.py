"""Under which host names the hub answers: a page whose name turns into 127.0.0.1 gets nothing."""

import dataclasses
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
from suprsend_hub.app import build_asgi
from suprsend_hub.cli.dev import LOOPBACK_HOSTS
from suprsend_hub.service.services import Services
from suprsend_hub.settings import parse_hosts, parse_networks

from .support import assert_error

pytestmark = pytest.mark.anyio

Serve = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]
PATHS = ("/v1/user/", "/event/", "/healthz", "/console/sign-in/", "/console/assets/x", "/openapi.yaml", "/nothing")


@pytest.fixture
def serve(hub: Services) -> Serve:
    """A hub with other settings, seen from 127.0.0.1."""

    @asynccontextmanager
    async def serving(
        allowed: str = "", public_url: str | None = None, proxies: str = ""
    ) -> AsyncIterator[httpx2.AsyncClient]:
        settings = {
            "allowed_hosts": parse_hosts(allowed),
            "public_url": public_url,
            "trusted_proxies": parse_networks(proxies),
        }
        app = build_asgi(dataclasses.replace(hub, **settings))
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:7877"
        ) as http:
            yield http

    return serving


async def get(
    http: httpx2.AsyncClient, path: str, host: str, headers: Mapping[str, str] | None = None
) -> httpx2.Response:
    return await http.get(path, headers={**(headers or {}), "host": host})


async def test_a_development_hub_answers_under_names_of_this_machine_only(serve: Serve) -> None:
    """With any port, on every path, and says what to do."""
    async with serve(LOOPBACK_HOSTS) as http:
        for path in PATHS:
            for host in (
                "localhost",
                "localhost:7877",
                "LOCALHOST:1",
                "127.0.0.1:7877",
                "[::1]:7877",
                "[::1]",
                "localhost.",
            ):
                answer = await get(http, path, host)
                assert answer.status_code != 400, (path, host)
            for host in (
                "evil.example",
                "evil.example:7877",
                "127.0.0.1.evil.example",
                "localhost.evil.example",
                "[::2]",
            ):
                answer = await get(http, path, host)
                assert answer.status_code == 400, (path, host)
                assert "127.0.0.1, [::1], localhost" in answer.text
                assert "SUPRSEND_HUB_ALLOWED_HOSTS" in answer.text
        assert_error(await get(http, "/v1/user/", "evil.example"), 400, "wrong_host")
        page = await get(http, "/console/", "evil.example")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Content-Security-Policy" in page.headers
        style = re.search(r'href="(/console/assets/[^"]+\.css)"', page.text)
        assert style
        served = await get(http, style[1], "localhost")
        assert (served.status_code, served.headers["content-type"]) == (200, "text/css; charset=utf-8")


async def test_the_console_is_served_under_the_public_address_only(serve: Serve) -> None:
    """The API, whose clients have credentials of their own, under any name; so are health checks."""
    async with serve(public_url="https://hub.example.com/") as http:
        for host in ("hub.example.com", "HUB.example.com:443"):
            assert (await get(http, "/console/sign-in/", host)).status_code == 200
        for host in ("127.0.0.1:7877", "evil.example", "example.com"):
            refused = await get(http, "/console/sign-in/", host)
            assert refused.status_code == 400
            assert "hub.example.com" in refused.text
            assert (await get(http, "/healthz", host)).status_code == 200
            assert_error(await get(http, "/v1/user/", host), 401)
    async with serve() as http:
        assert (await get(http, "/console/sign-in/", "anything.example")).status_code == 200


async def test_a_name_may_be_added_and_the_public_one_is_always_there(serve: Serve) -> None:
    async with serve(f"{LOOPBACK_HOSTS}, dev.example", "http://port-forward.example:8000/") as http:
        for host in ("dev.example", "port-forward.example", "localhost"):
            assert (await get(http, "/healthz", host)).status_code == 200
            assert (await get(http, "/console/sign-in/", host)).status_code == 200
        assert (await get(http, "/healthz", "evil.example")).status_code == 400


async def test_only_a_trusted_proxy_may_say_which_name_the_client_used(serve: Serve) -> None:
    forwarded = {"x-forwarded-host": "hub.example.com"}
    async with serve(public_url="https://hub.example.com/") as http:
        assert (await get(http, "/console/sign-in/", "upstream", forwarded)).status_code == 400
    async with serve(public_url="https://hub.example.com/", proxies="127.0.0.1") as http:
        assert (await get(http, "/console/sign-in/", "upstream", forwarded)).status_code == 200
        assert (await get(http, "/console/sign-in/", "hub.example.com")).status_code == 200
        assert (
            await get(http, "/console/sign-in/", "upstream", {"x-forwarded-host": "evil.example"})
        ).status_code == 400


async def test_wrong_methods_below_the_console_get_a_page(serve: Serve) -> None:
    """With its security headers and the methods that are right; elsewhere JSON."""
    async with serve() as http:
        for method, path in (
            ("PUT", "/console/sign-in/"),
            ("DELETE", "/console/"),
            ("POST", "/console/assets/x"),
            ("PATCH", "/console/x"),
        ):
            answer = await http.request(method, path)
            assert answer.status_code == 405, path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "Content-Security-Policy" in answer.headers
            assert "GET" in answer.headers["allow"]
        answer = await http.put("/v1/user/")
        assert answer.headers["content-type"] == "application/json"


MALFORMED = (
    "localhost:abc", "localhost:99999", "localhost:0", "localhost:80.evil.example", "localhost:-1", "[::1]evil.example",
    "[::1]:x", "[::1", "[x]", "[:::1]", "", "localhost..", ".localhost", "user@localhost", "localhost/x", "local host",
    "localhost,localhost", "localhost:80:80", "localhost?", "x" * 300, "b\u00fccher.example",
)  # fmt: skip


@pytest.mark.parametrize("host", MALFORMED)
@pytest.mark.parametrize("allowed", ["", LOOPBACK_HOSTS], ids=["any name", "listed names"])
async def test_what_is_not_a_host_is_refused(serve: Serve, host: str, allowed: str) -> None:
    """On every path, with 400: neither an error of the hub, nor taken for the part before it."""
    async with serve(allowed) as http:
        for path in (*PATHS, "/console/"):
            answer = await http.get(path, headers={"host": host.encode("latin-1")})
            assert (answer.status_code, answer.json()["error_code"]) == (400, "wrong_host"), path


@pytest.mark.parametrize(
    "host", ["localhost:", "localhost.", "localhost:65535", "127.0.0.1:1", "[::1]", "LOCALHOST:80"]
)
async def test_every_form_of_a_host_is_accepted(serve: Serve, host: str) -> None:
    async with serve(LOOPBACK_HOSTS) as http:
        for path in ("/healthz", "/console/sign-in/"):
            assert (await get(http, path, host)).status_code == 200
