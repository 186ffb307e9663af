"""Stop what an earlier, killed hub or server left running in a data directory.

A number in `postmaster.pid` proves nothing, because after a crash any process may have it. A process is ours if it is
PostgreSQL's program and works in this data directory. We wait for or signal only such processes.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable

_NAMES = ("postgres", "initdb")
_POLL_S = 0.05
_STOP_S = 60
"""Seconds that a server has to write what it has in memory, and end."""
_DEATH_S = 10
"""Seconds that the children of a killed server have to notice. After that they count as hanging."""


def data_directory_option(pgdata: Path) -> str:
    """Return the argument that names the data directory in the command line of our servers, also in `ps`."""
    return f"suprsend_hub.data_directory={pgdata}"


def end_leftovers(pgdata: Path, pulse: Callable[[], None]) -> None:
    """Stop a server that still runs in `pgdata`, wait for the children of a killed one, and clear its lock file.

    Raises:
        Unavailable: a process does not end even when killed.
    """
    found = _ours(pgdata)
    leaders = _leaders(found)
    for process in leaders:
        _signal(process, signal.SIGINT)
    found = _await_end(pgdata, found, _STOP_S if leaders else _DEATH_S, pulse)
    for process in found:
        _signal(process, signal.SIGKILL)
    found = _await_end(pgdata, found, _DEATH_S, pulse)
    if found:
        raise Unavailable(
            f"processes of an earlier database still run in {pgdata} and cannot be stopped:  "
            + ", ".join(str(process.pid) for process in found),
            code=Code.LEFTOVER_PROCESSES,
            retry_after_s=1,
        )
    # Nothing runs here, so the file is stale, whatever it says. PostgreSQL would believe the number in it if any
    # process of its user has that now. Its own second guard, the shared memory of a data directory, stays in force.
    (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _await_end(
    pgdata: Path, found: list[psutil.Process], patience_s: float, pulse: Callable[[], None]
) -> list[psutil.Process]:
    """Wait until nothing of ours runs in `pgdata`; return what still runs when the time is up."""
    deadline = time.monotonic() + patience_s
    while found and time.monotonic() < deadline:
        pulse()
        time.sleep(_POLL_S)
        found = _ours(pgdata)
    return found


def _ours(pgdata: Path) -> list[psutil.Process]:
    option = data_directory_option(pgdata)
    return [
        process
        for process in psutil.process_iter(["name", "status", "cwd", "cmdline"])
        if process.info["name"] in _NAMES
        and process.info["status"] not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        # A container's root may not see where another user's process works, but sees its command line.
        and (_is_same(process.info["cwd"], pgdata) or option in (process.info["cmdline"] or ()))
    ]


def _leaders(found: list[psutil.Process]) -> list[psutil.Process]:
    """Return the servers and `initdb`s, without the children of servers, which call themselves "postgres: …".

    Children end by themselves when their server is gone, and to some of them SIGINT means something else.
    """
    return [process for process in found if not "".join(process.info["cmdline"] or ()).startswith("postgres: ")]


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)  # refuses if another process has the number now


def _is_same(cwd: str | None, pgdata: Path) -> bool:
    try:
        return cwd is not None and os.path.samefile(cwd, pgdata)  # noqa: PTH121 - a path that may be gone
    except OSError:
        return False
