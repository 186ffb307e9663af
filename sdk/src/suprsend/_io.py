"""Where asyncio and threads differ: one pair of classes per need, the only code that exists twice by hand.

``_async/`` is written against the ``Async…`` classes; ``tools/make_sync.py`` turns it into ``_sync/`` on the others.
httpcore2 and asyncio are imported when first needed, so that ``import suprsend`` stays fast.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from suprsend._errors import SuprsendConfigError, SuprsendTransportError
from suprsend._response import Response

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    import httpcore2

T = TypeVar("T")
R = TypeVar("R")


# -- HTTP
#
# A client keeps no cookies and follows no redirects, so it works on httpcore2, the lower half of httpx2: a small call
# takes 270 us there instead of 400.

_POOL: dict[str, Any] = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 5.0}


@functools.lru_cache(maxsize=32)
def _origin(prefix: str) -> tuple[httpcore2.URL, bytes]:
    """Return the parsed origin and the value of the Host header."""
    import httpcore2

    parts = urlsplit(prefix)
    host = (parts.hostname or "").encode("ascii" if prefix.isascii() else "idna").decode()
    shown = f"[{host}]" if ":" in host else host
    if parts.port:
        shown = f"{shown}:{parts.port}"
    return httpcore2.URL(scheme=parts.scheme, host=host, port=parts.port, target=b"/"), shown.encode()


def _request(
    method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
) -> httpcore2.Request:
    import httpcore2

    start = url.index("/", 8)
    origin, host = _origin(url[:start])
    # What was signed is what travels: the target is taken as it is, so nothing in it can be normalised.
    address = httpcore2.URL(
        scheme=origin.scheme, host=origin.host, port=origin.port, target=url[start:].encode("ascii")
    )
    fields = [(b"Host", host)]
    fields += [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers.items()]
    if method != "GET":
        fields.append((b"Content-Length", b"%d" % len(body)))
    connect, read = timeout_s
    extensions = {"timeout": {"connect": connect, "read": read, "write": read, "pool": read}}
    return httpcore2.Request(method, address, headers=fields, content=body, extensions=extensions)


def _response(status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> Response:
    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    return Response(status, fields, content)


def _proxy(origin: httpcore2.URL) -> httpcore2.Proxy | None:
    """Return the proxy that the environment asks for, if any."""
    from urllib.request import getproxies, proxy_bypass

    import httpcore2

    proxies = getproxies()
    address = proxies.get(origin.scheme.decode()) or proxies.get("all")
    if not address or proxy_bypass(origin.host.decode()):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return httpcore2.Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", auth=auth)


@contextlib.contextmanager
def _translated_errors(url: str, timeout_s: tuple[float, float]) -> Iterator[None]:
    """Turn the errors of httpcore2 into SuprsendTransportError."""
    import httpcore2

    not_sent = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout, httpcore2.ProxyError)
    lost = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)
    try:
        yield
    except (*not_sent, httpcore2.UnsupportedProtocol) as error:
        where = url[: url.index("/", 8)]
        reason = f"no connection to {where} ({type(error).__name__}: {error}); is the hub running?"
        raise SuprsendTransportError(reason, maybe_applied=False) from error
    except lost as error:
        where = url[: url.index("/", 8)]
        late = isinstance(error, httpcore2.TimeoutException)
        detail = f"{type(error).__name__} after {timeout_s[1]:g} s" if late else f"{type(error).__name__}: {error}"
        raise SuprsendTransportError(f"no answer from {where} ({detail}); the call may have been applied") from error


class _Joined:
    """A network stream that sends the head of a request and its body in one go.

    httpcore2 writes them one after the other: two system calls here, two wake-ups of the server. Whatever is held back
    is sent before the answer is read, so a stream that is written in another order stays correct.
    """

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer.endswith(b"\r\n\r\n") and not self._head:
            self._head = buffer
            return
        head, self._head = self._head, b""
        self._stream.write(head + buffer, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._head:
            self.write(b"", timeout)
        return self._stream.read(max_bytes, timeout)


class _JoiningBackend:
    """Opens connections whose streams join head and body."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def connect_tcp(self, *args: Any, **kwargs: Any) -> _Joined:
        return _Joined(self._backend.connect_tcp(*args, **kwargs))


class AsyncHTTP:
    """Pooled connections of an asyncio client; a pool of its own in each event loop and each process."""

    def __init__(self) -> None:
        self._pool: httpcore2.AsyncConnectionPool | None = None
        self._owner: tuple[int, object] | None = None
        self._closed = False

    async def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> Response:
        """Send one request and return the whole answer; see ``AsyncTransport``."""
        request = _request(method, url, headers, body, timeout_s)
        with _translated_errors(url, timeout_s):
            answer = await self._connections(request.url).handle_async_request(request)
            try:
                content = await answer.aread()
            finally:
                await answer.aclose()
        return _response(answer.status, answer.headers, content)

    def _connections(self, url: httpcore2.URL) -> httpcore2.AsyncConnectionPool:
        import asyncio

        if self._closed:
            raise SuprsendConfigError("this client is closed")
        owner = (os.getpid(), asyncio.get_running_loop())
        if self._pool is None or self._owner != owner:
            import httpcore2

            # After a fork, or in another loop, the old sockets belong to somebody else: leave them alone.
            self._pool = httpcore2.AsyncConnectionPool(proxy=_proxy(url), **_POOL)
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

    def __init__(self) -> None:
        self._pools: dict[int, httpcore2.ConnectionPool] = {}  # by process id
        self._closed = False

    def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> Response:
        """Send one request and return the whole answer; see ``Transport``."""
        request = _request(method, url, headers, body, timeout_s)
        with _translated_errors(url, timeout_s):
            answer = self._connections(request.url).handle_request(request)
            try:
                content = answer.read()
            finally:
                answer.close()
        return _response(answer.status, answer.headers, content)

    def _connections(self, url: httpcore2.URL) -> httpcore2.ConnectionPool:
        if self._closed:
            raise SuprsendConfigError("this client is closed")
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            import httpcore2

            # setdefault is atomic: no lock, which a fork at the wrong moment would leave locked for ever in the child.
            backend: Any = _JoiningBackend(httpcore2.SyncBackend())
            new = httpcore2.ConnectionPool(proxy=_proxy(url), network_backend=backend, **_POOL)
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
