"""A live hub for the end-to-end tests: started as a user starts it, reached over the loopback interface only."""

from __future__ import annotations

import contextlib
import functools
import json
import secrets
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hub_process import HubProcess, data_directory, run_command, scrubbed_environment
from postgres_server import Postgres
from sdk_table import PYTHONS, Calls, define_categories, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a context manager that runs `suprsend-hub <arguments>` until its end, which has to be a clean one."""

    @contextlib.contextmanager
    def start(*arguments: str, **settings: str) -> Iterator[HubProcess]:
        hub = HubProcess(*arguments, complaints=tmp_path_factory.mktemp("hub") / "stderr", settings=settings)
        try:
            yield hub.start()
            hub.stop()
        finally:
            hub.end()

    return start


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `suprsend-hub <arguments>` to its end, with the given settings only."""
    return run_command


@pytest.fixture(scope="session")
def hub(start_hub: Callable[..., Any]) -> Iterator[HubProcess]:
    """A development hub for the whole run, with categories; tests keep apart by the prefix of their users' ids."""
    with data_directory() as data, start_hub("dev", "--port", "0", "--data-dir", str(data)) as running:
        run_command(*define_categories(str(data))).check_returncode()
        yield running


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Where a `dev` of this test may keep its data."""
    with data_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of its own, reached through a unix socket."""
    with tempfile.TemporaryDirectory(prefix="hub-e2e-") as directory:
        server = Postgres(Path(directory))
        try:
            yield server.url
        finally:
            server.stop()


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

    def run(sdk: str, *command: str | Path, **settings: str) -> str:
        python = PYTHONS[sdk]
        if not python.exists():
            pytest.fail(f"{python} is missing; `make test` and `make test-e2e` create it")
        done = subprocess.run(
            [python, *command],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=scrubbed_environment(**settings),
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]} with {sdk}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def run_script(hub: HubProcess, run_python: Callable[..., str], tmp_path_factory) -> Callable[..., Any]:
    """Run a script of `scripts/`, once in each way; return the prefix it was given, its answers and its calls."""
    directory = tmp_path_factory.mktemp("calls")

    @functools.cache
    def run(sdk: str, script: str) -> tuple[str, dict[str, Any], Calls]:
        prefix, file = f"{sdk}-{script.removesuffix('.py')}-".replace("_", "-"), directory / f"{sdk}-{script}"
        command = [*record(sdk, script, file)[1:], prefix, hub.api_key]
        printed = run_python(sdk, *command, SUPRSEND_BASE_URL=hub.base_url)
        return prefix, json.loads(printed), json.loads(file.read_text(encoding="utf-8"))

    return run


@pytest.fixture(scope="session")
def answers_by(run_script: Callable[..., Any]) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Return the prefix that a script of `scripts/` was given, and its answers by step.

    It is run by our SDK (`ours`), the vendor's (`official`), and our asyncio client (`asyncio`).
    """
    return lambda sdk, script: run_script(sdk, script)[:2]


@pytest.fixture(scope="session")
def calls_by(run_script: Callable[..., Any]) -> Callable[..., Calls]:
    """Return the methods that a script called with success, by way and script."""
    return lambda sdk, script: run_script(sdk, script)[2]


@pytest.fixture(scope="session")
def comparable() -> Callable[..., Any]:
    """Return answers without what differs from run to run: prefixes, times, cursors, generated ids.

    `warnings` goes too: our SDK warns of local mistakes, the vendor's keeps quiet.
    """
    volatile = {"created_at", "updated_at", "$inbox", "before", "after", "version_id", "warnings"}

    def strip(node: Any, prefix: str) -> Any:
        if isinstance(node, dict):
            return {strip(key, prefix): strip(value, prefix) for key, value in node.items() if key not in volatile}
        if isinstance(node, list):
            return [strip(value, prefix) for value in node]
        return node.replace(prefix, "") if isinstance(node, str) else node

    return strip
