"""Who gets into the console, for how long, and what strangers can find out."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx2
import msgspec
import pytest
from cast import TESTER, VISITOR
from pydantic import SecretStr
from suprsend_hub.app import build_asgi, build_services, sign_in_path
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.errors import RateLimited, Unauthenticated
from suprsend_hub.service import sign_in_throttle
from suprsend_hub.service.console_access import ConsoleAccessService
from suprsend_hub.service.console_tokens import SESSION_S, TokenSigner
from suprsend_hub.service.console_users import LINK_LIFETIME
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.service.services import Services
from suprsend_hub.service.sign_in_throttle import WINDOW
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.settings import Settings

from .support import BASE_URL, PASSWORD, USERS, Browser

pytestmark = pytest.mark.anyio


async def test_a_stranger_is_sent_to_the_sign_in_page_and_back_to_where_they_wanted(
    stranger: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    asked = await stranger.get(USERS, q="x")
    assert asked.status == 303
    assert asked.location == "/console/sign-in/?next=%2Fconsole%2Fw%2Fworkspace%2520A%2Fusers%2F%3Fq%3Dx"
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    await hub.console_users.grant(TESTER, "sam", workspace_a.name, Role.VIEWER)
    await stranger.get(asked.location)
    page = await stranger.post("/console/sign-in/", name="sam", password=PASSWORD, next=f"{USERS}?q=x")
    assert (page.status, page.location) == (303, f"{USERS}?q=x")
    assert (await stranger.get(page.location)).status == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/console/", "//evil.example/console/", "/\\evil.example", "/v1/user/", "javascript:x"],
)
async def test_signing_in_never_leads_out_of_the_console(stranger: Browser, hub: Services, target: str) -> None:
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    page = await stranger.sign_in("sam", next=target)
    assert (page.status, page.location) == (303, "/console/")


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(stranger: Browser, hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    wrong_password = await stranger.sign_in("sam", "not the password")
    wrong_name = await stranger.sign_in("max", "not the password")
    assert wrong_password.status == wrong_name.status == 401
    assert "Wrong name or password." in wrong_password.text
    assert wrong_password.text == wrong_name.text


async def test_a_console_user_without_a_password_cannot_sign_in_with_any(stranger: Browser, hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", None)
    assert (await stranger.sign_in("sam", "")).status == 401
    assert (await stranger.sign_in("sam", "no console user has this password")).status == 401


async def test_guessing_is_stopped_and_the_right_password_does_not_help_then(
    make_browser: Callable[[], Browser], hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sign_in_throttle, "MAX_ATTEMPTS_PER_NAME_AND_ADDRESS", 3
    )  # each guess takes a while, which is the point
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    for _ in range(3):
        assert (await make_browser().sign_in("sam", "guess")).status == 401
    page = await make_browser().sign_in("sam")
    assert page.status == 429
    assert "Too many attempts" in page.text
    assert (await make_browser().sign_in("max", "guess")).status == 401, "others are not concerned"


async def test_the_count_of_attempts_starts_anew_after_its_window(
    hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_throttle, "MAX_ATTEMPTS_PER_NAME_AND_ADDRESS", 2)
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    clock = [datetime.now(UTC)]
    access = ConsoleAccessService(hub.database, hub.console_access.signer, hub.audit, now=lambda: clock[0])
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await access.sign_in(VISITOR, "sam", "guess")
    with pytest.raises(RateLimited):
        await access.sign_in(VISITOR, "sam", PASSWORD)
    clock[0] += WINDOW + timedelta(seconds=1)
    assert await access.sign_in(VISITOR, "sam", PASSWORD)


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger: Browser, hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    page = await stranger.sign_in("sam")
    [cookie] = [line for line in page.response.headers.get_list("set-cookie") if "session" in line]
    flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/console/"} <= flags
    assert "secure" not in flags, "plain HTTP on the loopback interface"


async def test_behind_https_cookies_are_secure_and_of_this_host_alone(
    settings: Settings, workspace_a: NewWorkspace, anyio_backend: str
) -> None:
    """`__Host-`: no page of a neighbouring host can plant one. Browsers come back over TLS only."""
    public = build_services(settings.model_copy(update={"public_url": "https://hub.example"}))
    async with (
        public.database,
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=build_asgi(public)), base_url="https://hub.example"
        ) as http,
    ):
        await public.console_users.create(TESTER, "sam", None)
        link = await public.console_users.one_time_link(TESTER, "sam")
        page = await Browser(http).follow_link(sign_in_path(link))
        cookies = page.response.headers.get_list("set-cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert cookie.startswith("__Host-suprsend_hub_")
            flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
            assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags
            assert not any(flag.startswith("domain") for flag in flags)
        assert (await Browser(http).get("/console/")).status == 200
        for path in ("/console/", "/healthz", "/v1/user/", "/nothing"):
            assert (await http.get(path)).headers["strict-transport-security"] == "max-age=31536000"


async def test_a_form_of_another_session_is_refused(editor: Browser, viewer: Browser, hub: Services) -> None:
    await viewer.get(USERS)
    page = await editor.post("/console/sign-out/", form_token=viewer.token, everywhere="1")
    assert page.status == 403
    assert (await editor.get(USERS)).status == 200


@pytest.mark.parametrize("token", ["", "x", "x.y", "é.é", "."])
async def test_a_form_without_a_true_token_is_refused(editor: Browser, token: str) -> None:
    assert (await editor.post("/console/sign-out/", form_token=token)).status == 403


async def test_a_sign_in_form_without_the_cookie_of_its_page_is_refused(stranger: Browser, hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    await stranger.get("/console/sign-in/")
    stranger.http.cookies.clear()
    assert (await stranger.post("/console/sign-in/", name="sam", password=PASSWORD)).status == 403


async def test_a_copied_session_is_over_after_signing_out(editor: Browser, make_browser: Callable[[], Browser]) -> None:
    """A thief of the cookie is out as well."""
    thief = make_browser()
    thief.http.cookies.update(editor.http.cookies)
    assert (await thief.get(USERS)).status == 200
    assert (await editor.submit("/console/sign-out/", USERS)).status == 303
    assert (await thief.get(USERS)).status == 303
    assert (await thief.post("/console/sign-out/", form_token=editor.token, everywhere="1")).status == 303


async def test_signing_out_ends_no_other_session_and_ends_are_kept_as_long_as_sessions(
    hub: Services, editor: Browser, make_browser: Callable[[], Browser]
) -> None:
    other = make_browser()
    await other.follow_link(sign_in_path(await hub.console_users.one_time_link(TESTER, "erin")))
    assert (await editor.submit("/console/sign-out/", USERS)).status == 303
    assert (await other.get(USERS)).status == 200
    after_a_week = datetime.now(UTC) + timedelta(seconds=SESSION_S + 60)
    access = ConsoleAccessService(hub.database, hub.console_access.signer, hub.audit, now=lambda: after_a_week)
    signed_in = await hub.console_access.resolve(str(other.http.cookies["suprsend_hub_session"]))
    assert signed_in is not None
    await access.sign_out(TESTER, signed_in.session)
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT array_agg(nonce) FROM console_ended_session") == [
            signed_in.session.nonce
        ]


async def test_signing_out_everywhere_ends_the_sessions_of_other_browsers(
    hub: Services, editor: Browser, make_browser: Callable[[], Browser]
) -> None:
    other = make_browser()
    await other.follow_link(sign_in_path(await hub.console_users.one_time_link(TESTER, "erin")))
    assert (await other.get(USERS)).status == 200
    page = await editor.submit("/console/sign-out/", USERS, everywhere="1")
    assert page.status == 303
    assert (await other.get(USERS)).status == 303


async def test_a_copied_session_is_over_after_signing_out_everywhere_a_new_password_and_deletion(
    hub: Services, make_browser: Callable[[], Browser], editor: Browser
) -> None:
    await hub.console_users.set_password(TESTER, "erin", "another long password")
    assert (await editor.get(USERS)).status == 303
    other = make_browser()
    await other.sign_in("erin", "another long password")
    assert (await other.get(USERS)).status == 200
    await hub.console_users.delete(TESTER, "erin")
    assert (await other.get(USERS)).status == 303


async def test_a_one_time_link_signs_in_once(make_browser: Callable[[], Browser], hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", None)
    path = sign_in_path(await hub.console_users.one_time_link(TESTER, "sam"))
    first, second = make_browser(), make_browser()
    assert (await first.follow_link(path)).location == "/console/"
    assert "No workspace yet" in (await first.get("/console/")).text
    refused = await second.follow_link(path)
    assert refused.status == 401
    assert "has been used or has expired" in refused.text
    assert (await first.follow_link(path)).status == 303, "a browser that is signed in already goes on"


async def test_previews_of_a_one_time_link_do_not_use_it_up(make_browser: Callable[[], Browser], hub: Services) -> None:
    """Chats and mail programs load what they show; a page of someone else's may even post, but has no token for it."""
    await hub.console_users.create(TESTER, "sam", None)
    path = sign_in_path(await hub.console_users.one_time_link(TESTER, "sam"))
    preview, attacker, sam = make_browser(), make_browser(), make_browser()
    for _ in range(3):
        shown = await preview.get(path)
        assert (shown.status, shown.response.headers["cache-control"]) == (200, "no-store")
        assert "session" not in str(shown.response.headers.get_list("set-cookie"))
    await preview.http.head(path)
    assert (await attacker.post(path)).status == 403
    assert (await attacker.post(path, form_token=preview.token)).status == 403
    assert (await sam.follow_link(path)).status == 303


