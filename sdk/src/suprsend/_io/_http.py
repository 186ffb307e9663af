"""Sending one request: pooled connections, proxies, and the errors of the HTTP library.

A client keeps no cookies and follows no redirects, so it works on httpcore2, the lower half of httpx2: a small call
takes 270 us there instead of 400.
"""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from suprsend._errors import SuprsendConfigError, SuprsendTransportError
from suprsend._response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpcore2

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

            from suprsend._io._streams import JoiningBackend

            # setdefault is atomic: no lock, which a fork at the wrong moment would leave locked for ever in the child.
            backend: Any = JoiningBackend(httpcore2.SyncBackend())
            new = httpcore2.ConnectionPool(proxy=_proxy(url), network_backend=backend, **_POOL)
            pool = self._pools.setdefault(pid, new)
        return pool

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._closed = True
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()
