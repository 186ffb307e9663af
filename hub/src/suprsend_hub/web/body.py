"""Read the body of an HTTP request within limits, for the API and the forms of the console. Knows ASGI only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, TimedOut, TooLarge, Unavailable

BUDGET_BYTES = 134_217_728
"""128 MiB for all bodies that one worker is reading, because their senders are not authenticated yet."""
_MAX_DRAINED_BYTES = 16_777_216
"""How much of an oversized body is read and discarded, so that the client receives the answer."""

BODIES: Final = "bodies"
"""Name of the `BodyReader` in the state of the application, where requests find it."""
Receive = Callable[[], Awaitable[Any]]
"""ASGI's function that returns the next message of the connection."""


class BodyReader:
    """Reads bodies: each within a time and size limit, all within one memory budget. One instance per process."""

    def __init__(self, *, timeout_s: float, budget_bytes: int = BUDGET_BYTES) -> None:
        self._timeout_s = timeout_s
        self._left_bytes = budget_bytes

    async def read(self, receive: Receive, limit_bytes: int) -> bytes:
        """Return the body.

        Raises:
            TooLarge: the body is above its limit.
            TimedOut: the body did not arrive in time.
            InvalidRequest: the connection ended before the body did.
            Unavailable: too many bodies are being read at once.
        """
        chunks: list[bytes] = []
        taken = 0

        def keep(chunk: bytes) -> None:
            nonlocal taken
            taken += len(chunk)
            self._left_bytes -= len(chunk)
            if self._left_bytes < 0:
                raise Unavailable(
                    "the hub receives too much data at once; send more slowly", code=Code.OVERLOADED, retry_after_s=1
                )
            chunks.append(chunk)

        try:
            await self.pass_by(receive, limit_bytes, keep)
            return b"".join(chunks)
        finally:
            self._left_bytes += taken

    async def pass_by(self, receive: Receive, limit_bytes: int, look: Callable[[bytes], object]) -> None:
        """Pass the chunks of the body to `look` as they arrive, and keep none. Raises the errors of `read`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await _chunks(receive, limit_bytes, look)
        except TimeoutError as error:
            raise TimedOut(
                f"the body did not arrive within {self._timeout_s:g} seconds", code=Code.REQUEST_TIMEOUT
            ) from error


async def _chunks(receive: Receive, limit_bytes: int, look: Callable[[bytes], object]) -> None:
    size = 0
    more = True
    while more and size <= _MAX_DRAINED_BYTES:
        message = await receive()
        if message["type"] != "http.request":  # it is a disconnect
            raise InvalidRequest("the connection ended before the body did", code=Code.INCOMPLETE_BODY)
        more = message.get("more_body", False)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit_bytes:
            look(chunk)
    if size > limit_bytes:
        raise TooLarge(
            f"the body is larger than {limit_bytes} bytes; send fewer records at once", code=Code.BODY_TOO_LARGE
        )
