"""A hub in a process of its own, for every suite that needs one: started without the shell's settings, watched, stopped.

Settings of the hub are named without their prefix (`DATABASE_URL=…`). Whatever goes wrong is an AssertionError that shows
what the hub printed.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

COMMAND = Path(sys.executable).with_name("suprsend-hub")
PREFIX = "SUPRSEND_HUB_"
WAIT_S = 90
"""Far more than anything here takes on a slow machine; waiting so long in vain is a fault."""
STOP_S = 30


def until(condition: Callable[[], object], what: str, within_s: float = WAIT_S) -> None:
    """Wait for a condition; AssertionError naming it if it does not come."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def scrubbed_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without settings of the hub, the SDK, a proxy or make, plus the given ones."""
    drop = re.compile(r"suprsend_|https?_proxy$|all_proxy$|make(flags|level|overrides|files)$|mflags$", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if not drop.match(name)}
    return kept | {"NO_COLOR": "1", "COLUMNS": "250"} | variables


def hub_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return a scrubbed environment with the given settings of the hub."""
    return scrubbed_environment(**{f"{PREFIX}{name}": value for name, value in settings.items()})


def run_command(*arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `suprsend-hub <arguments>` to its end, with the given settings only."""
    return subprocess.run(
        [COMMAND, *arguments], input=stdin, capture_output=True, text=True, env=hub_environment(settings),
        timeout=WAIT_S, check=False,
    )  # fmt: skip


@contextlib.contextmanager
def data_directory() -> Iterator[Path]:
    """Name a directory for the data of a `dev`, which creates it; it is deleted in the end.

    Not below pytest's own directory: where tests run as root, PostgreSQL works as another user, and each start of pytest
    closes that directory to others, under the feet of a run at the same time.
    """
    with tempfile.TemporaryDirectory(prefix="hub-tests-") as directory:
        yield Path(directory) / "data"


def credentials(printed: str) -> dict[str, str]:
    """Return the values that `workspace create` or `key create` printed, by name."""
    return dict(re.findall(r"^(.+?):\s+(\S+)$", printed, re.MULTILINE))


class HubProcess:
    """`suprsend-hub <arguments>` while it runs; may be stopped or killed, and started again.

    What it says on stdout is in `printed` line by line, of the last start; what it says on stderr is in the file
    `complaints`, of all starts.
    """

    def __init__(
        self,
        *arguments: str,
        complaints: Path,
        settings: Mapping[str, str] | None = None,
        program: Path = COMMAND,
    ) -> None:
        self.command = [program, *arguments]
        self.settings = dict(settings or {})
        self.complaints = complaints
        self.printed: list[str] = []
        self.base_url = ""
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread()
        self._workers: list[psutil.Process] = []

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process of the last start."""
        assert self._process is not None, "the hub was never started"
        return self._process

    @property
    def api_key(self) -> str:
        """The API key that `dev` prints."""
        return self.line(r"API key: (\S+)")

    def is_running(self) -> bool:
        """Tell whether the process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def data_dir(self) -> str:
        """The data directory of a `dev`, for commands that work on it."""
        return str(self.command[self.command.index("--data-dir") + 1])

    def start(self) -> Self:
        """Start and return when it listens; a hub that does not come up is ended."""
        self.printed = []
        with self.complaints.open("a") as stderr:
            self._process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=stderr, stdin=subprocess.DEVNULL, text=True,
                env=hub_environment(self.settings),
            )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process, self.printed), daemon=True)
        self._reader.start()
        try:
            self.base_url = self.line(r"Listening on (http://\S+)")
        except AssertionError:
            self.end()
            raise
        self._workers += self.workers()
        return self

    @staticmethod
    def _read(process: subprocess.Popen[str], printed: list[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                printed.append(line)  # noqa: PERF402 - others look at the list meanwhile

    def line(self, pattern: str) -> str:
        """Return what the group of the pattern matches in the first line that fits; wait for that line."""
        deadline = time.monotonic() + WAIT_S
        while True:
            going_on = self._reader.is_alive() and time.monotonic() < deadline
            for text in list(self.printed):
                if match := re.match(pattern, text):
                    return str(match.group(1))
            assert going_on, f"the hub did not print {pattern}:\n{''.join(self.printed)}\n{self.complaints.read_text()}"
            time.sleep(0.02)

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes that run now, without what Python starts for itself and without PostgreSQL."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one that has ended
                if "resource_tracker" not in " ".join(child.cmdline()) and child.name() != "postgres":
                    found.append(child)
        return found

    def stop(self) -> int:
        """Ask the hub to stop, as a service manager does, and return its exit status."""
        if self.is_running():
            self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"the hub did not stop within {STOP_S} s of SIGTERM:\n{self.complaints.read_text()}"
            ) from None
        finally:
            self._reader.join(STOP_S)

    def kill(self) -> None:
        """SIGKILL to the supervisor; its workers end by themselves."""
        workers = self.workers()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(workers, timeout=WAIT_S)
        assert not alive, f"workers outlived their supervisor: {alive}"

    def end(self) -> None:
        """Leave nothing running, whatever a test did to it."""
        try:
            if self._process is not None:
                self.stop()
        finally:
            for worker in self._workers:
                if worker.is_running():
                    worker.kill()
