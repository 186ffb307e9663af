"""Clients and connections that misbehave: cut in the middle, or endlessly slow."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest
from hub_process import HubProcess, until

from .harness import BadNetwork, Load

if TYPE_CHECKING:
    from pathlib import Path

    from live_hub import LiveHub

pytestmark = pytest.mark.slow

SLOW_CLIENTS = 100
EVENTS_BYTES = 2_600_000


def test_connections_cut_in_requests_and_answers_lose_and_double_nothing(hub: LiveHub, prefix: str) -> None:
    with BadNetwork(hub.port) as network, Load(hub, prefix, base_url=network.base_url) as load:
        load.goes_on(4000)
        until(lambda: network.cuts["request"] >= 2 and network.cuts["answer"] >= 2, "both kinds of cuts happened")
        load.goes_on(400)
    load.verify()


@pytest.mark.parametrize(
    "beginning",
    [
        b"POST /event/ HTTP/1.1\r\nHost: hub\r\nX-Slow: ",
        b"POST /event/ HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\nAuthorization: KEY:y\r\n\r\n[",
        b"POST /console/sign-in/ HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\nname=",
    ],
    ids=["head", "body", "form"],
)
def test_slow_clients_hold_up_nobody_and_are_shown_the_door(hub: LiveHub, prefix: str, beginning: bytes) -> None:
    """They send a byte now and then; others are served meanwhile, and after HEAD_TIMEOUT_S or REQUEST_TIMEOUT_S the slow ones are cut."""
    beginning = beginning.replace(b"KEY", hub.credentials["Workspace key"].encode())
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", hub.port))) for _ in range(SLOW_CLIENTS)]
        for client in slow:
            client.sendall(beginning)
            client.settimeout(0.01)
        started = time.monotonic()
        with Load(hub, prefix) as load:
            load.goes_on()
            left = list(slow)
            answers = []
            while left:
                assert time.monotonic() - started < 30, f"{len(left)} slow clients are still connected"
                for client in list(left):
                    with contextlib.suppress(TimeoutError):
                        try:
                            client.sendall(b" ")
                            answer = client.recv(4096)
                        except ConnectionError:
                            answer = b""
                        answers.append(answer)
                        left.remove(client)
            load.goes_on(400)
        load.verify()
    assert all(answer == b"" or b" 408 " in answer.split(b"\r\n")[0] for answer in answers), set(answers)


def head(authorization: str, length: int) -> bytes:
    """Return the head of a bulk request."""
    return f"POST /event/ HTTP/1.1\r\nHost: hub\r\nAuthorization: {authorization}\r\nContent-Length: {length}\r\n\r\n".encode()


def received(connection: socket.socket) -> bytes:
    """Return what the hub sends until it closes the connection."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("authorization", ["nobody:signature", "Bearer SS.nobody", "nonsense"])
def test_strangers_are_refused_before_they_send_a_body(hub: LiveHub, authorization: str) -> None:
    """The answer comes after the head. A client that sends everything before it reads sees that answer, not a reset."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as asking:
        asking.sendall(head(authorization, EVENTS_BYTES))
        answer = asking.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"\r\nconnection: close\r\n" in answer
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as telling:
            telling.sendall(head(authorization, EVENTS_BYTES) + b"x" * EVENTS_BYTES)
            assert received(telling).startswith(b"HTTP/1.1 401 ")


def test_bodies_of_strangers_take_no_memory(hub: LiveHub) -> None:
    """150 connections, each with all of a body but its last byte, used to take 440 MB."""

    def resident() -> int:
        return sum(worker.memory_info().rss for worker in hub.workers())

    with contextlib.ExitStack() as stack:
        before = resident()
        for _ in range(150):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", hub.port), timeout=10))
            with contextlib.suppress(ConnectionError):
                connection.sendall(head("nobody:signature", EVENTS_BYTES + 1) + b"x" * EVENTS_BYTES)
        assert resident() - before < 60_000_000


def test_a_hub_stops_though_bodies_never_arrive(hub: LiveHub, tmp_path: Path) -> None:
    """Within seconds, in order, and without a line about it in the log."""
    settings = {name: hub.settings[name] for name in ("DATABASE_URL", "MASTER_KEY")}
    other = HubProcess("serve", "--port", "0", "--workers", "2", complaints=tmp_path / "log", settings=settings)
    try:
        other.start()
        address = ("127.0.0.1", int(other.base_url.rstrip("/").rpartition(":")[2]))
        form = b"POST /console/sign-in/ HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\nname="
        with contextlib.ExitStack() as stack:
            key = hub.credentials["Workspace key"]
            for beginning in (form, head(f"{key}:signature", 100), b"") * 5:
                stack.enter_context(socket.create_connection(address)).sendall(beginning)
            time.sleep(0.5)
            started = time.monotonic()
            assert other.stop() == 0
            assert time.monotonic() - started < 8
        assert (tmp_path / "log").read_text() == ""
    finally:
        other.end()


def test_a_request_with_two_lengths_ends_its_connection(hub: LiveHub) -> None:
    """`Content-Length` with `Transfer-Encoding`: a proxy may have believed the other one (RFC 9112, 6.1)."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: hub\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            b"GET /readyz HTTP/1.1\r\nHost: hub\r\n\r\n"
        )
        assert received(connection).count(b"HTTP/1.1 ") == 1


def test_a_head_has_a_limit(hub: LiveHub) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: hub\r\nX-Long: " + b"x" * 200_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
