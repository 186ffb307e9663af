"""The real console script, in processes of their own, on the test's database."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from suprsend_hub.settings import PREFIX, Settings

COMMAND = Path(sys.executable).with_name("suprsend-hub")
RUN_S = 60

RunCli = Callable[..., subprocess.CompletedProcess[str]]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings of the hub, and the given ones (named without their prefix)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUPRSEND")}
    return kept | {"NO_COLOR": "1", "COLUMNS": "250"} | {f"{PREFIX}{name}": value for name, value in settings.items()}


@pytest.fixture
def run_cli() -> RunCli:
    """Runs `suprsend-hub <arguments>` with nothing but the given settings."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=environment(**settings),
            timeout=RUN_S,
            check=False,
        )

    return run


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


@dataclass(slots=True)
class Server:
    """A running `suprsend-hub dev` or `serve`."""

    process: subprocess.Popen[str]
    complaints: Path
    lines: list[str] = field(default_factory=list)
    base_url: str = ""

    def wait_until_listening(self) -> None:
        """Read what it prints until it says where it listens; fail if it ends or takes too long."""
        found = threading.Event()

        def read() -> None:
            assert self.process.stdout is not None
            for line in self.process.stdout:
                self.lines.append(line)
                match = re.match(r"Listening on (http://\S+)", line)
                if match:
                    self.base_url = match.group(1)
                    found.set()

        threading.Thread(target=read, daemon=True).start()
        deadline = time.monotonic() + RUN_S
        while not found.wait(0.05):
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"no hub came up: {''.join(self.lines)}{self.complaints.read_text()}")

    def workers(self) -> list[psutil.Process]:
        """The worker processes that run now, without the database of a `dev`, which is a child as well."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if child.name() != "postgres"]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Where a `dev` may keep its data. Not under pytest's own directory: a pytest that starts beside this one closes it
    to other users, and PostgreSQL runs as another user where tests run as root.
    """
    with tempfile.TemporaryDirectory(prefix="hub-dev-") as directory:
        yield Path(directory) / "data"


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path, data_dir: Path) -> Iterator[StartServer]:
    """Starts `suprsend-hub <arguments>` and waits until it listens; what still runs at the end is ended.

    Asks for `data_dir` so that this goes before it: the servers in it have to end first.
    """
    started: list[Server] = []
    children: list[psutil.Process] = []

    def start(*arguments: str, **settings: str) -> Server:
        complaints = tmp_path / f"stderr-{len(started)}"
        with complaints.open("w") as stderr:
            process = subprocess.Popen(
                [COMMAND, *arguments],
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                text=True,
                env=environment(**settings),
            )
        server = Server(process, complaints)
        started.append(server)
        server.wait_until_listening()
        children.extend(server.workers())
        return server

    yield start
    for server in started:
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(RUN_S)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()
        assert server.process.stdout is not None
    for child in children:
        if child.is_running():
            child.kill()
    for server in started:
        server.process.stdout.close()
