"""Results of bulk edits: an outcome for each record, and the answer of ``save``. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suprsend import _encoding
from suprsend._replies import LOCAL_FAILURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suprsend._batches import Delivery
    from suprsend._types import JSONObject

NOT_SENT = "not sent: the run was interrupted"
UNANSWERED = "interrupted before the hub answered: the edit may have been applied"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one record of a bulk run.

    Attributes:
        index: position of the record in the input, from 0.
        distinct_id: the user.
        ok: whether the hub accepted the record.
        status_code: HTTP status of the answer, or 500 if there was no answer.
        error: why the record failed, or None.
        record: a failed record as it was sent or would have been sent, or None.
        warnings: mistakes in the edit, such as an invalid address. The hub ignores these parts and applies the others.
    """

    index: int
    distinct_id: str
    ok: bool
    status_code: int
    error: str | None = None
    record: JSONObject | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """The numbers of records settled so far in a bulk run."""

    total: int
    success: int
    failure: int


class BulkResponse:
    """The result of a bulk call.

    Attributes:
        status: ``success``, ``partial`` or ``fail``; None before the first record is settled.
        total, success, failure: numbers of records.
        failed_records: a dict with ``record``, ``error`` and ``code`` for each failure. ``code`` is the HTTP status, or
            500 if there was no answer.
        warnings: mistakes in the edits.
        failed_records_omitted: number of failures that ``failed_records`` leaves out. It is 0 after ``save``.
    """

    def __init__(self) -> None:
        self.status: str | None = None
        self.total = 0
        self.success = 0
        self.failure = 0
        self.failed_records: list[JSONObject] = []
        self.failed_records_omitted = 0
        self.warnings: list[str] = []

    def __str__(self) -> str:
        return (
            f"BulkResponse<status: {self.status} | total: {self.total} | success: {self.success} | "
            f"failure: {self.failure} | warnings: {len(self.warnings)}>"
        )

    __repr__ = __str__


def absorb(response: BulkResponse, delivery: Delivery, keep: int | None) -> None:
    """Add what became of one batch to the response.

    Args:
        response: is changed.
        delivery: a settled one.
        keep: failed records and warnings that the response holds at most; None for all.
    """
    failed: list[JSONObject] = [
        {"record": item.record, "error": item.error, "code": LOCAL_FAILURE} for item in delivery.batch.rejected
    ]
    for part in delivery.parts:
        if part.error is not None:
            failed += [
                {"record": record, "error": part.error, "code": part.status_code}
                for record in _encoding.decode(part.chunk.body)
            ]
    warnings = [text for position in sorted(delivery.batch.warnings) for text in delivery.batch.warnings[position]]
    kept = failed if keep is None else failed[: max(0, keep - len(response.failed_records))]
    response.total += len(delivery.batch)
    response.failure += len(failed)
    response.success += len(delivery.batch) - len(failed)
    response.failed_records += kept
    response.failed_records_omitted += len(failed) - len(kept)
    response.warnings += warnings if keep is None else warnings[: max(0, keep - len(response.warnings))]
    set_status(response)


def set_status(response: BulkResponse) -> None:
    """Set the status from the counters: nothing at all counts as success."""
    if not response.failure:
        response.status = "success"
    else:
        response.status = "partial" if response.success else "fail"


def outcomes(delivery: Delivery, first_index: int) -> Iterator[Outcome]:
    """Yield one outcome per record of a settled batch, in the order of the input."""
    sent = _sent(delivery)
    rejected = {item.position: item for item in delivery.batch.rejected}
    warned = delivery.batch.warnings
    for position in range(len(delivery.batch)):
        index, warnings = first_index + position, warned.get(position, ())
        item = rejected.get(position)
        if item is not None:
            yield Outcome(index, item.distinct_id, False, LOCAL_FAILURE, item.error, item.record, warnings)
            continue
        distinct_id, status_code, error, record = next(sent)
        yield Outcome(index, distinct_id, error is None, status_code, error, record, warnings)


def _sent(delivery: Delivery) -> Iterator[tuple[str, int, str | None, JSONObject | None]]:
    for part in delivery.parts:
        if part.error is None:
            for distinct_id in part.chunk.distinct_ids:
                yield distinct_id, part.status_code, None, None
        else:
            records = _encoding.decode(part.chunk.body)
            for distinct_id, record in zip(part.chunk.distinct_ids, records, strict=True):
                yield distinct_id, part.status_code, part.error, record
