"""Look up credentials: cached for a few seconds, shared by requests for the same credentials, patient in an outage.

While the database is away, recent results stay valid for as long as edits wait, and other look-ups wait for as long.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.lookup_cache import LookupCache
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.patience import Patience

CACHE_S = 5.0
"""Seconds for which a looked-up credential is valid, also if it is revoked in the meantime."""
_REFRESH_S = 1.0
"""Seconds that the database has to confirm an expired entry before the entry is used again."""
MAX_WAITING = 1_000
"""Requests that may wait for the database at the same time. Their bodies have not been read."""
_RETRIES_AT_ONCE = 4

_T = TypeVar("_T")
Fetch = Callable[[Connection], Awaitable[_T | None]]
"""Asks the database; returns None if the credentials do not exist."""


class PatientLookup(Generic[_T]):
    """Looks up by digest. One instance per process, used on one event loop."""

    def __init__(
        self, database: Database, *, patience_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        self._patience_s = patience_s
        self._patience = Patience(patience_s, monotonic=monotonic)
        self._cache = LookupCache[_T](monotonic)
        self._under_way: dict[bytes, asyncio.Task[_T | None]] = {}
        self._retries = asyncio.Semaphore(_RETRIES_AT_ONCE)
        self._waiting = 0

    def remembered(self, digest: bytes) -> _T | None:
        """Return what `find` would return at once, without a coroutine; None if it might ask the database."""
        return self._cache.find_fresh(digest, CACHE_S)

    async def find(self, digest: bytes, fetch: Fetch[_T], *, patiently: bool) -> _T | None:
        """Return what `fetch` finds, or has found within `CACHE_S` seconds.

        Raises Unavailable if the database does not answer and nothing is remembered; if `patiently`, when patience has
        run out.
        """
        entry = self._cache.find(digest)
        if entry is not None and entry.age_s < CACHE_S:
            return entry.value
        started = self._monotonic()
        lookup = self._shared(digest, fetch)
        if entry is not None and entry.value is not None and entry.age_s < CACHE_S + self._patience_s:
            await asyncio.wait({lookup}, timeout=_REFRESH_S)
            if not lookup.done() or is_away(lookup.exception()):
                return entry.value
        try:
            return await asyncio.shield(lookup)
        except Unavailable as error:
            if not patiently or not is_away(error):
                raise
            return await self._wait(digest, fetch, started, error)

    def _shared(self, digest: bytes, fetch: Fetch[_T]) -> "asyncio.Task[_T | None]":
        """Return the look-up in progress for that digest, or a new one."""
        lookup = self._under_way.get(digest)
        if lookup is None:
            lookup = self._under_way[digest] = asyncio.create_task(self._look_up(digest, fetch))
            lookup.add_done_callback(lambda done: self._ended(digest, done))
        return lookup

    def _ended(self, digest: bytes, lookup: "asyncio.Task[_T | None]") -> None:
        del self._under_way[digest]
        if not lookup.cancelled():
            lookup.exception()  # retrieved, even if no request waits for it any more

    async def _look_up(self, digest: bytes, fetch: Fetch[_T]) -> _T | None:
        try:
            async with self._database.connection() as connection:
                found = await fetch(connection)
        except Unavailable as error:
            if is_away(error):
                self._patience.failed()
            raise
        self._patience.succeeded()
        self._cache.put(digest, found)
        return found

    async def _wait(self, digest: bytes, fetch: Fetch[_T], started: float, error: Unavailable) -> _T | None:
        """Look up again until the database answers or patience ends; raise the latest error then."""
        if self._waiting >= MAX_WAITING:
            raise error
        self._waiting += 1
        pause_s = 0.1
        try:
            while self._patience.left_s(started) > pause_s:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 1.0)
                try:
                    async with asyncio.timeout(max(0, self._patience.left_s(started))), self._retries:
                        return await asyncio.shield(self._shared(digest, fetch))
                except TimeoutError:
                    break
                except Unavailable as again:
                    if not is_away(again):
                        raise
                    error = again
            raise error
        finally:
            self._waiting -= 1


def is_away(error: BaseException | None) -> bool:
    """Tell whether the cause is the database, and not a wrong master key."""
    return isinstance(error, Unavailable) and error.code in (
        Code.DATABASE_UNAVAILABLE,
        Code.DATABASE_MISCONFIGURED,
    )
