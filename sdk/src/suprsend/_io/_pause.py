"""Pauses that can be ended early."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


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
        """Tell whether ``stop`` was called."""
        return self._stopped.is_set()

    def sleep(self, seconds: float) -> bool:
        """Sleep; return False if it was stopped."""
        return not self._stopped.wait(seconds)

    def stop(self) -> None:
        """Wake all sleepers, for good."""
        self._stopped.set()
