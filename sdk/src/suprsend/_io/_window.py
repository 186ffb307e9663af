"""Several calls in flight, which are settled in the order of their start."""

from __future__ import annotations

import _thread
import sys
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")


class AsyncWindow(Generic[T]):
    """Up to ``size`` calls under way at the same time, one for each item."""

    def __init__(self, size: int, call: Callable[[T], Awaitable[None]]) -> None:
        self._size = size
        self._call = call
        self._entries: deque[tuple[T, asyncio.Future[None]]] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return iter([item for item, _ in self._entries])

    @property
    def full(self) -> bool:
        """Tell whether a call must be settled before the next start."""
        return len(self._entries) >= self._size

    def start(self, item: T) -> None:
        """Start the call for an item."""
        import asyncio

        self._entries.append((item, asyncio.ensure_future(self._call(item))))

    async def oldest(self) -> tuple[T, BaseException | None]:
        """Wait for the call that was started first; return its item, and what it raised.

        If the waiting is interrupted, nothing is lost: the call continues and you can wait for it again.
        """
        import asyncio

        item, future = self._entries[0]
        await asyncio.wait([future])
        return item, asyncio.CancelledError() if future.cancelled() else future.exception()

    def settle(self) -> None:
        """Forget the call that was started first."""
        self._entries.popleft()

    async def aclose(self) -> None:
        """Release the resources of the calls, which are all settled."""


class Window(Generic[T]):
    """Up to ``size`` calls under way at the same time, one for each item, in as many threads."""

    def __init__(self, size: int, call: Callable[[T], None]) -> None:
        self._size = size
        self._call = call
        self._entries: deque[_Entry[T]] = deque()
        self._work: SimpleQueue[_Entry[T] | None] = SimpleQueue()
        self._workers = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return iter([entry.item for entry in self._entries])

    @property
    def full(self) -> bool:
        """Tell whether a call must be settled before the next start."""
        return len(self._entries) >= self._size

    def start(self, item: T) -> None:
        """Start the call for an item, in this thread if no other can be started."""
        entry = _Entry(self._call, item)
        self._entries.append(entry)  # first, so that the item is counted even if the rest is interrupted
        self._work.put(entry)
        if self._workers < sum(not other.ended for other in self._entries):  # all threads are busy
            self._start_worker()
        if not self._workers:
            entry.run()
        entry.started = True

    def _start_worker(self) -> None:
        # Neither a thread pool, which refuses work as soon as the main thread has ended, nor threading.Thread, whose
        # start breaks when a signal handler raises in it.
        if sys.is_finalizing():  # Python 3.11 would start a thread that never runs
            return
        try:
            _thread.start_new_thread(_run_all, (self._work,))
        except RuntimeError:  # the interpreter is about to end, or the process has no thread left
            return
        self._workers += 1

    def oldest(self) -> tuple[T, BaseException | None]:
        """Wait for the call that was started first; return its item, and what it raised.

        If the waiting is interrupted, nothing is lost: the call continues and you can wait for it again. When the
        interpreter ends, a call that a thread has begun never ends, and nothing waits for it.
        """
        entry = self._entries[0]
        ending = sys.is_finalizing()  # then other threads stay where they are, for ever
        if ending or not entry.started:  # or the start was interrupted, perhaps before there was a thread
            entry.run()
        if not ending:
            entry.wait()
        return entry.item, entry.error

    def settle(self) -> None:
        """Forget the call that was started first."""
        self._entries.popleft()

    def close(self) -> None:
        """End the threads; all calls are settled."""
        for _ in range(self._workers + 1):  # one more, in case of an interruption between a start and its count
            self._work.put(None)
        self._workers = 0


def _run_all(work: SimpleQueue[_Entry[T] | None]) -> None:
    while (entry := work.get()) is not None:
        entry.run()
        del entry  # otherwise it would be kept during the wait for the next one


class _Entry(Generic[T]):
    """One call, which runs only once."""

    __slots__ = ("_call", "_running", "_ticket", "ended", "error", "item", "started")

    def __init__(self, call: Callable[[T], None], item: T) -> None:
        self._call = call
        self._ticket = [True]
        self.ended = False
        self._running = _thread.allocate_lock()
        self._running.acquire()
        self.item = item
        self.started = False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Make the call, unless it has started already."""
        try:
            self._ticket.pop()  # atomic
        except IndexError:
            return
        try:
            self._call(self.item)
        except BaseException as error:  # noqa: BLE001  # handed over to the thread that waits
            self.error = error
        finally:
            self.ended = True
            self._running.release()

    def wait(self) -> None:
        """Wait for the end of the call, in one thread."""
        if not self.ended:
            self._running.acquire()  # it is only released when the call has ended, and not needed afterwards
