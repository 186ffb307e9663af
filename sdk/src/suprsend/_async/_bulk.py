"""Send bulk edits: keep several chunks in flight, split refused chunks, account for every record."""

from __future__ import annotations

import logging
import warnings
from collections import deque
from typing import TYPE_CHECKING, Self

from suprsend import _replies
from suprsend._async._caller import AsyncApi
from suprsend._batches import Batch, Batcher, Delivery
from suprsend._bulk import NOT_SENT, UNANSWERED, BulkProgress, BulkResponse, Outcome, absorb, outcomes, set_status
from suprsend._errors import SuprsendError, SuprsendValidationError
from suprsend._io._iteration import async_groups
from suprsend._io._pause import AsyncPause
from suprsend._io._stack import guarded
from suprsend._io._window import AsyncWindow
from suprsend._limits import MAX_IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
    from types import TracebackType

    from suprsend._async._caller import AsyncCaller, AsyncConfig
    from suprsend._chunker import Chunk
    from suprsend._edits import UserEdit
    from suprsend._refusals import Receipt

logger = logging.getLogger("suprsend")


class AsyncBulkRun:
    """A bulk edit in progress. Iterate over it to get an Outcome for each record, or call ``result()``.

    Outcomes come in the order of the input. The input is read no further than the requests in flight need, and memory
    does not grow with its length. Edits of the same user are applied in the order of the input.

    If the run ends early, because the input raises, on Ctrl-C or on cancellation, it waits for the requests in flight
    and sends nothing else. ``response`` then accounts for every record that was read. To leave the loop early with the
    same effect, put it into ``async with``, or call ``aclose``.

    Attributes:
        response: summary of the records settled so far.
        settled_batches: number of batches that ``response`` accounts for.
    """

    _open = False  # iterated over, but not closed

    def __init__(
        self,
        caller: AsyncCaller,
        batches: AsyncGenerator[Batch],
        leftover: Callable[[], Batch | None] | None,
        *,
        max_in_flight: int,
        on_progress: Callable[[BulkProgress], object] | None,
        keep: int | None,
        strict: bool,
    ) -> None:
        if not isinstance(max_in_flight, int) or max_in_flight < 1:
            raise SuprsendValidationError("max_in_flight must be an integer of at least 1")
        self.response = BulkResponse()
        self._caller = caller
        self._batches = batches
        self._leftover = leftover  # None: what is not sent stays with the caller
        self._window: AsyncWindow[Delivery] = AsyncWindow(max_in_flight, self._send)
        self._pause = AsyncPause()
        self._held: Batch | None = None
        self._exhausted = False
        self.settled_batches = 0
        self._on_progress = on_progress
        self._keep = keep
        self._strict = strict

    @guarded
    async def result(self) -> BulkResponse:
        """Run to the end and return the summary."""
        try:
            while await self._settle_next() is not None:
                pass
        finally:
            await self.aclose()
        return self.response

    def __aiter__(self) -> AsyncIterator[Outcome]:
        return async_groups(self._next_outcomes, self.aclose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if self._open:
            text = (
                f"bulk run was not closed; put the loop into a with block ({self.response} lacks the records in flight)"
            )
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)

    async def aclose(self) -> None:
        """End the run: wait for the requests in flight, without retries, and account for records that were not sent."""
        self._open, self._exhausted = False, True
        self._pause.stop()
        interrupted = len(self._window)
        while len(self._window):
            await self._settle_oldest()
        await self._window.aclose()
        try:
            await self._batches.aclose()
        finally:
            not_sent = self._account_for_unsent()
        if interrupted or not_sent:
            logger.warning(
                "bulk run interrupted: waited for %d requests in flight, %d records were not sent; %s",
                interrupted,
                not_sent,
                self.response,
            )

    async def _next_outcomes(self) -> Iterator[Outcome] | None:
        """Return the outcomes of the next batch; None at the end."""
        self._open, first_index = True, self.response.total
        delivery = await self._settle_next()
        return None if delivery is None else outcomes(delivery, first_index)

    async def _settle_next(self) -> Delivery | None:
        """Keep the window full, then wait for the oldest batch; None at the end."""
        while not self._exhausted and not self._window.full:
            if self._held is None:
                self._held = await anext(self._batches, None)
            if self._held is None:
                self._exhausted = True
            elif self._shares_users(self._held):
                break  # an earlier edit of one of these users is still in flight
            else:
                self._window.start(Delivery(self._held, strict=self._strict))
                self._held = None
        if not len(self._window):
            return None
        delivery, error = await self._settle_oldest()
        if error is not None and not isinstance(error, Exception):
            raise error
        if self._on_progress is not None:
            done = self.response
            self._on_progress(BulkProgress(done.total, done.success, done.failure))
        return delivery

    async def _settle_oldest(self) -> tuple[Delivery, BaseException | None]:
        """Wait for the oldest batch, account for it, and return it with what its sending raised, if anything."""
        delivery, error = await self._window.oldest()
        if delivery.batch is self._held:  # interrupted right after its start
            self._held = None
        self._account(delivery, UNANSWERED)
        self._window.settle()
        return delivery, error

    def _account_for_unsent(self) -> int:
        """Mark records that were read but not sent as failed, unless the caller keeps them; return their number."""
        unsent = 0
        if self._leftover is not None:
            for batch in (self._held, self._leftover()):
                if batch is not None:
                    unsent += len(batch)
                    self._account(Delivery(batch), NOT_SENT)
        self._held = None
        set_status(self.response)
        return unsent

    def _account(self, delivery: Delivery, unanswered: str) -> None:
        delivery.give_up(unanswered)
        absorb(self.response, delivery, self._keep)
        self.settled_batches += 1

    def _shares_users(self, batch: Batch) -> bool:
        if not len(self._window) or batch.chunk is None:
            return False
        users = set(batch.chunk.distinct_ids)
        under_way = [delivery.batch.chunk for delivery in self._window]
        return any(chunk and not users.isdisjoint(chunk.distinct_ids) for chunk in under_way)

    async def _send(self, delivery: Delivery) -> None:
        while (chunk := delivery.next) is not None:
            delivery.answer(*await self._post(chunk))

    async def _post(self, chunk: Chunk) -> tuple[int, str | None, Receipt | None]:
        """Send a chunk; return status and error text, or the receipt, instead of raising."""
        try:
            receipt = await self._caller.call_events(chunk.body, self._pause)
        except SuprsendError as error:
            return *_replies.failure(error), None
        except Exception as error:
            logger.exception("sending a chunk failed")
            return _replies.LOCAL_FAILURE, f"{type(error).__name__}: {error}", None
        return receipt.response.status_code, None, receipt


