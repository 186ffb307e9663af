"""Group reads: profiles that are requested while a statement runs share the next statement.

The counterpart of the batcher. If a lane is free, a read does not wait. A statement always starts after the request
for its profiles, so it sees every edit that was answered before.
"""

import asyncio
from collections import deque

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.store import profiles
from suprsend_hub.store.database import Database

LANES = 2
"""Concurrent statements of one process."""
MAX_KEYS = 100
"""Profiles in one statement, so that no read waits for more than this."""


class ProfileReader:
    """Reads single profiles. One instance per process, used on one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[tuple[RecipientKey, asyncio.Future[StoredProfile | None]]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    async def find(self, key: RecipientKey) -> StoredProfile | None:
        """Return the profile, or None if it does not exist. Raises Unavailable if the database does not answer."""
        future: asyncio.Future[StoredProfile | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        if len(self._lanes) < LANES:
            self._lanes.add(asyncio.create_task(self._lane()))
        return await future

    async def _lane(self) -> None:
        """Read until no request waits."""
        try:
            await self._read_all()
        finally:
            # In the same step as the last look at the queue, so that the next request does not rely on this lane.
            lane = asyncio.current_task()
            assert lane is not None
            self._lanes.discard(lane)

    async def _read_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_KEYS, len(self._waiting)))]
            wanted = [(key, future) for key, future in batch if not future.done()]  # others have been cancelled
            try:
                async with self._database.connection() as connection:
                    found = await profiles.read(connection, list({key for key, _ in wanted}))
            except Exception as error:  # noqa: BLE001 - handed to the callers, whatever it is
                for _, future in wanted:
                    if not future.done():
                        future.set_exception(error)
                continue
            except asyncio.CancelledError:  # the loop is being torn down: no request may be left without an answer
                for _, future in wanted:
                    future.cancel()
                raise
            for key, future in wanted:
                if not future.done():
                    future.set_result(found.get(key))
