"""Where asyncio and threads differ: one pair of classes per need, the only code that exists twice by hand.

``_async/`` is written against the ``Async…`` classes; ``tools/make_sync.py`` turns it into ``_sync/`` on the others.
httpx2 and asyncio are imported when first needed, so that ``import suprsend`` stays fast.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from suprsend._errors import SuprsendConfigError, SuprsendTransportError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
    from concurrent.futures import Future, ThreadPoolExecutor

    import httpx2

T = TypeVar("T")
R = TypeVar("R")


# -- HTTP


def _request(
    method: str, url: tuple[str, str], headers: dict[str, str], body: bytes, limits: tuple[float, float]
) -> Any:
    import httpx2

    origin, target = url
    connect, read = limits
    extensions = {
        "timeout": {"connect": connect, "read": read, "write": read, "pool": read},
        "target": target.encode("ascii"),  # what was signed is what travels: no normalisation on the way
    }
    if not body and method != "GET":
        headers = {**headers, "Content-Length": "0"}  # as the official SDK; some proxies wait for it
    return httpx2.Request(method, origin + target, headers=headers, content=body or None, extensions=extensions)


def _client_options(origin: str) -> dict[str, Any]:
    if origin.startswith("https:"):
        return {}
    import ssl

    # Without TLS there is no need to read the system's certificates, 20 ms and some MB.
    return {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def _transport_error(error: httpx2.TransportError, origin: str, limits: tuple[float, float]) -> SuprsendTransportError:
    import httpx2

    kind = type(error).__name__
    reason = f"{kind}: {error}" if str(error) else kind
    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)):
        return SuprsendTransportError(f"no connection to {origin} ({reason}); is the hub running?", maybe_applied=False)
    if isinstance(error, httpx2.TimeoutException):
        reason = f"{kind} after {limits[1]:g} s"
    return SuprsendTransportError(f"no answer from {origin} ({reason}); the call may have been applied")


class AsyncHTTP:
    """Pooled connections of an asyncio client; a pool of its own in each event loop and each process."""

    def __init__(self, origin: str, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._origin = origin
        self._transport = transport
        self._pool: httpx2.AsyncClient | None = None
        self._owner: tuple[int, object] | None = None
        self._closed = False

    async def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes, limits: tuple[float, float]
    ) -> httpx2.Response:
        """Send one request and return the whole response.

        Raises:
            SuprsendTransportError: no answer came.
        """
        import httpx2

        request = _request(method, (self._origin, target), headers, body, limits)
        try:
            return await self._client().send(request)
        except httpx2.TransportError as error:
            raise _transport_error(error, self._origin, limits) from error

    def _client(self) -> httpx2.AsyncClient:
        import asyncio

        import httpx2

        if self._closed:
            raise SuprsendConfigError("this client is closed")
        owner = (os.getpid(), asyncio.get_running_loop())
        if self._pool is None or self._owner != owner:
            # After a fork, or in another loop, the old sockets belong to somebody else: leave them alone.
            self._pool = httpx2.AsyncClient(transport=self._transport, **_client_options(self._origin))
            self._owner = owner
        return self._pool

    async def aclose(self) -> None:
        """Close the connections; the client cannot be used any more."""
        import asyncio

        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None and self._owner == (os.getpid(), asyncio.get_running_loop()):
            await pool.aclose()


class HTTP:
    """Pooled connections of a client, shared by its threads; a pool of its own in each process."""

    def __init__(self, origin: str, transport: httpx2.BaseTransport | None) -> None:
        self._origin = origin
        self._transport = transport
        self._pools: dict[int, httpx2.Client] = {}  # by process id
        self._closed = False

    def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes, limits: tuple[float, float]
    ) -> httpx2.Response:
        """Send one request and return the whole response.

        Raises:
            SuprsendTransportError: no answer came.
        """
        import httpx2

        request = _request(method, (self._origin, target), headers, body, limits)
        try:
            return self._client().send(request)
        except httpx2.TransportError as error:
            raise _transport_error(error, self._origin, limits) from error

    def _client(self) -> httpx2.Client:
        if self._closed:
            raise SuprsendConfigError("this client is closed")
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            import httpx2

            # setdefault is atomic: no lock, which a fork at the wrong moment would leave locked for ever in the child.
            new = httpx2.Client(transport=self._transport, **_client_options(self._origin))
            pool = self._pools.setdefault(pid, new)
        return pool

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._closed = True
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()


# -- waiting that can be called off


class AsyncPause:
    """Sleeping between attempts; ``stop`` ends all sleep, present and future."""

    def __init__(self) -> None:
        self._stopped: asyncio.Event | None = None
        self.stopped = False

    async def sleep(self, seconds: float) -> bool:
        """Sleep; return False if it was stopped."""
        import asyncio

        if self._stopped is None:
            self._stopped = asyncio.Event()
        if not self.stopped:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), seconds)
        return not self.stopped

    def stop(self) -> None:
        """Wake all sleepers, for good."""
        self.stopped = True
        if self._stopped is not None:
            self._stopped.set()


class Pause:
    """Sleeping between attempts; ``stop`` ends all sleep, present and future."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped.is_set()

    def sleep(self, seconds: float) -> bool:
        """Sleep; return False if it was stopped."""
        return not self._stopped.wait(seconds)

    def stop(self) -> None:
        """Wake all sleepers, for good."""
        self._stopped.set()


# -- several sends under way


class AsyncWindow:
    """Up to ``size`` calls under way at the same time, whose results are taken in the order of their start."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tasks: deque[asyncio.Task[Any]] = deque()

    @property
    def full(self) -> bool:
        """Whether a result must be taken before the next start."""
        return len(self._tasks) >= self._size

    def start(self, call: Callable[[T], Awaitable[R]], argument: T) -> None:
        """Start a call."""
        import asyncio

        self._tasks.append(asyncio.ensure_future(call(argument)))

    async def oldest(self) -> Any:
        """Wait for the call that was started first and return its result; if interrupted, it can be taken later."""
        import asyncio

        result = await asyncio.shield(self._tasks[0])
        self._tasks.popleft()
        return result

    async def aclose(self) -> None:
        """Nothing to give back."""


class Window:
    """Up to ``size`` calls under way at the same time, whose results are taken in the order of their start."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._futures: deque[Future[Any]] = deque()
        self._executor: ThreadPoolExecutor | None = None

    @property
    def full(self) -> bool:
        """Whether a result must be taken before the next start."""
        return len(self._futures) >= self._size

    def start(self, call: Callable[[T], R], argument: T) -> None:
        """Start a call in a thread."""
        if self._executor is None:
            from concurrent.futures import (
                ThreadPoolExecutor,
            )  # late: a client that never sends in bulk needs no threads

            self._executor = ThreadPoolExecutor(self._size, thread_name_prefix="suprsend-bulk")
        self._futures.append(self._executor.submit(call, argument))

    def oldest(self) -> Any:
        """Wait for the call that was started first and return its result; if interrupted, it can be taken later."""
        result = self._futures[0].result()
        self._futures.popleft()
        return result

    def close(self) -> None:
        """End the threads."""
        if self._executor is not None:
            self._executor.shutdown(wait=True)


# -- sources


async def async_source(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """Walk any iterable, asynchronous or not."""
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def source(items: Iterable[T]) -> Iterable[T]:
    """Walk any iterable."""
    return items