class AsyncBulkUsersEdit(AsyncApi):
    """A collector for edits of many users, which sends them in as few requests as possible.

    There is no limit on the number of edits. An edit is encoded when you append it, so later changes to it have no
    effect on what is sent.
    """

    def __init__(self, config: AsyncConfig) -> None:
        super().__init__(config)
        self.response = BulkResponse()
        self._batcher = Batcher(strict=config.strict)
        self._batches: deque[Batch] = deque()

    @property
    def chunks(self) -> list[Chunk]:
        """Return the full chunks that wait for ``save``."""
        return [batch.chunk for batch in self._batches if batch.chunk is not None]

    def append(self, *users: UserEdit) -> None:
        """Add edits.

        Raises:
            InputValueError: an argument is not a UserEdit, or (strict mode) an edit is too large or has no JSON form.
        """
        for edit in users:
            batch = self._batcher.add(edit)
            if batch is not None:
                self._batches.append(batch)

    async def save(self) -> BulkResponse:
        """Send the edits appended since the last ``save``, and return the result.

        A request that fails does not raise: its records are in ``failed_records``, and so are edits of which the hub
        refused everything or, in strict mode, anything. If something else interrupts the call, such as Ctrl-C,
        ``response`` accounts for the records that were sent, and the others stay for the next ``save``.
        """
        last = self._batcher.flush()
        if last is not None:
            self._batches.append(last)
        run, fresh = None, deque[Batch]()
        taken, self._batches = self._batches, fresh  # in one step: another thread may save or append
        try:
            run = AsyncBulkRun(
                self._caller,
                _each(taken),
                None,
                max_in_flight=MAX_IN_FLIGHT,
                on_progress=None,
                keep=None,
                strict=self.config.strict,
            )
            self.response = run.response
            return await run.result()
        finally:
            settled = 0 if run is None else run.settled_batches  # the run takes them in order
            self._batches.extendleft(reversed([*taken][settled:]))


async def _each(batches: deque[Batch]) -> AsyncGenerator[Batch]:
    for batch in tuple(batches):
        yield batch
