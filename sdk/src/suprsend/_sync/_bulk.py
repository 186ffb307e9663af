# Generated from _async/_bulk.py by tools/make_sync.py. Change that file, then run the tool.
"""Send bulk edits: keep several chunks in flight, split refused chunks, account for every record."""

from __future__ import annotations

import logging
import warnings
from collections import deque
from typing import TYPE_CHECKING, Self

from suprsend import _replies
from suprsend._batches import Batch, Batcher, Delivery
from suprsend._bulk import NOT_SENT, UNANSWERED, BulkProgress, BulkResponse, Outcome, absorb, outcomes, set_status
from suprsend._errors import SuprsendError, SuprsendValidationError
from suprsend._io._iteration import groups
from suprsend._io._pause import Pause
from suprsend._io._stack import guarded
from suprsend._io._window import Window
from suprsend._limits import MAX_IN_FLIGHT
from suprsend._sync._caller import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import TracebackType

    from suprsend._chunker import Chunk
    from suprsend._edits import UserEdit
    from suprsend._refusals import Receipt
    from suprsend._sync._caller import Caller, Config

logger = logging.getLogger("suprsend")


class BulkRun:
    """A bulk edit in progress. Iterate over it to get an Outcome for each record, or call ``result()``.

    Outcomes come in the order of the input. The input is read no further than the requests in flight need, and memory
    does not grow with its length. Edits of the same user are applied in the order of the input.

    If the run ends early, because the input raises, on Ctrl-C or on cancellation, it waits for the requests in flight
    and sends nothing else. ``response`` then accounts for every record that was read. To leave the loop early with the
    same effect, put it into ``with``, or call ``close``.

    Attributes:
        response: summary of the records settled so far.
        settled_batches: number of batches that ``response`` accounts for.
    """

    _open = False  # iterated over, but not closed

    def __init__(
        self,
        caller: Caller,
        batches: Generator[Batch],
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
        self._window: Window[Delivery] = Window(max_in_flight, self._send)
        self._pause = Pause()
        self._held: Batch | None = None
        self._exhausted = False
        self.settled_batches = 0
        self._on_progress = on_progress
        self._keep = keep
        self._strict = strict

    @guarded
    def result(self) -> BulkResponse:
        """Run to the end and return the summary."""
        try:
            while self._settle_next() is not None:
                pass
        finally:
            self.close()
        return self.response

    def __iter__(self) -> Iterator[Outcome]:
        return groups(self._next_outcomes, self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._open:
            text = (
                f"bulk run was not closed; put the loop into a with block ({self.response} lacks the records in flight)"
            )
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)

    def close(self) -> None:
        """End the run: wait for the requests in flight, without retries, and account for records that were not sent."""
        self._open, self._exhausted = False, True
        self._pause.stop()
        interrupted = len(self._window)
        while len(self._window):
            self._settle_oldest()
        self._window.close()
        try:
            self._batches.close()
        finally:
            not_sent = self._account_for_unsent()
        if interrupted or not_sent:
            logger.warning(
                "bulk run interrupted: waited for %d requests in flight, %d records were not sent; %s",
                interrupted,
                not_sent,
                self.response,
            )

    def _next_outcomes(self) -> Iterator[Outcome] | None:
        """Return the outcomes of the next batch; None at the end."""
        self._open, first_index = True, self.response.total
        delivery = self._settle_next()
        return None if delivery is None else outcomes(delivery, first_index)

    def _settle_next(self) -> Delivery | None:
        """Keep the window full, then wait for the oldest batch; None at the end."""
        while not self._exhausted and not self._window.full:
            if self._held is None:
                self._held = next(self._batches, None)
            if self._held is None:
                self._exhausted = True
            elif self._shares_users(self._held):
                break  # an earlier edit of one of these users is still in flight
            else:
                self._window.start(Delivery(self._held, strict=self._strict))
                self._held = None
        if not len(self._window):
            return None
        delivery, error = self._settle_oldest()
        if error is not None and not isinstance(error, Exception):
            raise error
        if self._on_progress is not None:
            done = self.response
            self._on_progress(BulkProgress(done.total, done.success, done.failure))
        return delivery

    def _settle_oldest(self) -> tuple[Delivery, BaseException | None]:
        """Wait for the oldest batch, account for it, and return it with what its sending raised, if anything."""
        delivery, error = self._window.oldest()
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

    def _send(self, delivery: Delivery) -> None:
        while (chunk := delivery.next) is not None:
            delivery.answer(*self._post(chunk))

    def _post(self, chunk: Chunk) -> tuple[int, str | None, Receipt | None]:
        """Send a chunk; return status and error text, or the receipt, instead of raising."""
        try:
            receipt = self._caller.call_events(chunk.body, self._pause)
        except SuprsendError as error:
            return *_replies.failure(error), None
        except Exception as error:
            logger.exception("sending a chunk failed")
            return _replies.LOCAL_FAILURE, f"{type(error).__name__}: {error}", None
        return receipt.response.status_code, None, receipt


class BulkUsersEdit(Api):
    """A collector for edits of many users, which sends them in as few requests as possible.

    There is no limit on the number of edits. An edit is encoded when you append it, so later changes to it have no
    effect on what is sent.
    """

    def __init__(self, config: Config) -> None:
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

    def save(self) -> BulkResponse:
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
            run = BulkRun(
                self._caller,
                _each(taken),
                None,
                max_in_flight=MAX_IN_FLIGHT,
                on_progress=None,
                keep=None,
                strict=self.config.strict,
            )
            self.response = run.response
            return run.result()
        finally:
            settled = 0 if run is None else run.settled_batches  # the run takes them in order
            self._batches.extendleft(reversed([*taken][settled:]))


def _each(batches: deque[Batch]) -> Generator[Batch]:
    for batch in tuple(batches):
        yield batch