async def test_a_one_time_link_works_while_somebody_guesses_passwords_from_the_same_address(
    make_browser: Callable[[], Browser], hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy everybody has one address."""
    monkeypatch.setattr(sign_in_throttle, "MAX_ATTEMPTS_PER_ADDRESS", 1)
    await hub.console_users.create(TESTER, "sam", None)
    for status in (401, 429):
        assert (await make_browser().sign_in("max", "guess")).status == status
    path = sign_in_path(await hub.console_users.one_time_link(TESTER, "sam"))
    assert (await make_browser().follow_link(path)).status == 303


async def test_guesses_of_others_do_not_lock_out_a_browser_that_has_signed_in_before(
    make_browser: Callable[[], Browser], hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own name: it has a count of its own. Behind a proxy everybody else shares one address."""
    for limit in ("PER_NAME", "PER_ADDRESS", "PER_NAME_AND_ADDRESS", "PER_BROWSER"):
        monkeypatch.setattr(sign_in_throttle, f"MAX_ATTEMPTS_{limit}", 2)
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    await hub.console_users.create(TESTER, "max", PASSWORD)
    known = make_browser()
    assert (await known.sign_in("sam")).status == 303
    known.http.cookies.delete("suprsend_hub_session")
    for status in (401, 401, 429):
        assert (await make_browser().sign_in("sam", "guess")).status == status
    assert (await make_browser().sign_in("sam")).status == 429
    assert (await known.sign_in("max")).status == 429, "it has not signed in with that name"
    assert (await known.sign_in("sam", "guess")).status == 401
    assert (await known.sign_in("sam")).status == 303
    known.http.cookies.delete("suprsend_hub_session")
    for status in (401, 401, 429):
        assert (await known.sign_in("sam", "guess")).status == status


async def test_right_passwords_are_not_counted(
    make_browser: Callable[[], Browser], hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("PER_NAME", "PER_ADDRESS", "PER_NAME_AND_ADDRESS"):
        monkeypatch.setattr(sign_in_throttle, f"MAX_ATTEMPTS_{limit}", 1)
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    for _ in range(3):
        assert (await make_browser().sign_in("sam")).status == 303


async def test_guesses_are_counted_by_network_and_for_a_name_from_everywhere(
    hub: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer of a provider has a /64 of IPv6 addresses; many addresses do not help to guess one password."""
    monkeypatch.setattr(sign_in_throttle, "MAX_ATTEMPTS_PER_NAME_AND_ADDRESS", 2)
    monkeypatch.setattr(sign_in_throttle, "MAX_ATTEMPTS_PER_NAME", 4)

    async def guess(address: str, name: str = "sam") -> None:
        visitor = msgspec.structs.replace(VISITOR, address=address)
        await hub.console_access.sign_in(visitor, name, "guess")

    for address in ("2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8:0:1::1"):
        with pytest.raises(Unauthenticated):
            await guess(address)
    for address in ("2001:db8::3", "198.51.100.1", "unknown"):
        with pytest.raises(RateLimited):
            await guess(address)
    with pytest.raises(Unauthenticated):
        await guess("192.0.2.1", "max")


def test_a_browser_is_known_under_the_name_that_it_signed_in_with() -> None:
    signer = TokenSigner(generate_master_key())
    token = signer.browser("sam")
    assert signer.read_browser(token, "sam")
    for wrong, name in (
        (token, "max"),
        (signer.browser("max"), "sam"),
        ("", "sam"),
        (f"{token}x", "sam"),
        ("é.é", "é"),
    ):
        assert signer.read_browser(wrong, name) is None
    assert TokenSigner(generate_master_key()).read_browser(token, "sam") is None


async def test_a_form_that_does_not_arrive_is_given_up(
    hub: Services, editor: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    """Within the time for a body, for strangers and for who is signed in; one that breaks off is no fault of the hub."""
    app = build_asgi(dataclasses.replace(hub, request_timeout_s=0.2))

    async def stalling() -> AsyncIterator[bytes]:
        yield b"name=sam&passw"
        await asyncio.sleep(60)

    for path in ("/console/sign-in/", "/console/sign-in/link/x/", "/console/theme/", "/console/sign-out/"):
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url=BASE_URL, cookies=editor.http.cookies
        ) as http:
            answer = await asyncio.wait_for(http.post(path, content=stalling()), 5)
            assert (path, answer.status_code) == (path, 408)
            assert "did not arrive within 0.2 seconds" in answer.text

    sent: list[dict] = []
    messages = [{"type": "http.request", "body": b"name=", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/console/sign-in/", "raw_path": b"/console/sign-in/", "query_string": b"", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("hub.test", 80), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert "unexpected error" not in "".join(capfd.readouterr())


async def test_a_one_time_link_expires(hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", None)
    token = await hub.console_users.one_time_link(TESTER, "sam")
    later = datetime.now(UTC) + LINK_LIFETIME + timedelta(seconds=1)
    access = ConsoleAccessService(hub.database, hub.console_access.signer, hub.audit, now=lambda: later)
    with pytest.raises(Unauthenticated):
        await access.use_link(VISITOR, token)


async def test_no_token_or_password_is_stored_as_it_is(hub: Services) -> None:
    await hub.console_users.create(TESTER, "sam", PASSWORD)
    token = await hub.console_users.one_time_link(TESTER, "sam")
    async with hub.database.connection() as connection:
        rows = [str(tuple(row)) for table in ("console_user", "console_link")
                for row in await connection.fetch(f"SELECT * FROM {table}")]  # fmt: skip
    assert rows
    assert not any(PASSWORD in row or token in row for row in rows)


def test_a_session_ends_after_a_week_and_only_our_key_makes_one() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    signer = TokenSigner(generate_master_key())
    token = signer.session(7, 1, now)
    session = signer.read_session(token, now + timedelta(seconds=SESSION_S - 1))
    assert session is not None
    assert session.console_user_id == 7
    assert signer.read_session(token, now + timedelta(seconds=SESSION_S)) is None
    assert TokenSigner(generate_master_key()).read_session(token, now) is None
    head, _, rest = token.partition(".")
    assert head == "7"
    assert signer.read_session(f"8.{rest}", now) is None


def test_sessions_survive_a_change_of_the_master_key_as_secrets_do() -> None:
    old, new = generate_master_key(), generate_master_key()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    token = TokenSigner(old).session(7, 1, now)
    assert TokenSigner(f"{new},{old}").read_session(token, now) is not None


def test_form_tokens_differ_each_time_and_belong_to_their_session() -> None:
    signer = TokenSigner(SecretStr(generate_master_key()).get_secret_value())
    first, second = signer.form_token("a"), signer.form_token("a")
    assert first != second
    assert signer.check_form_token(first, "a")
    assert not signer.check_form_token(first, "b")
