"""A live hub as `suprsend-hub dev` starts it, people who may use its console, and Chromium to do it with.

Every page of every test is watched: an error in the browser's console, a failed script or a violation of the
Content-Security-Policy fails the test that caused it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hub_process import HubProcess, data_directory, run_command
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "correct horse battery"
USERS = "/console/w/development/users/"


class LiveHub(HubProcess):
    """A running development hub."""

    def __init__(self, data_dir: Path, complaints: Path) -> None:
        super().__init__("dev", "--port", "0", "--data-dir", str(data_dir), complaints=complaints)
        self.data_dir = data_dir
        self._link_used = False

    @property
    def address(self) -> str:
        return self.base_url.rstrip("/")

    def take_link(self) -> str | None:
        """The sign-in link that the hub printed, the first time; it works once."""
        link, self._link_used = None if self._link_used else self.line(r"Console: (http://\S+)"), True
        return link


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """Where the hub of these tests keeps its data."""
    with data_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def hub(data_dir: Path) -> Iterator[LiveHub]:
    """One hub for all tests of this process; they keep apart by their users' ids."""
    running = LiveHub(data_dir, data_dir.with_name("stderr"))
    try:
        yield running.start()
    finally:
        running.end()


@pytest.fixture(scope="session")
def api(hub: LiveHub) -> Iterator[httpx2.Client]:
    """The hub's HTTP API, as an SDK uses it."""
    headers = {"Authorization": f"Bearer {hub.api_key}"}
    with httpx2.Client(base_url=hub.address, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def prefix() -> str:
    """The beginning of this test's ids, unlike any other test's."""
    return f"t{secrets.token_hex(5)}-"


@pytest.fixture(scope="session")
def command(hub: LiveHub) -> Callable[..., str]:
    """Run `suprsend-hub <arguments>` on the running hub's database, as its operator does."""
    sockets = (hub.data_dir / "postgres.socket").read_text(encoding="utf-8").splitlines()[0]

    def run(*arguments: str, stdin: str = "") -> str:
        done = run_command(
            *arguments,
            stdin=stdin,
            DATABASE_URL=f"postgresql://postgres:@/postgres?host={sockets}",
            MASTER_KEY=(hub.data_dir / "master.key").read_text(encoding="utf-8"),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module, no longer: Playwright keeps an event loop running, which others of this process mind."""
    if CHROMIUM is None:
        pytest.fail("no Chromium; `make chromium` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def session(hub: LiveHub, chromium: Browser, command: Callable[..., str]) -> Any:
    """The cookies of the developer, who signed in by a one-time link: the one that the hub printed, or another."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(hub.take_link() or hub.address + command("console-user", "link", "developer").strip())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(hub.address + USERS)
    assert page.url == hub.address + USERS, page.url
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_browser(hub: LiveHub, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser of its own; at the end nothing must have gone wrong in any of them."""
    complaints: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_(**options: Any) -> Page:
            context: BrowserContext = chromium.new_context(base_url=hub.address, **options)
            stack.callback(context.close)
            context.grant_permissions(["clipboard-read", "clipboard-write"], origin=hub.address)
            page = context.new_page()
            page.on("console", lambda message: _note(complaints, message))
            page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
            page.on("requestfailed", lambda request: _note_request(complaints, request, hub.address))
            page.on("request", lambda request: _note_request(complaints, request, hub.address, only_foreign=True))
            return page

        yield open_
    assert complaints == []


def _note(complaints: list[str], message: Any) -> None:
    # Chromium reports every answer of 400 and above as an error; forms with a mistake have 422 on purpose.
    if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
        complaints.append(f"console: {message.text}")


def _note_request(complaints: list[str], request: Any, address: str, *, only_foreign: bool = False) -> None:
    if only_foreign:
        if not request.url.startswith(address):
            complaints.append(f"another host: {request.url}")
    elif "ERR_ABORTED" not in (request.failure or ""):  # a search overtaken by the next one
        complaints.append(f"failed: {request.url} {request.failure}")


@pytest.fixture
def page(open_browser: Callable[..., Page], session: Any) -> Page:
    """The developer's browser, signed in."""
    return open_browser(storage_state=session, viewport={"width": 1440, "height": 900})


@pytest.fixture
def plain_page(open_browser: Callable[..., Page], session: Any) -> Page:
    """The developer's browser without JavaScript."""
    return open_browser(storage_state=session, java_script_enabled=False)
