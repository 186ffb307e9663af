"""Clean up in the background what deletions leave behind, because it may be millions of rows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog

from suprsend_hub.domain.errors import DomainError

IDLE_S = 5.0
"""Seconds between checks while there is nothing to do. A check is one indexed read of an empty table."""

Step: TypeAlias = Callable[[], Awaitable[bool]]
"""Removes a little in its own transaction; returns False if there was nothing to remove."""

_log = structlog.get_logger("suprsend_hub.sweeper")


class Sweeper:
    """Sweep in small steps while the hub runs. Several hubs share the work."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start sweeping on the running loop."""
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def stop(self) -> None:
        """Stop sweeping. A step in progress is rolled back; a later run repeats it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            busy = [await _take(step) for step in self._steps]
            await asyncio.sleep(0 if any(busy) else IDLE_S)


async def _take(step: Step) -> bool:
    try:
        return await step()
    except DomainError as error:
        _log.warning("sweep failed; trying again later", error=error.code)
    except Exception as error:  # noqa: BLE001 - a defect must not end the sweeping until the next restart
        _log.error("sweep failed unexpectedly; trying again later", error=type(error).__name__)
    return False
