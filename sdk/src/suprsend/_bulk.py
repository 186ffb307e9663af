"""Results of bulk edits: an outcome for each record, and the answer of ``save``. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from suprsend import _encoding
from suprsend._refusals import repeated_text
from suprsend._replies import LOCAL_FAILURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suprsend._batches import Delivery, Part
    from suprsend._types import JSONObject

NOT_SENT = "not sent: the run was interrupted"
UNANSWERED = "interrupted before the hub answered: the edit may have been applied"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one record of a bulk run.

    Attributes:
        index: position of the record in the input, from 0.
        distinct_id: the user.
        ok: whether the hub accepted the record: all of it or, unless the client is strict, a part of it.
        status_code: HTTP status of the answer, or 500 if there was no answer.
        error: why the record failed, or None.
        record: a failed record as it was sent or would have been sent, or None.
        warnings: mistakes in the edit, such as an invalid address, and what the hub refused of it. The hub has applied
            the other parts.
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
        warnings: mistakes in the edits, and what the hub refused of edits that it applied otherwise.
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
    warnings = [text for position in sorted(delivery.batch.warnings) for text in delivery.batch.warnings[position]]
    for part in delivery.parts:
        for item in () if part.whole else _sent(part, strict=delivery.strict):
            if item.error is not None:
                failed.append({"record": item.record, "error": item.error, "code": item.status_code})
            warnings += item.warnings
        if part.receipt is not None and part.receipt.repeated:
            warnings.append(repeated_text(part.receipt.repeated))
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
    sent = chain.from_iterable(_sent(part, strict=delivery.strict) for part in delivery.parts)
    rejected = {item.position: item for item in delivery.batch.rejected}
    warned = delivery.batch.warnings
    for position in range(len(delivery.batch)):
        index, warnings = first_index + position, warned.get(position, ())
        item = rejected.get(position)
        if item is not None:
            yield Outcome(index, item.distinct_id, False, LOCAL_FAILURE, item.error, item.record, warnings)
            continue
        record = next(sent)
        yield Outcome(
            index, record.distinct_id, record.error is None, record.status_code, record.error, record.record,
            warnings + record.warnings,
        )  # fmt: skip


class _Sent(NamedTuple):
    """What became of a record that was sent."""

    distinct_id: str
    status_code: int
    error: str | None = None
    record: JSONObject | None = None
    warnings: tuple[str, ...] = ()


def _sent(part: Part, *, strict: bool) -> Iterator[_Sent]:
    records = [] if part.whole else _encoding.decode(part.chunk.body)
    for index, distinct_id in enumerate(part.chunk.distinct_ids):
        refused = part.refused.get(index)
        if part.error is not None:
            yield _Sent(distinct_id, part.status_code, part.error, records[index])
        elif refused is None:
            yield _Sent(distinct_id, part.status_code)
        elif refused.fails(strict=strict):
            yield _Sent(distinct_id, refused.status_code, refused.text(distinct_id), records[index])
        else:
            yield _Sent(distinct_id, part.status_code, warnings=(refused.text(distinct_id),))
