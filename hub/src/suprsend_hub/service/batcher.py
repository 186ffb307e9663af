"""Group commit: edits that arrive while a transaction is under way form the next one.

A request waits for nobody when a lane is free. The queue is bounded, so a hub that gets more than its database takes
says so at once instead of growing; workspaces take turns, so one cannot starve another.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.edits import Edit, Outcome, RejectedRecord

Apply = Callable[[Sequence[Edit], Sequence[RejectedRecord]], Awaitable[list[Outcome]]]


@dataclass(frozen=True, slots=True)
class BatcherLimits:
    """Sizes of the batcher; counts are of edits, bytes are of request bodies."""

    lanes: int = 2
    """Transactions under way at once in one process."""
    max_batch_edits: int = 800
    """Two full bulk requests: larger batches measured no faster, and hold their locks longer."""
    max_batch_bytes: int = 4 * 1024 * 1024
    max_queued_edits: int = 20_000
    max_queued_bytes: int = 64 * 1024 * 1024
    database_patience_s: float = 15.0
    """How long a batch is tried again while the database does not answer, before its callers get 503."""


@dataclass(slots=True)
class _Request:
    edits: Sequence[Edit]
    rejects: Sequence[RejectedRecord]
    size_bytes: int
    future: "asyncio.Future[list[Outcome]]" = field(repr=False)

    @property
    def weight(self) -> int:
        return max(1, len(self.edits) + len(self.rejects))


class Batcher:
    """Collects write requests and applies them in shared transactions. Start before use, stop to drain."""

    def __init__(self, apply: Apply, limits: BatcherLimits | None = None) -> None:
        self._apply = apply
        self._limits = limits or BatcherLimits()
        self._queues: OrderedDict[int, deque[_Request]] = OrderedDict()
        self._queued_edits = 0
        self._queued_bytes = 0
        self._arrived = asyncio.Condition()
        self._lanes: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        """Start the lanes on the running loop."""
        self._stopping = False
        self._lanes = [asyncio.create_task(self._lane(), name=f"batcher-{n}") for n in range(self._limits.lanes)]

    async def stop(self) -> None:
        """Refuse new requests, apply all that is queued, and end the lanes."""
        self._stopping = True
        async with self._arrived:
            self._arrived.notify_all()
        await asyncio.gather(*self._lanes)
        self._lanes = []

    async def submit(
        self, workspace_id: int, edits: Sequence[Edit], rejects: Sequence[RejectedRecord] = (), *, size_bytes: int = 0
    ) -> list[Outcome]:
        """Apply the edits of one request, in order, all in one transaction with whatever else waits.

        Returns one outcome per edit. Raises Unavailable when the queue is full or the database stays away.
        """
        if self._stopping:
            raise Unavailable("the hub is stopping; try again in a moment", code="stopping", retry_after_s=1)
        request = _Request(edits, rejects, size_bytes, asyncio.get_running_loop().create_future())
        if self._queued_edits and (
            self._queued_edits + request.weight > self._limits.max_queued_edits
            or self._queued_bytes + size_bytes > self._limits.max_queued_bytes
        ):
            raise Unavailable(
                "more edits arrive than the database takes; slow down", code="overloaded", retry_after_s=1
            )
        self._queues.setdefault(workspace_id, deque()).append(request)
        self._queued_edits += request.weight
        self._queued_bytes += size_bytes
        async with self._arrived:
            self._arrived.notify()
        return await request.future

    @property
    def queued_edits(self) -> int:
        """Edits that wait for a lane."""
        return self._queued_edits

    async def _lane(self) -> None:
        while True:
            async with self._arrived:
                await self._arrived.wait_for(lambda: bool(self._queues) or self._stopping)
            batch = self._take()
            if batch:
                await self._run(batch)
            elif self._stopping:
                return

    def _take(self) -> list[_Request]:
        """The next batch: one request of each workspace in turn, until it is full or nothing waits."""
        batch: list[_Request] = []
        edits = size = 0
        while self._queues:
            workspace_id, queue = next(iter(self._queues.items()))
            request = queue[0]
            if batch and (
                edits + request.weight > self._limits.max_batch_edits
                or size + request.size_bytes > self._limits.max_batch_bytes
            ):
                break
            queue.popleft()
            if queue:
                self._queues.move_to_end(workspace_id)
            else:
                del self._queues[workspace_id]
            edits += request.weight
            size += request.size_bytes
            batch.append(request)
        self._queued_edits -= edits
        self._queued_bytes -= size
        return batch

    async def _run(self, batch: Sequence[_Request]) -> None:
        """Apply a batch; if it fails for another reason than the database's absence, apply its requests one by one.

        So a request that the database cannot take fails alone and not with its neighbours.
        """
        try:
            outcomes = await self._patiently(
                [edit for request in batch for edit in request.edits],
                [reject for request in batch for reject in request.rejects],
            )
        except Exception as error:  # noqa: BLE001 - handed to the callers, whatever it is
            if len(batch) > 1 and not isinstance(error, Unavailable):
                for request in batch:
                    await self._run([request])
                return
            for request in batch:
                if not request.future.done():
                    request.future.set_exception(error)
            return
        start = 0
        for request in batch:
            end = start + len(request.edits)
            if not request.future.done():
                request.future.set_result(outcomes[start:end])
            start = end

    async def _patiently(self, edits: Sequence[Edit], rejects: Sequence[RejectedRecord]) -> list[Outcome]:
        """Apply, and try again while the database is away: safe, since an edit whose key is known changes nothing."""
        deadline = asyncio.get_running_loop().time() + self._limits.database_patience_s
        pause_s = 0.1
        while True:
            try:
                return await self._apply(edits, rejects)
            except Unavailable:
                if asyncio.get_running_loop().time() + pause_s > deadline:
                    raise
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 2.0)
