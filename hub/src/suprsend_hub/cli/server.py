"""Run Granian, whose workers each build the application from the environment, and announce when it listens."""

import gc
import http.client
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

import structlog
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from suprsend_hub.app import STOP_SOON, create_app
from suprsend_hub.cli.connections import HTTP, allow_connections, http1_settings
from suprsend_hub.cli.stopping import Handler, StopRequest
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, InvalidRequest

_READY_POLL_S = 0.05
_BACKLOG = 2048
_GC_THRESHOLD = 20_000
"""A batch of edits creates some 10,000 objects, none of them in a cycle: collect less than once per batch."""
_STOP_S = 20
_MAX_RESTARTS = 5
_RESTART_WINDOW_S = 60
_RESTART_PAUSE_S = 1

_log = structlog.get_logger("suprsend_hub.server")


def run_server(
    *,
    host: str,
    port: int,
    workers: int,
    head_timeout_s: float,
    on_listening: Callable[[str], None],
    stop: StopRequest | None = None,
) -> None:
    """Serve until told to stop. Call `on_listening` with the address when the hub answers requests.

    Granian replaces a worker that dies, but gives up if a worker dies twice within seconds, as when memory is short.
    Then the server is started again, up to `_MAX_RESTARTS` times within a minute. A stop that was requested before
    Granian handles signals takes effect as well.
    """
    address = resolved(host)
    if stop is None:
        stop = StopRequest(signal.SIGINT, signal.SIGTERM)
        stop.listen()
    os.register_at_fork(after_in_child=_obey_signals)
    threading.Thread(target=_announce, args=(address, port, on_listening), daemon=True).start()
    connections = allow_connections()
    restarts: list[float] = []
    while True:
        server = Server(
            "suprsend_hub.cli.server:create_worker_app",
            factory=True,
            address=address,
            port=port,
            workers=workers,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            backlog=_BACKLOG,
            backpressure=connections,
            http=HTTP,
            http1_settings=http1_settings(head_timeout_s),
            websockets=False,
            log_level=LogLevels.warning,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_S,
        )
        # Granian has taken the signals by then, and has not started a worker yet.
        server.on_startup(partial(stop.hand_over, partial(_interrupt, server.signal_handler_interrupt)))
        try:
            server.serve()
        except SystemExit:
            now = time.monotonic()
            restarts = [moment for moment in restarts if now - moment < _RESTART_WINDOW_S] + [now]
            if server.interrupt_signal or len(restarts) > _MAX_RESTARTS:
                raise
            _log.error("workers died twice within seconds; starting all of them again", restarts=len(restarts))
            stop.listen()  # otherwise a signal before the next server listens would be lost
            time.sleep(_RESTART_PAUSE_S)
        else:
            return


def _interrupt(stop_server: Handler, number: int, frame: FrameType | None) -> None:
    """Stop the server, in a handler of signals. Workers are told first, so that they do not wait for slow clients."""
    for worker in multiprocessing.active_children():
        if worker.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, STOP_SOON)
    stop_server(number, frame)


def _obey_signals() -> None:
    """Let a worker that is still loading end at once. A forked worker would note signals in a copy of the note."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(STOP_SOON, signal.SIG_IGN)


def create_worker_app() -> object:
    """Return the application of a worker process, which ends with its supervisor even if that is killed.

    Otherwise workers would keep running, hold the port and the data directory, and prevent a new hub from starting.
    """
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    app = create_app()
    gc.collect()
    gc.freeze()  # these objects stay; collecting them again and again took a quarter of the time of a bulk edit
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    return app


def _end_with_supervisor() -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return
    supervisor.join()
    os.kill(os.getpid(), STOP_SOON)
    os.kill(os.getpid(), signal.SIGTERM)  # finishes requests in flight, as on any other stop
    time.sleep(_STOP_S)
    os._exit(1)


def resolved(host: str) -> str:
    """Return the address to listen on: the first of a name. InvalidRequest if the name has no address."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise InvalidRequest(
            f"--host {host!r} is not an address of this machine, or a name of one", code=Code.UNKNOWN_HOST
        ) from error


def chosen_port(host: str, port: int) -> int:
    """Return the port to listen on, any free one for 0. Conflict, with the reason, if it cannot be used."""
    address = resolved(host)
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        if port:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # like the server: a port just released is free
        try:
            probe.bind((address, port))
        except OSError as error:
            raise Conflict(
                f"cannot listen on {_in_url(address)}:{port}: {error.strerror}; stop what runs there, or choose "
                "another --port",
                code=Code.PORT_TAKEN,
            ) from error
        return int(probe.getsockname()[1])


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _announce(host: str, port: int, on_listening: Callable[[str], None]) -> None:
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    while True:
        try:
            connection = http.client.HTTPConnection(local, port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                on_listening(f"http://{_in_url(host)}:{port}/")
                return
        except OSError:
            pass
        time.sleep(_READY_POLL_S)
