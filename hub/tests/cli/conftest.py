"""The real console script, in processes of their own, on the test's database."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_process import HubProcess, data_directory, run_command
from suprsend_hub.settings import Settings

RunCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_cli() -> RunCli:
    """Runs `suprsend-hub <arguments>` with nothing but the given settings."""
    return run_command


@pytest.fixture
def configured(settings: Settings) -> dict[str, str]:
    """The settings that name the test's database and master key."""
    assert settings.database_url is not None
    assert settings.master_key is not None
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "MASTER_KEY": settings.master_key.get_secret_value(),
    }


@pytest.fixture
def cli(run_cli: RunCli, configured: dict[str, str]) -> Callable[..., str]:
    """Runs a command on the test's database, demands success and returns what it printed."""

    def run(*arguments: str) -> str:
        done = run_cli(*arguments, **configured)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        assert done.stderr == ""
        return done.stdout

    return run


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Where a `dev` may keep its data."""
    with data_directory() as directory:
        yield directory


StartServer = Callable[..., HubProcess]


@pytest.fixture
def start_server(tmp_path: Path, data_dir: Path) -> Iterator[StartServer]:
    """Starts `suprsend-hub <arguments>` and waits until it listens; what still runs at the end is ended.

    Asks for `data_dir` so that this goes before it: the servers in it have to end first.
    """
    with contextlib.ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> HubProcess:
            number = len(list(tmp_path.glob("stderr-*")))
            server = HubProcess(*arguments, complaints=tmp_path / f"stderr-{number}", settings=settings)
            stack.callback(server.end)
            return server.start()

        yield start
