"""Clients that do not read their answers: they shut nobody out, and do not delay a stop."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from hub_process import HubProcess, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_hub import LiveHub

pytestmark = pytest.mark.slow

WRITE_TIMEOUT_S = 3
REQUESTS = {
    "forty documents": b"GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40,
    "thousands of short answers": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20_000,
}


@pytest.fixture
def served(hub: LiveHub, tmp_path: Path) -> Iterator[HubProcess]:
    settings = {name: hub.settings[name] for name in ("DATABASE_URL", "MASTER_KEY")}
    settings["WRITE_TIMEOUT_S"] = str(WRITE_TIMEOUT_S)
    process = HubProcess("serve", "--port", "0", complaints=tmp_path / "log", settings=settings)
    try:
        yield process.start()
    finally:
        process.end()


def never_reading(served: HubProcess, requests: bytes) -> socket.socket:
    """Return a connection with a small buffer that has sent requests, as many as the hub takes."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", int(served.base_url.rstrip("/").rpartition(":")[2])))
    connection.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        connection.sendall(requests)
    return connection


def held(served: HubProcess, connections: list[socket.socket]) -> int:
    """Return how many of the connections the hub still holds. The kernel does not tell the client that it is cut."""
    ours = {connection.getsockname()[1] for connection in connections}
    theirs = [each for worker in served.workers() for each in worker.net_connections("tcp") if each.raddr]
    return sum(each.raddr.port in ours for each in theirs)


@pytest.mark.parametrize("requests", REQUESTS.values(), ids=REQUESTS)
def test_connections_that_do_not_read_are_cut(served: HubProcess, requests: bytes) -> None:
    """However many requests they have sent, they are gone soon after the time limit."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(never_reading(served, requests)) for _ in range(20)]
        assert held(served, connections) == 20
        until(lambda: held(served, connections) == 0, "all are cut", WRITE_TIMEOUT_S + 10)
        assert httpx2.get(f"{served.base_url}readyz", timeout=5, trust_env=False).status_code == 200


def test_a_slow_reader_gets_its_answer(served: HubProcess) -> None:
    """The limit is on a standstill: an answer that is read in small steps for longer than that arrives whole."""
    with never_reading(served, b"GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") as slow:
        slow.settimeout(10)
        start, received = time.monotonic(), b""
        while chunk := slow.recv(8192):
            received += chunk
            time.sleep(0.1)
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert time.monotonic() - start > WRITE_TIMEOUT_S


def test_they_do_not_delay_a_stop(served: HubProcess) -> None:
    """A hub that is told to stop gives them three seconds."""
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(never_reading(served, REQUESTS["forty documents"]))
        time.sleep(1)  # by now, the answers have filled all buffers
        start = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - start < 10
