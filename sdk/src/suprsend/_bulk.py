"""Bulk edits without the sending: batches, results, outcomes, the answer of ``save``. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suprsend import _encoding
from suprsend._chunker import Chunk, Chunker
from suprsend._edits import UserEdit
from suprsend._errors import InputValueError
from suprsend._limits import MAX_CHUNK_RECORDS
from suprsend._replies import LOCAL_FAILURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suprsend._types import JSONObject

NOT_SENT = "not sent: the run was interrupted before"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record of a bulk run.

    Attributes:
        index: position of the record in the input, from 0.
        distinct_id: its user.
        ok: whether the hub accepted it.
        status_code: HTTP status of the answer; 500 if there was none.
        error: why it failed, else None.
        record: a failed record as it was sent (or would have been), else None.
    """

    index: int
    distinct_id: str
    ok: bool
    status_code: int
    error: str | None = None
    record: JSONObject | None = None


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """Records settled so far in a bulk run."""

    total: int
    success: int
    failure: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be sent; ``position`` counts within its batch."""

    position: int
    distinct_id: str
    error: str
    record: JSONObject


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of the input: one chunk to send, and those beside it that cannot be sent."""

    chunk: Chunk | None
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.chunk or ()) + len(self.rejected)


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one request: the chunk that it carried, the status, and the error text if it failed."""

    chunk: Chunk
    status_code: int
    error: str | None


class Batcher:
    """Turns edits into batches, encoding each edit at once: later changes of the edit do not leak in."""

    __slots__ = ("_chunker", "_rejected", "_strict", "_warnings")

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._chunker = Chunker()
        self._rejected: list[Rejected] = []
        self._warnings: list[str] = []

    def add(self, edit: object) -> Batch | None:
        """Take one edit; return the batch that it completed, if any.

        Raises:
            InputValueError: it is no UserEdit; or, in strict mode, it is too large or has no JSON form.
        """
        if not isinstance(edit, UserEdit):
            raise InputValueError(f"only UserEdit instances can be edited in bulk, not {type(edit).__name__}")
        mistakes = edit.mistakes()
        try:
            record = edit.encode_event()
        except InputValueError as error:
            if self._strict:
                raise
            return self._reject(edit, str(error), mistakes)
        chunk = self._chunker.feed(record, len(record), edit.distinct_id)
        if chunk is None:
            if mistakes:
                self._warnings += mistakes
            return None
        if len(self._chunker):  # the edit did not fit any more and opened the next batch
            return self._close(chunk, mistakes)
        self._warnings += mistakes
        return self._close(chunk, [])

    def flush(self) -> Batch | None:
        """Return what is left as a batch, or None if nothing is."""
        chunk = self._chunker.flush()
        return self._close(chunk, []) if chunk is not None or self._rejected else None

    def _reject(self, edit: UserEdit, error: str, mistakes: list[str]) -> Batch | None:
        position = len(self._chunker) + len(self._rejected)
        self._rejected.append(Rejected(position, edit.distinct_id, error, edit.as_json_async()))
        self._warnings += mistakes
        return self.flush() if len(self._rejected) >= MAX_CHUNK_RECORDS else None

    def _close(self, chunk: Chunk | None, next_warnings: list[str]) -> Batch:
        batch = Batch(chunk, tuple(self._rejected), tuple(self._warnings))
        self._rejected, self._warnings = [], next_warnings
        return batch


class BulkResponse:
    """The answer of a bulk call.

    Attributes:
        status: ``success``, ``partial`` or ``fail``; None before anything was settled.
        total, success, failure: records.
        failed_records: ``{"record", "error", "code"}`` each; ``code`` is the HTTP status, 500 where there was none.
        warnings: mistakes made while building the edits.
        failed_records_omitted: failures that ``failed_records`` does not hold: 0 after ``save``.
    """

    def __init__(self, *, keep: int | None = None) -> None:
        self.status: str | None = None
        self.total = 0
        self.success = 0
        self.failure = 0
        self.failed_records: list[JSONObject] = []
        self.failed_records_omitted = 0
        self.warnings: list[str] = []
        self._keep = keep

    def __str__(self) -> str:
        return (
            f"BulkResponse<status: {self.status} | total: {self.total} | success: {self.success} | "
            f"failure: {self.failure} | warnings: {len(self.warnings)}>"
        )

    __repr__ = __str__

    def absorb(self, batch: Batch, parts: list[Part]) -> None:
        """Add what became of one batch."""
        for rejected in batch.rejected:
            self._fail(rejected.record, rejected.error, LOCAL_FAILURE)
        for part in parts:
            if part.error is None:
                self.success += len(part.chunk)
            else:
                for record in _encoding.decode(part.chunk.body):
                    self._fail(record, part.error, part.status_code)
        self.total += len(batch)
        if self._keep is None:
            self.warnings += batch.warnings
        else:
            self.warnings += batch.warnings[: max(0, self._keep - len(self.warnings))]
        self.settle()

    def settle(self) -> None:
        """Set the status from the counters: nothing at all counts as success."""
        if not self.failure:
            self.status = "success"
        else:
            self.status = "partial" if self.success else "fail"

    def _fail(self, record: JSONObject, error: str, code: int) -> None:
        self.failure += 1
        if self._keep is None or len(self.failed_records) < self._keep:
            self.failed_records.append({"record": record, "error": error, "code": code})
        else:
            self.failed_records_omitted += 1


def outcomes(batch: Batch, parts: list[Part], first_index: int) -> Iterator[Outcome]:
    """Yield one outcome per record of the batch, in the order of the input."""
    sent = _sent(parts)
    rejected = {item.position: item for item in batch.rejected}
    for position in range(len(batch)):
        index = first_index + position
        item = rejected.get(position)
        if item is not None:
            yield Outcome(index, item.distinct_id, False, LOCAL_FAILURE, item.error, item.record)
            continue
        distinct_id, status_code, error, record = next(sent)
        yield Outcome(index, distinct_id, error is None, status_code, error, record)


def _sent(parts: list[Part]) -> Iterator[tuple[str, int, str | None, JSONObject | None]]:
    for part in parts:
        if part.error is None:
            for distinct_id in part.chunk.distinct_ids:
                yield distinct_id, part.status_code, None, None
        else:
            records = _encoding.decode(part.chunk.body)
            for distinct_id, record in zip(part.chunk.distinct_ids, records, strict=True):
                yield distinct_id, part.status_code, part.error, record


def unsent(batch: Batch) -> list[Part]:
    """Return the parts of a batch that an interrupted run never sent."""
    return [] if batch.chunk is None else [Part(batch.chunk, LOCAL_FAILURE, NOT_SENT)]
