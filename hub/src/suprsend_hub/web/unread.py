"""End connections of clients that do not read their answers: the server waits for them without limit.

A few pipelined requests fill the buffers of a connection. It then holds a place of the worker, and delays its end. The
kernel knows how long nothing could be sent, and connections inherit its limit from the socket that listens.
"""

import fcntl
import os
import socket
import stat
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

_POLL_S = 0.02
_LISTENING_S = 60
"""The server listens when the application has started, which waits for the database."""
_OPEN_FILES = "/dev/fd"


class UnreadAnswers:
    """The connections that clients of this process have opened."""

    def __init__(self) -> None:
        self._ports: set[int] = set()

    def limit(self, seconds: float) -> None:
        """End connections to which nothing could be sent for that time, from the moment the server listens.

        Only Linux offers that. The thread ends when the server listens.
        """
        threading.Thread(target=self._limit, args=(seconds,), daemon=True).start()

    def cut(self) -> None:
        """End connections whose answers have not been read to the end."""
        for connection in _sockets(listening=False):
            with suppress(OSError):  # not connected, or closed meanwhile
                if connection.getsockname()[1] in self._ports and _unsent_bytes(connection):
                    connection.shutdown(socket.SHUT_RDWR)

    def _limit(self, seconds: float) -> None:
        until = time.monotonic() + _LISTENING_S
        while not self._ports and time.monotonic() < until:
            time.sleep(_POLL_S)
            for listener in _sockets(listening=True):
                if sys.platform == "linux":
                    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))
                self._ports.add(listener.getsockname()[1])


def _unsent_bytes(connection: socket.socket) -> int:
    (count,) = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))
    return int(count)


def _sockets(*, listening: bool) -> Iterator[socket.socket]:
    """Yield the TCP sockets of this process, either those that listen or the others."""
    for name in os.listdir(_OPEN_FILES):  # noqa: PTH208 - names of numbers
        found = _socket(int(name))
        if found is None:
            continue
        with suppress(OSError), found:
            if found.family not in {socket.AF_INET, socket.AF_INET6} or found.type != socket.SOCK_STREAM:
                continue
            if bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) == listening:
                yield found


def _socket(fd: int) -> socket.socket | None:
    """Return another handle of a socket; None if the file is none, or was closed meanwhile."""
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return None
        copy = os.dup(fd)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
