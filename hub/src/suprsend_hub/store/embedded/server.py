"""A PostgreSQL server as a child of this process: start it, watch it, restart it if it dies, and stop it.

Signals are sent under a lock and only before the process has been reaped, so its number is certainly still its own.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, Unavailable
from suprsend_hub.store.embedded.leftovers import data_directory_option, end_leftovers
from suprsend_hub.store.embedded.programs import Programs
from suprsend_hub.store.embedded.readiness import Patience, answers, says_it_is_ready
from suprsend_hub.store.embedded.server_log import ServerLog
from suprsend_hub.store.embedded.socket_directory import PORT, clear_for_start, socket_path

if TYPE_CHECKING:
    import subprocess

_POLL_S = 0.05
_WATCH_S = 0.2
_STOPS = ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
"""Signals that stop a server, and the seconds for each: orderly; leaving recovery to the next start; by force."""
_RESTART_PAUSE_S = 1.0
_MAX_RESTART_PAUSE_S = 30.0

_SETTINGS = {
    # All settings are here. The usual file may be of an earlier version, and name a locale that this system lacks.
    "config_file": os.devnull,
    "listen_addresses": "", "port": str(PORT), "unix_socket_permissions": "0700",
    "timezone": "UTC", "log_timezone": "UTC",
    # Errors quote rows and statements, which contain people's addresses.
    "log_error_verbosity": "terse", "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "15min", "wal_compression": "on",
    "random_page_cost": "1.1", "max_connections": "100", "jit": "off",
}  # fmt: skip


class _Stopping(Exception):  # noqa: N818 - not an error: the server is being stopped
    """Ends the work of the watching thread when the server is stopped."""


class Server:
    """The server of one data directory."""

    def __init__(self, programs: Programs, sockets: Path, log: Path, *, say: Callable[[str], None]) -> None:
        self._programs = programs
        self._sockets = sockets
        self._log = ServerLog(log)
        self._say = say
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._watcher = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)

    def start(self, pulse: Callable[[], None]) -> None:
        """Start the server, return when it answers, and watch it then. Unavailable, with the reason, if it fails."""
        self._launch()
        self._await_answer(pulse)
        self._watcher.start()

    def stop(self) -> None:
        """Stop the server and its restarts. Safe to call at any stage of a start."""
        self._stopping.set()
        for number, patience_s in _STOPS:
            with self._lock:
                if self._child is None or self._child.poll() is not None:
                    break
                self._child.send_signal(number)
            self._await_end(patience_s)
        if self._watcher.is_alive():
            self._watcher.join()

    def _launch(self) -> None:
        """Start the program, after removing what an earlier one may have left behind."""
        clear_for_start(self._sockets, self._programs.account)
        settings = {**_SETTINGS, "unix_socket_directories": str(self._sockets)}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        arguments += ["-D", self._programs.data_argument, "-c", data_directory_option(self._programs.pgdata)]
        with self._lock, self._log.open() as output:
            if self._stopping.is_set():
                raise _Stopping
            self._child = self._programs.run("postgres", arguments, output)

    def _await_answer(self, pulse: Callable[[], None]) -> None:
        """Wait as long as the server makes progress. Recovery after a crash may take minutes."""
        patience = Patience(self._log, self._say)
        while True:
            pulse()
            with self._lock:
                assert self._child is not None
                status = self._child.poll()
            if status is not None:
                raise _failed(
                    f"PostgreSQL did not start ({_how(status)}): {self._log.reason()}; its log: {self._log.path}"
                )
            is_ready = says_it_is_ready(self._programs.pgdata)
            if is_ready and answers(self._sockets):
                return
            patience.check(self._child.pid, is_ready=is_ready)
            time.sleep(_POLL_S)

    def _watch(self) -> None:
        """Start the server again whenever it has ended by itself, less and less often while that fails."""
        pause_s = _RESTART_PAUSE_S
        while not self._stopping.wait(_WATCH_S):
            with suppress(OSError):  # such as a full disk
                self._log.keep_small()
            status = self._look()
            if status is None:
                continue
            self._say(f"PostgreSQL has ended ({_how(status)}) and is started again.")
            try:
                end_leftovers(self._programs.pgdata, self._pulse)
                self._launch()
                self._await_answer(self._pulse)
                pause_s = _RESTART_PAUSE_S
            except _Stopping:
                return
            except (DomainError, OSError) as error:
                self._say(f"{error}; the next attempt is in {pause_s:g} s.")
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _MAX_RESTART_PAUSE_S)

    def _look(self) -> int | None:
        """Return how the server has ended, or None. Stop a server that cannot be reached any more."""
        with self._lock:
            assert self._child is not None
            status = self._child.poll()
            if status is None and not socket_path(self._sockets).exists():
                self._child.send_signal(signal.SIGINT)
            return status

    def _pulse(self) -> None:
        if self._stopping.is_set():
            raise _Stopping

    def _await_end(self, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with self._lock:
                if self._child is None or self._child.poll() is not None:
                    return
            time.sleep(_POLL_S)


def _failed(message: str) -> Unavailable:
    return Unavailable(message, code=Code.POSTGRES_FAILED, retry_after_s=1)


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
