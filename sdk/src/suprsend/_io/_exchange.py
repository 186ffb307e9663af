"""One request and its answer on httpcore2, and the pools of connections that carry them.

A client keeps no cookies and follows no redirects, so it works on httpcore2, the lower half of httpx2: a small call
takes 270 us there instead of 400.
"""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, Any

import httpcore2

from suprsend._base_url import checked_url, host_header
from suprsend._errors import SuprsendError
from suprsend._io._failures import is_orderly, refused_by_proxy, translated
from suprsend._io._streams import AsyncBackend, Backend
from suprsend._io._tls import ssl_context
from suprsend._proxies import proxy_for
from suprsend._response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from suprsend._base_url import BaseUrl
    from suprsend._certificates import Verify
    from suprsend._proxies import ProxyChoice

_LIMITS: dict[str, Any] = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 5.0}


class Exchange:
    """A request, its answer, and its failure.

    Args:
        method, url, headers, body, timeout_s: as for ``Transport.send``.
    """

    __slots__ = ("_body", "_headers", "_hub", "_method", "_target", "_timeout_s", "proxy")

    def __init__(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> None:
        start = url.index("/", 8)
        self._method, self._headers, self._timeout_s = method, headers, timeout_s
        self._hub, self._target = url[:start], url[start:]
        self._body = _Body(body)
        self.proxy: ProxyChoice | None = None

    @property
    def hub(self) -> BaseUrl:
        """Return the URL of the hub."""
        return _hub(self._hub)

    def request(self) -> httpcore2.Request:
        """Return the request, with its target unchanged, because it has been signed."""
        hub = self.hub
        address = httpcore2.URL(scheme=hub.scheme, host=hub.host, port=hub.port, target=self._target.encode("ascii"))
        fields = [(b"Host", _host(self._hub))]
        fields += [(name.encode("ascii"), value.encode("utf-8")) for name, value in self._headers.items()]
        if self._method != "GET":
            fields.append((b"Content-Length", b"%d" % len(self._body.content)))
        connect, read = self._timeout_s
        extensions = {"timeout": {"connect": connect, "read": read, "write": read, "pool": read}}
        return httpcore2.Request(self._method, address, headers=fields, content=self._body, extensions=extensions)

    def response(self, answer: httpcore2.Response, content: bytes) -> Response:
        """Return the answer.

        Raises:
            SuprsendTransportError: the answer comes from the proxy.
        """
        if answer.status == 407 and self.proxy is not None:
            raise refused_by_proxy(self._hub, self.proxy)
        fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
        return Response(answer.status, fields, content)

    def failure(self, error: BaseException) -> SuprsendError | None:
        """Return the error to raise instead of ``error``; None if ``error`` itself is raised."""
        if isinstance(error, SuprsendError):
            return None
        return translated(error, self._hub, self.proxy, self._timeout_s, sent=self._body.asked_for)


class _Body:
    """The body of a request, which notes that httpcore2 asked for it, because then the head is on its way."""

    __slots__ = ("asked_for", "content")

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked_for = False

    def __iter__(self) -> Iterator[bytes]:
        self.asked_for = True
        yield self.content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.asked_for = True
        yield self.content


@functools.lru_cache(maxsize=32)
def _hub(origin: str) -> BaseUrl:
    return checked_url(origin, "url")


@functools.lru_cache(maxsize=32)
def _host(origin: str) -> bytes:
    hub = _hub(origin)
    return host_header(hub.host, hub.port).encode()


class AsyncPool:
    """The connections of one event loop."""

    def __init__(self, hub: BaseUrl, verify: Verify) -> None:
        self.proxy = proxy_for(hub)
        options = _options(hub, self.proxy, verify)
        self.connections = httpcore2.AsyncConnectionPool(network_backend=AsyncBackend(), **options)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.connections.aclose()


class Pool:
    """The connections of one process, closed when no call uses them any more."""

    def __init__(self, hub: BaseUrl, verify: Verify) -> None:
        self._pid = os.getpid()
        self.proxy = proxy_for(hub)
        options = _options(hub, self.proxy, verify)
        self.connections = httpcore2.ConnectionPool(network_backend=Backend(), **options)

    def close(self) -> None:
        """Close the connections, without the lock of httpcore2, which an interrupted thread may have left locked."""
        for connection in self.connections.connections:
            with contextlib.suppress(Exception):
                connection.close()

    def __del__(self) -> None:
        if getattr(self, "connections", None) is not None and self._pid == os.getpid():
            self.close()


def _options(hub: BaseUrl, proxy: ProxyChoice | None, verify: Verify) -> dict[str, Any]:
    context = ssl_context(verify) if hub.scheme == "https" or (proxy and proxy.url.startswith("https")) else None
    carrier = None
    if proxy is not None:
        proxy_context = context if proxy.url.startswith("https") else None
        carrier = httpcore2.Proxy(proxy.url, auth=proxy.auth, ssl_context=proxy_context)
    return {"ssl_context": context, "proxy": carrier, **_LIMITS}


__all__ = ["AsyncPool", "Exchange", "Pool", "is_orderly"]
