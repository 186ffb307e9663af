"""Outgoing bulk edits: encoded, cut into batches, split where the hub refuses. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suprsend._chunker import Chunk, Chunker
from suprsend._edits import UserEdit
from suprsend._errors import InputValueError
from suprsend._limits import MAX_CHUNK_RECORDS, MAX_SPLIT_REQUESTS
from suprsend._replies import LOCAL_FAILURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suprsend._refusals import Receipt, Refused
    from suprsend._types import JSONObject

# Refusals that may be caused by a single record, or by the total size.
_SPLIT_STATUSES = frozenset({400, 413})


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be sent; ``position`` counts within its batch."""

    position: int
    distinct_id: str
    error: str
    record: JSONObject


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of the input: one chunk to send, and those between its records that cannot be sent.

    Attributes:
        chunk: what to send, if anything.
        rejected: what cannot be sent.
        warnings: position within the batch -> mistakes made while building that record.
    """

    chunk: Chunk | None
    rejected: tuple[Rejected, ...] = ()
    warnings: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.chunk or ()) + len(self.rejected)


class Batcher:
    """Turns edits into batches. Encodes each edit at once, so that later changes of the edit have no effect."""

    __slots__ = ("_chunker", "_rejected", "_strict", "_warnings")

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._chunker = Chunker()
        self._rejected: list[Rejected] = []
        self._warnings: dict[int, tuple[str, ...]] = {}

    def add(self, edit: object, *, keep_refused: bool = False) -> Batch | None:
        """Add one edit; return the batch that it completed, if any.

        Args:
            edit: a UserEdit.
            keep_refused: in strict mode, keep the edit that raises among those that cannot be sent.

        Raises:
            InputValueError: it is not a UserEdit; or, in strict mode, it is too large or has no JSON form.
        """
        if not isinstance(edit, UserEdit):
            raise InputValueError(f"bulk edits take UserEdit instances, not {type(edit).__name__}")
        mistakes = edit.mistakes()
        try:
            record = edit.encode_event()
        except InputValueError as error:
            if self._strict and not keep_refused:
                raise
            full = self._reject(edit, str(error), mistakes)
            if self._strict:
                raise
            return full
        closed = self._chunker.feed(record, len(record), edit.distinct_id)
        if closed is None:
            if mistakes:
                self._warn(mistakes)
            return None
        if len(self._chunker):  # the edit did not fit any more and opened the next batch
            batch = self._close(closed)
            self._warn(mistakes)
            return batch
        self._warn(mistakes, before=len(closed))
        return self._close(closed)

    def flush(self) -> Batch | None:
        """Return what is left as a batch, or None if nothing is."""
        chunk = self._chunker.flush()
        return self._close(chunk) if chunk is not None or self._rejected else None

    def _reject(self, edit: UserEdit, error: str, mistakes: list[str]) -> Batch | None:
        position = len(self._chunker) + len(self._rejected)
        self._rejected.append(Rejected(position, edit.distinct_id, error, edit.as_json_async()))
        self._warn(mistakes)
        return self.flush() if len(self._rejected) >= MAX_CHUNK_RECORDS else None

    def _warn(self, mistakes: list[str], before: int | None = None) -> None:
        """Note the mistakes of the record taken last; ``before`` is the length of the chunk that it has just closed."""
        if mistakes:
            taken = (len(self._chunker) if before is None else before) + len(self._rejected)
            self._warnings[taken - 1] = tuple(mistakes)

    def _close(self, chunk: Chunk | None) -> Batch:
        batch = Batch(chunk, tuple(self._rejected), self._warnings)
        self._rejected, self._warnings = [], {}
        return batch


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one request: the chunk that it carried, the status, and the error text if it failed.

    If it did not, ``receipt`` says what the hub refused of the chunk's records.
    """

    chunk: Chunk
    status_code: int
    error: str | None
    receipt: Receipt | None = None

    @property
    def refused(self) -> Mapping[int, Refused]:
        """What was refused of the records, by position in the chunk."""
        return {} if self.receipt is None else self.receipt.refused

    @property
    def whole(self) -> bool:
        """Whether every record was applied in full."""
        return self.error is None and not self.refused


class Delivery:
    """A batch in flight: the answers so far, and what remains to be sent.

    Attributes:
        batch: the batch to deliver.
        strict: a record of which the hub refuses anything counts as failed, not only one of which it refuses all.
        parts: the final answers so far, in the order of the input.
    """

    __slots__ = ("_requests", "_todo", "batch", "parts", "strict")

    def __init__(self, batch: Batch, *, strict: bool = False) -> None:
        self.batch = batch
        self.strict = strict
        self.parts: list[Part] = []
        self._todo = [] if batch.chunk is None else [batch.chunk]  # the next one last
        self._requests = 0

    @property
    def next(self) -> Chunk | None:
        """Return the chunk to send next, or None if everything has been answered."""
        return self._todo[-1] if self._todo else None

    def answer(self, status_code: int, error: str | None, receipt: Receipt | None = None) -> None:
        """Note the answer to the next chunk. If one record may have caused a refusal, send the halves next."""
        chunk = self._todo[-1]
        self._requests += 1
        if status_code in _SPLIT_STATUSES and len(chunk) > 1 and self._requests < MAX_SPLIT_REQUESTS:
            first, second = chunk.halves()
            self._todo[-1:] = (second, first)
        else:
            self.parts.append(Part(chunk, status_code, error, receipt))
            self._todo.pop()

    def give_up(self, error: str) -> None:
        """Mark everything without an answer as failed."""
        while self._todo:
            self.parts.append(Part(self._todo.pop(), LOCAL_FAILURE, error))
