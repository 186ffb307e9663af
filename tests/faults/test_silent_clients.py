"""Connections that nobody uses: they shut nobody out, and the hub closes them."""

from __future__ import annotations

import contextlib
import resource
import select
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

SILENT = 2_200
"""More than a server accepts by default."""
ANSWER_S = 15
CLOSED_S = 25


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def served(request: pytest.FixtureRequest, hub: LiveHub, tmp_path: Path) -> Iterator[HubProcess]:
    """A hub with the time limits that it has unless you set others."""
    settings = {name: hub.settings[name] for name in ("DATABASE_URL", "MASTER_KEY")}
    process = HubProcess(
        "serve", "--port", "0", "--workers", str(request.param), complaints=tmp_path / "log", settings=settings
    )  # fmt: skip
    try:
        yield process.start()
    finally:
        process.end()


def is_ready(served: HubProcess) -> bool:
    """Tell whether the hub says within a second, to a client that has no connection yet, that it is ready."""
    try:
        return httpx2.get(f"{served.base_url}readyz", timeout=1, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize(
    "beginning", [b"", b"PRI * HTTP/2.0\r\n", b"GET /healthz HTTP/1.1\r\n"], ids=["nothing", "half a preface", "half a head"]
)  # fmt: skip
def test_silent_connections_keep_nobody_out(served: HubProcess, beginning: bytes) -> None:
    """With 2,200 of them the hub is ready within 15 s of the last, and a while later it has closed them all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    address = ("127.0.0.1", int(served.base_url.rstrip("/").rpartition(":")[2]))
    try:
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(SILENT)]
            for connection in silent:
                with contextlib.suppress(ConnectionError):  # one that has been refused already
                    connection.sendall(beginning)
            last = time.monotonic()
            until(lambda: is_ready(served), "the hub is ready", ANSWER_S)
            open_ = select.poll()
            for connection in silent:
                open_.register(connection, select.POLLIN)
            while (closed := len(open_.poll(0))) < SILENT:
                assert time.monotonic() - last < CLOSED_S, f"{SILENT - closed} are still open"
                time.sleep(0.1)
            assert is_ready(served)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
