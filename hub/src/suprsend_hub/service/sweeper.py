"""Clean up in the background what deletions leave behind, because it may be millions of rows.

No actor is recorded here: the deletions themselves are in the audit log, and nobody sees what they left behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from suprsend_hub.domain.errors import DomainError
from suprsend_hub.store.outage import LOGGED_BY_DATABASE, OutageLog

IDLE_S = 5.0
"""Seconds between checks while there is nothing to do. A check is one indexed read of an empty table."""

Step: TypeAlias = Callable[[], Awaitable[bool]]
"""Removes a little in its own transaction; returns False if there was nothing to remove."""


class Sweeper:
    """Sweep in small steps while the hub runs. Several hubs share the work."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = [(step, OutageLog("background cleanup")) for step in steps]
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
            busy = [await _take(step, outage) for step, outage in self._steps]
            await asyncio.sleep(0 if any(busy) else IDLE_S)


async def _take(step: Step, outage: OutageLog) -> bool:
    try:
        is_busy = await step()
    except DomainError as error:
        if error.code not in LOGGED_BY_DATABASE:
            outage.note(error.code, error.for_operator)
    except Exception as error:  # noqa: BLE001 - a defect must not end the sweeping until the next restart
        outage.note("unexpected", type(error).__name__)
    else:
        outage.end()
        return is_busy
    return False
