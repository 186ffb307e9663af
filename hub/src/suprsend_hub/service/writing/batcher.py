"""Group commit: edits that arrive while a transaction runs form the next one.

If a lane is free, a request does not wait. The queue is bounded, so a hub that receives more than its database can
write rejects requests at once instead of growing. Workspaces take turns, so none can starve another.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.writing.edit import Edit, Outcome, RejectedRecord
from suprsend_hub.service.writing.queue import FairQueue
from suprsend_hub.service.writing.rate_limits import RateLimits
from suprsend_hub.service.writing.work_costs import WorkCosts
from suprsend_hub.service.writing.writer import Applies
from suprsend_hub.store.outage import LOGGED_BY_DATABASE

_log = structlog.get_logger("suprsend_hub.batcher")


@dataclass(frozen=True, slots=True)
class BatcherLimits:
    """Sizes of the batcher; counts are of edits, bytes are of request bodies."""

    lanes: int = 3
    """Concurrent transactions of one process."""
    max_batch_edits: int = 400
    """Two full bulk requests. Larger batches were not faster in measurements, and hold their locks longer."""
    max_batch_bytes: int = 4 * 1024 * 1024
    max_batch_work: int = 8 * 1024 * 1024
    """Units of work (`domain.work`) as expected from the workspace's latest edits. A request that costs more gets a
    batch of its own, so that those of other workspaces do not wait for it."""
    max_queued_edits: int = 20_000
    max_queued_bytes: int = 64 * 1024 * 1024
    max_wait_s: float = 15.0
    """How long a request may wait for a lane before it gets 503; much shorter than clients wait before resending."""
    database_patience_s: float = 15.0
    """How long a batch is retried while the database does not answer, before its callers get 503."""


class _Request(msgspec.Struct, eq=False):
    workspace_id: int
    edits: Sequence[Edit]
    rejects: Sequence[RejectedRecord]
    weight: int
    size_bytes: int
    work: float
    arrived_at: float
    future: "asyncio.Future[list[Outcome]]"

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Batcher:
    """Collects write requests and applies them in shared transactions. Start before use, stop to drain."""

    def __init__(
        self, writer: Applies, limits: BatcherLimits | None = None, *, rate_limits: RateLimits | None = None
    ) -> None:
        self._writer = writer
        self._rate_limits = rate_limits
        self._limits = limits or BatcherLimits()
        self._queue = FairQueue[_Request](
            max_edits=self._limits.max_queued_edits, max_bytes=self._limits.max_queued_bytes
        )
        self._work = asyncio.Event()  # set while something waits, and for good when stopping
        self._lanes: list[asyncio.Task[None]] = []
        self._stopping = False
        self._outage = _Outage()
        self._costs = WorkCosts()

    def start(self) -> None:
        """Start the lanes on the running loop."""
        self._stopping = False
        self._work = asyncio.Event()
        self._lanes = [asyncio.create_task(self._lane(), name=f"batcher-{n}") for n in range(self._limits.lanes)]

    async def stop(self) -> None:
        """Reject new requests, apply the queued ones without waiting for an absent database, and end the lanes."""
        self._stopping = True
        self._work.set()
        await asyncio.gather(*self._lanes)
        self._lanes = []

    async def submit(
        self, workspace_id: int, edits: Sequence[Edit], rejects: Sequence[RejectedRecord] = (), *, size_bytes: int = 0
    ) -> list[Outcome]:
        """Apply the edits of one request, in order, in one transaction together with other waiting requests.

        Returns one outcome per edit. Raises Unavailable if the queue is full or the database stays away, RateLimited
        if the workspace exceeds its own limit. A caller that is cancelled withdraws its waiting request; if its
        transaction has already started, the edits are applied all the same.
        """
        if self._stopping:
            raise Unavailable(
                "this hub process is stopping; send the request again in a moment", code=Code.STOPPING, retry_after_s=1
            )
        loop = asyncio.get_running_loop()
        weight = max(1, len(edits) + len(rejects))
        work = weight * self._costs.of(workspace_id)
        request = _Request(workspace_id, edits, rejects, weight, size_bytes, work, loop.time(), loop.create_future())
        if self._rate_limits is not None:
            self._rate_limits.admit(workspace_id, weight)
        pushed_out = self._queue.offer(workspace_id, request)
        if pushed_out is None:
            self._refuse(request)
        for other in pushed_out or ():
            self._refuse(other)
        self._work.set()
        try:
            return await request.future
        except asyncio.CancelledError:
            if self._queue.withdraw(workspace_id, request):
                self._give_back(request)
            raise

    def _refuse(self, request: _Request) -> None:
        """Answer a request that does not get into a batch."""
        self._give_back(request)
        message = "edits arrive faster than the database can write them; send more slowly"
        request.fail(Unavailable(message, code=Code.OVERLOADED, retry_after_s=1))

    def _give_back(self, request: _Request) -> None:
        """Give back the rate limit of edits that were not applied."""
        if self._rate_limits is not None:
            self._rate_limits.give_back(request.workspace_id, request.weight)

    def _is_wanted(self, oldest: float, request: _Request) -> bool:
        """Tell whether a request is still wanted; answer one that arrived before `oldest`."""
        if request.future.done():
            return False
        if request.arrived_at < oldest:
            self._refuse(request)
            return False
        return True

    @property
    def queued_edits(self) -> int:
        """Return the number of edits that wait for a lane."""
        return self._queue.edits

    @property
    def trouble(self) -> Unavailable | None:
        """Return why the latest batch could not be applied; None if it was applied or there was none."""
        return self._outage.error

    async def _lane(self) -> None:
        while True:
            await self._work.wait()
            oldest = asyncio.get_running_loop().time() - self._limits.max_wait_s
            batch = self._queue.take(
                max_edits=self._limits.max_batch_edits,
                max_bytes=self._limits.max_batch_bytes,
                max_work=self._limits.max_batch_work,
                wanted=partial(self._is_wanted, oldest),
            )
            if not self._queue and not self._stopping:
                self._work.clear()
            if batch:
                await self._run(batch)
            elif self._stopping:
                return

    async def _run(self, batch: Sequence[_Request]) -> None:
        """Apply a batch; if it fails for another reason than the database's absence, apply its requests one by one.

        A request that the database cannot accept then fails alone, without its neighbours.
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
                request.fail(error)
            return
        except asyncio.CancelledError:  # the loop is being torn down: no request may be left without an answer
            for request in batch:
                request.future.cancel()
            raise
        start = 0
        for request in batch:
            end = start + len(request.edits)
            mine = outcomes[start:end]
            if mine:
                self._costs.learn(request.workspace_id, mine)
            if not request.future.done():
                request.future.set_result(mine)
            start = end

    async def _patiently(self, edits: Sequence[Edit], rejects: Sequence[RejectedRecord]) -> list[Outcome]:
        """Apply, and retry while the database is away, which is safe because an edit with a known key changes nothing.

        Patience counts from the beginning of an outage. If later requests waited as long again, a long outage would
        pile up requests whose clients have given up.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        pause_s = 0.1
        while True:
            try:
                outcomes = await self._writer.apply(edits, rejects)
            except Unavailable as error:
                since = min(started, self._outage.note(error, loop.time(), self._limits.database_patience_s))
                if self._stopping or loop.time() + pause_s > since + self._limits.database_patience_s:
                    raise
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 2.0)
            else:
                self._outage.end(loop.time())
                return outcomes


class _Outage:
    """Since when the database has not accepted edits, and why. Its beginning and its end are logged."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._latest = 0.0
        self._logged_since: float | None = None
        self.error: Unavailable | None = None

    def note(self, error: Unavailable, now: float, lapse_s: float) -> float:
        """Note a failed batch; return since when to count. A failure after `lapse_s` without one starts it again."""
        if self._since is None or now - self._latest > lapse_s:
            self._since = now
        is_new = self.error is None or self.error.code != error.code
        if is_new and error.code not in LOGGED_BY_DATABASE:
            self._logged_since = self._since if self._logged_since is None else self._logged_since
            _log.warning("edits cannot be written; retrying", code=error.code, reason=error.for_operator)
        self._latest = now
        self.error = error
        return self._since

    def end(self, now: float) -> None:
        """Note that a batch was applied."""
        if self._logged_since is not None:
            _log.warning("edits can be written again", after_s=round(now - self._logged_since, 1))
        self._since = self._logged_since = self.error = None
