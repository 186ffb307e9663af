"""Several calls under way, whose results are taken in the order of their start."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")
R = TypeVar("R")


class AsyncWindow:
    """Up to ``size`` calls under way at the same time, whose results are taken in the order of their start."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tasks: deque[asyncio.Task[Any]] = deque()

    @property
    def full(self) -> bool:
        """Whether a result must be taken before the next start."""
        return len(self._tasks) >= self._size

    def start(self, call: Callable[[T], Awaitable[R]], argument: T) -> None:
        """Start a call."""
        import asyncio

        self._tasks.append(asyncio.ensure_future(call(argument)))

    async def oldest(self) -> Any:
        """Wait for the call that was started first and return its result; if interrupted, it can be taken later."""
        import asyncio

        result = await asyncio.shield(self._tasks[0])
        self._tasks.popleft()
        return result

    async def aclose(self) -> None:
        """Nothing to give back."""


class Window:
    """Up to ``size`` calls under way at the same time, whose results are taken in the order of their start."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._futures: deque[Future[Any]] = deque()
        self._executor: ThreadPoolExecutor | None = None

    @property
    def full(self) -> bool:
        """Whether a result must be taken before the next start."""
        return len(self._futures) >= self._size

    def start(self, call: Callable[[T], R], argument: T) -> None:
        """Start a call in a thread."""
        if self._executor is None:
            from concurrent.futures import (
                ThreadPoolExecutor,
            )  # late: a client that never sends in bulk needs no threads

            self._executor = ThreadPoolExecutor(self._size, thread_name_prefix="suprsend-bulk")
        self._futures.append(self._executor.submit(call, argument))

    def oldest(self) -> Any:
        """Wait for the call that was started first and return its result; if interrupted, it can be taken later."""
        result = self._futures[0].result()
        self._futures.popleft()
        return result

    def close(self) -> None:
        """End the threads."""
        if self._executor is not None:
            self._executor.shutdown(wait=True)
