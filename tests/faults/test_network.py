"""Clients and connections that misbehave: cut in the middle, or endlessly slow."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest
from hub_process import until

from .harness import BadNetwork, Load

if TYPE_CHECKING:
    from live_hub import LiveHub

pytestmark = pytest.mark.slow

SLOW_CLIENTS = 100


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
        b"POST /event/ HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\nAuthorization: x:y\r\n\r\n[",
    ],
    ids=["head", "body"],
)
def test_slow_clients_hold_up_nobody_and_are_shown_the_door(hub: LiveHub, prefix: str, beginning: bytes) -> None:
    """They send a byte now and then; others are served meanwhile, and after REQUEST_TIMEOUT_S the slow ones are cut."""
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
