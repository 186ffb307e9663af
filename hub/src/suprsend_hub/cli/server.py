"""Runs Granian: workers that each build the application from the environment, and the line that says it listens."""

import http.client
import socket
import threading
import time
from collections.abc import Callable

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

_READY_POLL_S = 0.05
_BACKLOG = 2048
_STOP_S = 20


def run_server(*, host: str, port: int, workers: int, on_listening: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. `on_listening` is called with the address once requests are answered."""
    server = Server(
        "suprsend_hub.app:create_app",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        backlog=_BACKLOG,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_S,
    )
    threading.Thread(target=_announce, args=(host, port, on_listening), daemon=True).start()
    server.serve()


def free_port(host: str) -> int:
    """A port that nobody listens on right now, for `--port 0`."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def port_is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there already."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _announce(host: str, port: int, on_listening: Callable[[str], None]) -> None:
    local = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    while True:
        try:
            connection = http.client.HTTPConnection(local, port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                on_listening(f"http://{host}:{port}/")
                return
        except OSError:
            pass
        time.sleep(_READY_POLL_S)
