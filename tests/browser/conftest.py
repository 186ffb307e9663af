"""A live hub as `suprsend-hub dev` starts it, people who may use its console, and Chromium to do it with.

Every page of every test is watched: an error in the browser's console, a failed script or a violation of the
Content-Security-Policy fails the test that caused it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

COMMAND = Path(sys.executable).with_name("suprsend-hub")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
START_S = 60
STOP_S = 30
PASSWORD = "correct horse battery"
USERS = "/console/w/development/users/"


def scrubbed_environment(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of the hub, the SDK or a proxy, plus the given ones."""
    drop = re.compile(r"suprsend_|https?_proxy$|all_proxy$", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if not drop.match(name)} | settings


@dataclass(slots=True)
class LiveHub:
    """A running development hub."""

    process: subprocess.Popen[str]
    data_dir: Path
    printed: list[str] = field(default_factory=list)
    link_used: bool = False

    def line(self, pattern: str) -> str:
        """What the first line that matches says; waits for it."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            for text in self.printed:
                match = re.match(pattern, text)
                if match:
                    return match.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"the hub did not say {pattern}:\n{''.join(self.printed)}")

    @property
    def address(self) -> str:
        return self.line(r"Listening on (http://\S+?)/$")

    def take_link(self) -> str | None:
        """The sign-in link that the hub printed, the first time; it works once."""
        link, self.link_used = None if self.link_used else self.line(r"Console: (http://\S+)"), True
        return link

    @property
    def api_key(self) -> str:
        return self.line(r"API key: (\S+)")


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """Not under pytest's own directory: where tests run as root, PostgreSQL is another user, whom pytest shuts out."""
    with tempfile.TemporaryDirectory(prefix="hub-browser-") as directory:
        yield Path(directory) / "data"


@pytest.fixture(scope="session")
def hub(data_dir: Path) -> Iterator[LiveHub]:
    """One hub for all tests of this process; they keep apart by their users' ids."""
    process = subprocess.Popen(
        [COMMAND, "dev", "--port", "0", "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        env=scrubbed_environment(),
    )  # fmt: skip
    running = LiveHub(process, data_dir)

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            running.printed.extend(iter(lines.readline, ""))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert running.address
        yield running
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(STOP_S)


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
    sockets = (hub.data_dir / "postgres.socket").read_text(encoding="utf-8")

    def run(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin, capture_output=True, text=True, timeout=START_S, check=False,
            env=scrubbed_environment(
                SUPRSEND_HUB_DATABASE_URL=f"postgresql://postgres:@/postgres?host={sockets}",
                SUPRSEND_HUB_MASTER_KEY=(hub.data_dir / "master.key").read_text(encoding="utf-8"),
            ),
        )  # fmt: skip
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
