"""Network streams that join the head of a request and its body, and give each answer a deadline.

httpcore2 writes head and body one after the other: two system calls here, two wake-ups of the server. And its
time limit starts again with each piece of an answer, so a slow answer never ends. Everything that is held back is sent
before the answer is read, so a stream that is written in another order stays correct.
"""
# ruff: noqa: ASYNC109  # the signatures are those of httpcore2

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


class _Exchange:
    """The state of a stream: the head that waits for its body, and the deadline of the answer."""

    def __init__(self) -> None:
        self._head = b""
        self._deadline: float | None = None

    def to_write(self, buffer: bytes) -> bytes:
        """Return what to write now."""
        self._deadline = None  # a new request: the time for its answer has not begun
        if buffer.endswith(b"\r\n\r\n") and not self._head:
            self._head = buffer
            return b""
        head, self._head = self._head, b""
        return head + buffer if head else buffer

    def held_back(self) -> bytes:
        """Return what must be written before an answer is read."""
        head, self._head = self._head, b""
        return head

    def time_left(self, timeout: float | None) -> float | None:
        """Return the seconds that are left for the answer; all of them at its first piece.

        Raises:
            httpcore2.ReadTimeout: no time is left.
        """
        if timeout is None:
            return None
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + timeout
        if now >= self._deadline:
            raise httpcore2.ReadTimeout("the answer is not complete")
        return self._deadline - now


class AsyncStream(httpcore2.AsyncNetworkStream):
    """A stream of the asyncio client."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._exchange = _Exchange()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a piece of the answer."""
        head = self._exchange.held_back()
        if head:
            await self._stream.write(head, timeout)
        return await self._stream.read(max_bytes, self._exchange.time_left(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a piece of the request, or hold it back until its body comes."""
        await self._stream.write(self._exchange.to_write(buffer), timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        """Return the stream inside TLS."""
        return AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore2 asks about the connection."""
        return self._stream.get_extra_info(info)


class Stream(httpcore2.NetworkStream):
    """A stream of the client."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._exchange = _Exchange()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read a piece of the answer."""
        head = self._exchange.held_back()
        if head:
            self._stream.write(head, timeout)
        return self._stream.read(max_bytes, self._exchange.time_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a piece of the request, or hold it back until its body comes."""
        self._stream.write(self._exchange.to_write(buffer), timeout)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """Return the stream inside TLS."""
        return Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore2 asks about the connection."""
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore2.AnyIOBackend):
    """Opens connections for asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncStream:
        """Return a connection."""
        return AsyncStream(await super().connect_tcp(host, port, timeout, local_address, socket_options))


class Backend(httpcore2.SyncBackend):
    """Opens connections for threads."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> Stream:
        """Return a connection."""
        return Stream(super().connect_tcp(host, port, timeout, local_address, socket_options))
