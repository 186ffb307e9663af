"""The numbers of tenants by id, remembered for a few seconds, so that an event for a tenant costs no look-up.

A number may be that of a life that has ended meanwhile. The write path notices, so that nothing is written for it.
"""

import asyncio
import time
from collections.abc import Callable, Collection

from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.lookup import CACHE_S, MAX_WAITING, is_away
from suprsend_hub.store import tenants
from suprsend_hub.store.database import Database
from suprsend_hub.store.patience import Patience

_REMEMBERED = 10_000
"""Tenants that are remembered at most; the one that was looked up first goes when there is no room."""


class TenantNumbers:
    """Looks up tenants. One instance per process. Unknown ones are not remembered: they may be created any moment."""

    def __init__(
        self, database: Database, *, patience_s: float = 0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._patience = Patience(patience_s, monotonic=monotonic)
        self._waiting = 0
        self._numbers: dict[tuple[int, str], tuple[float, int]] = {}

    async def find(self, workspace_id: int, tenant_ids: Collection[str], *, anew: bool = False) -> dict[str, int]:
        """Return the numbers of the tenants that exist, or existed within the last `CACHE_S` seconds.

        `anew`: ask the database for all of them. While it is away, what is remembered is used for as long as edits have
        patience, and what is not waits for as long; Unavailable when patience has run out.
        """
        if not tenant_ids:
            return {}
        known = {} if anew else self._remembered(workspace_id, tenant_ids, CACHE_S)
        missing = [each for each in tenant_ids if each not in known]
        if not missing:
            return known
        try:
            found = await self.read(workspace_id, missing)
        except Unavailable as error:
            if not is_away(error):
                raise
            self._patience.failed()
            found = {} if anew else self._remembered(workspace_id, missing, CACHE_S + self._patience_s)
            if len(found) == len(missing):
                return {**known, **found}
            found = await self._wait(workspace_id, missing, error)
        self._patience.succeeded()
        self._remember(workspace_id, found)
        return {**known, **found}

    async def _wait(self, workspace_id: int, tenant_ids: Collection[str], error: Unavailable) -> dict[str, int]:
        """Ask again until the database answers or patience ends, as edits do; raise the latest error then."""
        if self._waiting >= MAX_WAITING:
            raise error
        started, pause_s = self._monotonic(), 0.1
        self._waiting += 1
        try:
            while self._patience.left_s(started) > pause_s:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 1.0)
                try:
                    return await self.read(workspace_id, tenant_ids)
                except Unavailable as again:
                    if not is_away(again):
                        raise
                    error = again
            raise error
        finally:
            self._waiting -= 1

    async def read(self, workspace_id: int, tenant_ids: Collection[str]) -> dict[str, int]:
        """Return the numbers of the tenants that exist now."""
        async with self._database.connection() as connection:
            return await tenants.find_numbers(connection, workspace_id, sorted(tenant_ids))

    def _remembered(self, workspace_id: int, tenant_ids: Collection[str], age_s: float) -> dict[str, int]:
        oldest = self._monotonic() - age_s
        found = {}
        for tenant_id in tenant_ids:
            entry = self._numbers.get((workspace_id, tenant_id))
            if entry is not None and entry[0] > oldest:
                found[tenant_id] = entry[1]
        return found

    def _remember(self, workspace_id: int, numbers: dict[str, int]) -> None:
        now = self._monotonic()
        for tenant_id, number in numbers.items():
            self._numbers.pop((workspace_id, tenant_id), None)
            self._numbers[workspace_id, tenant_id] = now, number
        while len(self._numbers) > _REMEMBERED:
            del self._numbers[next(iter(self._numbers))]
