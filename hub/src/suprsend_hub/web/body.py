"""Read the body of an HTTP request within limits, for the API and for the console's forms."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from litestar.types import Scope

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest, TimedOut, TooLarge, Unavailable

BUDGET_BYTES = 134_217_728
"""128 MiB: what all bodies that are being read may take in one worker, before their signatures can be verified."""
_MAX_DRAINED_BYTES = 16_777_216
"""How much of a body above its limit is read and thrown away, so that the client gets to see the answer."""
_LINGER_S = 5.0
"""Seconds that a client has to send the body of a request that has been answered already."""
_CHECK_S = 0.25
"""Seconds between two looks at which bodies are late."""
_STOP_S = 3.0
"""Seconds that bodies have to arrive once the process is to stop."""

BODIES: Final = "bodies"
"""Name under which the state of the application holds the `BodyReader`; requests find it there."""
_UNREAD: Final = "unread_body"
"""Key in the scope of a request; its value is the reader as long as nobody has read the body."""
Receive = Callable[[], Awaitable[Any]]
"""ASGI's function that returns the next message of the connection."""


class BodyReader:
    """Reads bodies: each within a time and size limit, all within one memory budget. One instance per process."""

    def __init__(self, *, timeout_s: float, budget_bytes: int = BUDGET_BYTES) -> None:
        self._timeout_s = timeout_s
        self._left_bytes = budget_bytes
        self._deadlines: dict[asyncio.Timeout, float] = {}
        self._check_s = min(_CHECK_S, timeout_s / 4)
        self._checks_on: asyncio.AbstractEventLoop | None = None
        self._is_stopping = False

    def leave_unread(self, scope: Scope) -> None:
        """Note that a body follows. If the request is answered before it is read, `pass_by_unread` handles the rest."""
        scope[_UNREAD] = self  # type: ignore[typeddict-unknown-key]  # servers and frameworks leave unknown keys alone

    async def read(self, scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
        """Return the body.

        Raises:
            TooLarge: the body is above its limit.
            TimedOut: the body did not arrive in time.
            InvalidRequest: the connection ended before the body did.
            Unavailable: too many bodies are being read at once.
        """
        scope[_UNREAD] = None  # type: ignore[typeddict-unknown-key]
        chunks: list[bytes] = []
        taken = 0
        fits = True

        def keep(chunk: bytes) -> None:
            nonlocal taken, fits
            fits = fits and len(chunk) <= self._left_bytes
            if fits:
                taken += len(chunk)
                self._left_bytes -= len(chunk)
                chunks.append(chunk)
            else:  # let the others have the room; the rest is only read, so that the client sees the answer
                chunks.clear()
                self._left_bytes += taken
                taken = 0

        try:
            await self._look_at(receive, limit_bytes, keep, self._timeout_s)
            if not fits:
                raise Unavailable("too much arrives at once; slow down", code=Code.OVERLOADED, retry_after_s=1)
            return b"".join(chunks)
        finally:
            self._left_bytes += taken

    def stop(self) -> None:
        """Wait only for moments from now on: the process is to stop, and a client may never send the rest."""
        self._is_stopping = True
        soon = asyncio.get_running_loop().time() + _STOP_S
        for deadline, due in self._deadlines.items():
            self._deadlines[deadline] = min(due, soon)

    def _end_late_ones(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the waits whose time is over, and look again in a moment if others are left."""
        now = loop.time()
        for deadline in [deadline for deadline, due in self._deadlines.items() if due <= now]:
            del self._deadlines[deadline]
            deadline.reschedule(now)
        self._checks_on = None
        if self._deadlines:
            self._check_soon(loop)

    def _check_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        self._checks_on = loop
        loop.call_later(self._check_s, self._end_late_ones, loop)

    async def _look_at(
        self, receive: Receive, limit_bytes: int, look: Callable[[bytes], object], timeout_s: float
    ) -> None:
        """Show the chunks of a body to `look` as they arrive."""
        loop = asyncio.get_running_loop()
        deadline = asyncio.timeout(None)  # without a timer of its own, which would take as long as all the rest
        size = 0
        more = True
        try:
            async with deadline:
                self._deadlines[deadline] = loop.time() + (min(timeout_s, _STOP_S) if self._is_stopping else timeout_s)
                if self._checks_on is not loop:
                    self._check_soon(loop)
                while more and size <= _MAX_DRAINED_BYTES:
                    message = await receive()
                    if message["type"] != "http.request":  # it is a disconnect
                        raise InvalidRequest("the connection ended before the body did", code=Code.INCOMPLETE_BODY)
                    more = message.get("more_body", False)
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size <= limit_bytes:
                        look(chunk)
        except TimeoutError as error:
            raise TimedOut(
                f"the body did not arrive within {timeout_s:g} seconds", code=Code.REQUEST_TIMEOUT
            ) from error
        finally:
            self._deadlines.pop(deadline, None)
        if size > limit_bytes:
            raise TooLarge(
                f"the body is larger than {limit_bytes} bytes; send fewer records at once", code=Code.BODY_TOO_LARGE
            )

    async def pass_by(self, receive: Receive) -> None:
        """Read a body and throw it away."""
        with suppress(DomainError):
            await self._look_at(receive, _MAX_DRAINED_BYTES, len, min(self._timeout_s, _LINGER_S))


def is_unread(scope: Scope) -> bool:
    """Tell whether a body follows that nobody has read."""
    return scope.get(_UNREAD) is not None


async def pass_by_unread(scope: Scope, receive: Receive) -> None:
    """Read and throw away a body after its request has been answered.

    If the connection were closed at once, a client that is still sending would see a reset instead of the answer.
    """
    reader = scope.get(_UNREAD)
    if isinstance(reader, BodyReader):
        await reader.pass_by(receive)
