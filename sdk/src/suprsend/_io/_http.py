"""The transport of a client: which pool of connections carries a request, in which event loop, thread and process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from suprsend._errors import SuprsendConfigError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncGenerator
    from types import ModuleType

    from suprsend._certificates import Verify
    from suprsend._io._exchange import AsyncPool, Exchange, Pool
    from suprsend._response import Response


def _network() -> ModuleType:
    """Import the HTTP library when a client is created: it takes 40 ms, so `import suprsend` does without.

    Not at the first call: by then the program may have no file descriptor left, or be about to end.

    Raises:
        SuprsendConfigError: it cannot be imported.
    """
    try:
        from suprsend._io import _exchange
    except (ImportError, OSError) as error:
        text = f"the HTTP library of the client cannot be imported ({type(error).__name__}: {error})"
        raise SuprsendConfigError(text) from error
    return _exchange


class _HTTP:
    """Base of both transports: how they are created, copied and pickled, always without connections."""

    def __init__(self, verify: Verify = None, *, closed: bool = False) -> None:
        self._network = _network()
        self._verify = verify
        self._closed = closed

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self._verify, self._closed)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        del memo  # an SSLContext cannot be copied, and need not
        return type(self)(self._verify, closed=self._closed)

    def _check_open(self) -> None:
        if self._closed:
            raise SuprsendConfigError("this client is closed")


def _remade(kind: type[_HTTP], verify: Verify, closed: bool) -> _HTTP:
    return kind(verify, closed=closed)


class AsyncHTTP(_HTTP):
    """Pooled connections of an asyncio client; a pool of its own in each event loop and each process."""

    def __init__(self, verify: Verify = None, *, closed: bool = False) -> None:
        super().__init__(verify, closed=closed)
        # Not weak: a pool holds on to its loop. It goes when the loop ends, or when the next one finds the loop closed.
        # Pools that a fork has copied stay untouched, because they belong to the other process.
        self._leases: dict[tuple[int, AbstractEventLoop], tuple[AsyncPool, AsyncGenerator[None]]] = {}

    async def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> Response:
        """Send one request and return the whole answer; see ``AsyncTransport``."""
        exchange: Exchange = self._network.Exchange(method, url, headers, body, timeout_s)
        try:
            pool = await self._pool(exchange)
            answer = await pool.connections.handle_async_request(exchange.request())
            try:
                content = await answer.aread()
            finally:
                await answer.aclose()
            return exchange.response(answer, content)
        except BaseException as error:
            failure = exchange.failure(error)
            if failure is None:
                raise
            raise failure from error

    async def _pool(self, exchange: Exchange) -> AsyncPool:
        import asyncio

        self._check_open()
        key = (os.getpid(), asyncio.get_running_loop())
        found = self._leases.get(key)
        if found is None:
            for pid, loop in list(self._leases):
                if pid == key[0] and loop.is_closed():
                    self._leases.pop((pid, loop), None)
            pool: AsyncPool = self._network.AsyncPool(exchange.hub, self._verify)
            found = self._leases[key] = (pool, self._lease(key, pool))
            await anext(found[1])  # does not suspend, so no other task runs in between
        exchange.proxy = found[0].proxy
        return found[0]

    async def _lease(self, key: tuple[int, AbstractEventLoop], pool: AsyncPool) -> AsyncGenerator[None]:
        """Hold a pool until its event loop ends: before that, a loop closes the asynchronous generators begun in it."""
        try:
            yield
        finally:
            self._leases.pop(key, None)
            await pool.aclose()

    async def aclose(self) -> None:
        """Close the connections of this event loop. Those of other loops are closed when these loops end."""
        import asyncio

        self._closed = True
        found = self._leases.get((os.getpid(), asyncio.get_running_loop()))
        if found is not None:
            await found[1].aclose()


class HTTP(_HTTP):
    """Pooled connections of a client, shared by its threads; a pool of its own in each process."""

    def __init__(self, verify: Verify = None, *, closed: bool = False) -> None:
        super().__init__(verify, closed=closed)
        self._pools: dict[int, Pool] = {}  # by process id

    def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> Response:
        """Send one request and return the whole answer; see ``Transport``."""
        exchange: Exchange = self._network.Exchange(method, url, headers, body, timeout_s)
        try:
            pool = self._pool(exchange)
            answer = pool.connections.handle_request(exchange.request())
            try:
                content = answer.read()
            finally:
                answer.close()
            return exchange.response(answer, content)
        except BaseException as error:
            if not self._network.is_orderly(error):
                # It may have come out of anywhere, such as a signal handler, and httpcore2 may have lost count of a
                # connection. Calls under way end on the old pool; the next one gets a new pool.
                self._pools.pop(os.getpid(), None)
            failure = exchange.failure(error)
            if failure is None:
                raise
            raise failure from error

    def _pool(self, exchange: Exchange) -> Pool:
        self._check_open()
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            # setdefault is atomic. A lock could stay locked in the child after a fork at the wrong moment.
            pool = self._pools.setdefault(pid, self._network.Pool(exchange.hub, self._verify))
        exchange.proxy = pool.proxy
        return pool

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._closed = True
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()
