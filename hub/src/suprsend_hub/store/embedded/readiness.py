"""Tell whether a starting server is ready, and how long to wait for it."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.store.embedded.programs import DATABASE, ROLE
from suprsend_hub.store.embedded.server_log import ServerLog
from suprsend_hub.store.embedded.socket_directory import socket_path

_PROTOCOL = 3 << 16
_STARTING_UP = b"\0C57P03\0"
"""Field of the server's error while it does not accept connections yet."""
_TERMINATE = b"X\0\0\0\4"
_ANSWER_S = 5
_SAY_AFTER_S = 5
PATIENCE_S = 60
"""Seconds without any sign of work after which a server counts as hanging. PostgreSQL logs progress every 10 s."""


def says_it_is_ready(pgdata: Path) -> bool:
    """Tell whether the server's lock file says that it is ready, which is cheaper than asking the server."""
    try:
        return (pgdata / "postmaster.pid").read_text(encoding="utf-8", errors="replace").rstrip().endswith("\nready")
    except FileNotFoundError:
        return False


def answers(sockets: Path) -> bool:
    """Tell whether the server accepts our connections. Unavailable, in the server's words, if it refuses us.

    This is the beginning of every PostgreSQL connection, up to `Z`, "ready for a query", or an error.
    """
    words = f"user\0{ROLE}\0database\0{DATABASE}\0\0".encode()
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(_ANSWER_S)
        connection.connect(str(socket_path(sockets)))
        connection.sendall(struct.pack("!ii", 8 + len(words), _PROTOCOL) + words)
        for kind, body in _messages(connection):
            if kind == b"Z":
                connection.sendall(_TERMINATE)
                return True
            if kind == b"E" and _STARTING_UP not in body:
                fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0")}
                said = "; ".join(fields[name] for name in (b"M", b"D", b"H") if name in fields)
                raise Unavailable(f"PostgreSQL refuses the hub: {said}", code=Code.POSTGRES_FAILED, retry_after_s=1)
    return False


def _messages(connection: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    with connection.makefile("rb") as stream:
        while head := stream.read(5):
            yield head[:1], stream.read(int.from_bytes(head[1:]) - 4)


class Patience:
    """Distinguishes a server that is working from one that hangs."""

    def __init__(self, log: ServerLog, say: Callable[[str], None]) -> None:
        self._log = log
        self._say: Callable[[str], None] | None = say
        self._begin = self._moved_at = time.monotonic()
        self._seen: object = None

    def check(self, pid: int, *, is_ready: bool) -> None:
        """Raise Unavailable if the server has shown no sign of work for long. Answering us is not a sign of work."""
        now = time.monotonic()
        signs = None if is_ready else (self._log.size(), _cpu_s(pid))
        if signs != self._seen:
            self._seen, self._moved_at = signs, now
        elif now - self._moved_at > PATIENCE_S:
            raise Unavailable(
                f"PostgreSQL is starting, and has shown no sign of work for {PATIENCE_S} s; its log: {self._log.path}",
                code=Code.POSTGRES_FAILED,
                retry_after_s=1,
            )
        if self._say and now - self._begin > _SAY_AFTER_S:
            self._say("PostgreSQL is still starting; after a crash it first recovers, which may take minutes.")
            self._say = None


def _cpu_s(pid: int) -> float:
    """Return the processor time that a server and its children have used."""
    total = 0.0
    with suppress(psutil.Error):
        server = psutil.Process(pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
    return total
