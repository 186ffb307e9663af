"""Background clean-up of one process: members of list versions that are live no more."""

import asyncio

import structlog

from suprsend_hub.domain.errors import DomainError
from suprsend_hub.service.lists import ListService

IDLE_S = 5.0
"""Seconds between looks while there is nothing to do; the look is one indexed read of an empty table."""

_log = structlog.get_logger("suprsend_hub.sweeper")


class Sweeper:
    """Sweeps in small steps while the hub runs. Several hubs share the work."""

    def __init__(self, lists: ListService) -> None:
        self._lists = lists
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start on the running loop."""
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def stop(self) -> None:
        """Stop; a step under way is rolled back and done by whoever comes next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                busy = await self._lists.sweep()
            except DomainError as error:
                _log.warning("sweep failed; trying again later", error=error.code)
                busy = False
            except Exception as error:  # noqa: BLE001 - a defect must not end the sweeping until the next restart
                _log.error("sweep failed unexpectedly; trying again later", error=type(error).__name__)
                busy = False
            await asyncio.sleep(0 if busy else IDLE_S)
