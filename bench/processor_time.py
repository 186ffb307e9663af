"""Processor time of the processes behind a development hub, and its PostgreSQL kept from work of its own meanwhile.

Found by looking at processes and at the data directory only, so it fits any version of the hub.
"""

import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

WAIT_S = 120
QUIET_S = 3
"""So long no autovacuum worker must have been at work; with `autovacuum_naptime = 1s` the next one would have come."""
BUSY_S = 0.2
"""A worker that finds nothing to do is gone sooner."""


class Server:
    """A development hub and its PostgreSQL."""

    def __init__(self, hub: psutil.Process, data_dir: Path) -> None:
        [pid_file] = data_dir.rglob("postmaster.pid")
        self._hub = hub
        self._pgdata = pid_file.parent
        self._postmaster = psutil.Process(int(pid_file.read_text().split()[0]))

    def processor_s(self) -> dict[str, float]:
        """Processor time taken so far by the hub's processes and by PostgreSQL's, also by those that have ended."""
        postgres = [self._postmaster, *_children(self._postmaster)]
        family = {process.pid for process in postgres}
        # PostgreSQL may be the hub's child; it is not counted twice.
        hub = [process for process in (self._hub, *_children(self._hub)) if process.pid not in family]
        return {"worker": taken_s(hub, ended=False), "PostgreSQL": taken_s(postgres, ended=True)}

    def configure(self, **settings: str) -> None:
        """Change settings of PostgreSQL without a connection, whose credentials differ from version to version.

        `postgresql.auto.conf` is where ALTER SYSTEM writes; it overrides the other files. It keeps its owner.
        """
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        (self._pgdata / "postgresql.auto.conf").write_text(lines)
        self._postmaster.send_signal(signal.SIGHUP)

    def autovacuum(self, kind: str) -> list[psutil.Process]:
        """The processes of autovacuum: the "launcher" or its "worker"s, which PostgreSQL names in their titles."""
        found = []
        for child in _children(self._postmaster):
            with suppress(psutil.NoSuchProcess):
                if f"autovacuum {kind}" in " ".join(child.cmdline()):
                    found.append(child)
        return found


def _children(process: psutil.Process) -> list[psutil.Process]:
    return list(process.children(recursive=True))


def taken_s(processes: Iterable[psutil.Process], *, ended: bool) -> float:
    """Processor time of the processes; with `ended` also of their children that have ended and been waited for."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # then its parent has its time by now
            times = process.cpu_times()
            total += _exact_s(process.pid) or times.user + times.system
            if ended:
                total += times.children_user + times.children_system
    return total


def _exact_s(pid: int) -> float | None:
    """The processor clock of another process: Linux counts nanoseconds, psutil's figures have steps of 10 ms."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3) makes it
    except OSError:
        return None


_NO_CHECKPOINTS = {"checkpoint_timeout": "1d", "max_wal_size": "64GB"}


def settle(servers: Sequence[Server]) -> None:
    """Let autovacuum catch up on all servers, then switch it off: what it does falls between measurements.

    It also brings the statistics that plans are made from, as it does in production. Checkpoints stay switched off.
    """
    for server in servers:
        server.configure(**_NO_CHECKPOINTS, autovacuum="on", autovacuum_naptime="1s")
    for server in servers:
        _until(lambda server=server: server.autovacuum("launcher"), "autovacuum starts")
    seen: dict[int, float] = {}
    quiet_since = started = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_S:
        now = time.monotonic()
        if now - started > WAIT_S:
            raise RuntimeError(f"autovacuum is still at work after {WAIT_S} s")
        workers = {process.pid for server in servers for process in server.autovacuum("worker")}
        seen = {pid: seen.get(pid, now) for pid in workers}
        if any(now - since > BUSY_S for since in seen.values()):
            quiet_since = now
        time.sleep(0.05)
    for server in servers:
        server.configure(**_NO_CHECKPOINTS, autovacuum="off")
    for server in servers:
        _until(lambda server=server: not server.autovacuum("launcher"), "autovacuum stops")


def _until(condition, what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.05)
