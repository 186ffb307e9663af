"""Sending bulk edits: several chunks under way, refused chunks split, everything accounted for."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from suprsend import _replies
from suprsend._async._caller import AsyncApi
from suprsend._bulk import Batch, Batcher, BulkProgress, BulkResponse, Outcome, Part, outcomes, unsent
from suprsend._errors import SuprsendError, SuprsendValidationError
from suprsend._io._pause import AsyncPause
from suprsend._io._window import AsyncWindow
from suprsend._limits import MAX_IN_FLIGHT, MAX_SPLIT_REQUESTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from types import TracebackType

    from suprsend._async._caller import AsyncCaller, AsyncConfig
    from suprsend._chunker import Chunk

logger = logging.getLogger("suprsend")

# Refusals that may be due to a single record, or to the size of the whole.
_SPLIT_STATUSES = frozenset({400, 413})


class AsyncBulkRun:
    """A bulk edit under way. Iterate over it for one Outcome per record, in input order, or take ``result()``.

    Nothing is read from the input further than the chunks under way, and memory does not grow with its length.
    Records of one user are applied in input order. If the run is interrupted (an error of the input, Ctrl-C, leaving
    the loop) the chunks under way are awaited, nothing else is sent, and ``response`` accounts for every record read.
    """

    def __init__(
        self,
        caller: AsyncCaller,
        batches: AsyncGenerator[Batch],
        leftover: Callable[[], Batch | None],
        *,
        max_in_flight: int,
        on_progress: Callable[[BulkProgress], object] | None,
        keep: int | None,
    ) -> None:
        if max_in_flight < 1:
            raise SuprsendValidationError("max_in_flight must be at least 1")
        self.response = BulkResponse(keep=keep)
        self._caller = caller
        self._batches = batches
        self._leftover = leftover
        self._window = AsyncWindow(max_in_flight)
        self._pause = AsyncPause()
        self._pending: deque[Batch] = deque()
        self._held: Batch | None = None
        self._exhausted = False
        self._on_progress = on_progress

    async def result(self) -> BulkResponse:
        """Run to the end and return the summary."""
        try:
            while await self._settle_next() is not None:
                pass
        finally:
            await self.aclose()
        self.response.settle()
        return self.response

    async def __aiter__(self) -> AsyncIterator[Outcome]:
        try:
            index = self.response.total
            while (settled := await self._settle_next()) is not None:
                batch, parts = settled
                for outcome in outcomes(batch, parts, index):
                    yield outcome
                index += len(batch)
        finally:
            await self.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the run: await what is under way, without retries, and account for what was read but not sent."""
        interrupted = len(self._pending)
        self._pause.stop()
        while self._pending:
            parts = await self._window.oldest()
            self.response.absorb(self._pending.popleft(), parts)  # on_progress may be what interrupted the run
        await self._batches.aclose()
        held, self._held, self._exhausted = self._held, None, True
        not_sent = [batch for batch in (held, self._leftover()) if batch is not None]
        for batch in not_sent:
            self.response.absorb(batch, unsent(batch))
        await self._window.aclose()
        if interrupted or not_sent:
            logger.warning(
                "bulk run interrupted: %d chunks that were under way have been awaited, %d records were not sent; %s",
                interrupted,
                sum(map(len, not_sent)),
                self.response,
            )

    async def _settle_next(self) -> tuple[Batch, list[Part]] | None:
        """Keep the window full, then wait for the oldest batch; None at the end."""
        while not self._exhausted and not self._window.full:
            batch = self._held or await self._next_batch()
            if batch is None:
                self._exhausted = True
            elif self._shares_users(batch):
                self._held = batch  # an older edit of one of these users is still under way
                break
            else:
                self._held = None
                self._window.start(self._send, batch)
                self._pending.append(batch)
        if not self._pending:
            return None
        parts: list[Part] = await self._window.oldest()
        batch = self._pending.popleft()
        self._absorb(batch, parts)
        return batch, parts

    async def _next_batch(self) -> Batch | None:
        async for batch in self._batches:
            return batch
        return None

    def _shares_users(self, batch: Batch) -> bool:
        if not self._pending or batch.chunk is None:
            return False
        users = set(batch.chunk.distinct_ids)
        return any(other.chunk and not users.isdisjoint(other.chunk.distinct_ids) for other in self._pending)

    def _absorb(self, batch: Batch, parts: list[Part]) -> None:
        self.response.absorb(batch, parts)
        if self._on_progress is not None:
            done = self.response
            self._on_progress(BulkProgress(done.total, done.success, done.failure))

    async def _send(self, batch: Batch) -> list[Part]:
        """Send the chunk of a batch; split it where it is refused, until the guilty records stand alone."""
        parts: list[Part] = []
        todo = [batch.chunk] if batch.chunk is not None else []
        requests = 0
        while todo:
            chunk = todo.pop()
            part = await self._post(chunk)
            requests += 1
            if part.status_code in _SPLIT_STATUSES and len(chunk) > 1 and requests < MAX_SPLIT_REQUESTS:
                first, second = chunk.halves()
                todo += (second, first)
            else:
                parts.append(part)
        return parts

    async def _post(self, chunk: Chunk) -> Part:
        try:
            response = await self._caller.call_events(chunk.body, self._pause)
        except SuprsendError as error:
            return Part(chunk, *_replies.failure(error))
        return Part(chunk, response.status_code, None)


class AsyncBulkUsersEdit(AsyncApi):
    """Collects edits of many users and sends them in as few requests as the limits allow.

    There is no limit on the number of records. An edit is encoded when it is appended: what is done to it later does
    not change what is sent.
    """

    def __init__(self, config: AsyncConfig) -> None:
        super().__init__(config)
        self.response = BulkResponse()
        self._batcher = Batcher(strict=config.strict)
        self._batches: deque[Batch] = deque()

    @property
    def chunks(self) -> list[Chunk]:
        """The full chunks that wait for ``save``."""
        return [batch.chunk for batch in self._batches if batch.chunk is not None]

    def append(self, *users: Any) -> None:
        """Add edits.

        Raises:
            InputValueError: an argument is no UserEdit; or, in strict mode, an edit is too large or has no JSON form.
        """
        for edit in users:
            batch = self._batcher.add(edit)
            if batch is not None:
                self._batches.append(batch)

    async def save(self) -> BulkResponse:
        """Send what was appended since the last ``save`` and return what became of it; never raises for a refusal."""
        last = self._batcher.flush()
        if last is not None:
            self._batches.append(last)
        run = AsyncBulkRun(
            self._caller,
            self._take(),
            lambda: None,  # what was not sent stays here for the next save
            max_in_flight=MAX_IN_FLIGHT,
            on_progress=None,
            keep=None,
        )
        self.response = run.response
        return await run.result()

    async def _take(self) -> AsyncGenerator[Batch]:
        while self._batches:
            yield self._batches.popleft()
