"""Delivery feedback: set the status of an address, of whoever has it or of one recipient.

Each report becomes an edit of every profile concerned, the global one and those for tenants, through the write path. So
history, deduplication, races, merges and deletions are those of all edits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound
from suprsend_hub.domain.feedback import MAX_REPORTED_PROFILES, FeedbackEvent, Report, to_operand
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.profile import Identity
from suprsend_hub.domain.recipient import RecipientKey, not_found
from suprsend_hub.domain.wire import CHANNEL_STATUS, Json
from suprsend_hub.domain.work import work_of_each
from suprsend_hub.service.writing import Batcher, Edit, EditStatus, Outcome, RequestKey
from suprsend_hub.store import aliases, sending
from suprsend_hub.store.database import Connection, Database

_EDITS_OF_TRANSACTION = 200


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report. `recipient`: whose address it is; None means of everybody who has it.

    `value` is as the channel stores it. `time` is when it happened, None for now. `insert_key` makes it count once, and
    so does `request`, which names the request that it came with.
    """

    channel: str
    value: Any
    event: FeedbackEvent
    recipient: RecipientKey | None = None
    time: datetime | None = None
    insert_key: UUID | None = None
    request: RequestKey | None = None


class FeedbackOutcome(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    NOT_FOUND = "not_found"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FeedbackResult:
    """What became of a report, and how many profiles have the status that it says; `error` says why not."""

    outcome: FeedbackOutcome
    profiles: int = 0
    error: DomainError | None = None


class FeedbackService:
    """Takes the reports of senders. One instance per process."""

    def __init__(
        self, database: Database, batcher: Batcher, *, now: Callable[[], datetime], ulids: UlidFactory
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._now = now
        self._ulids = ulids

    async def apply(self, actor: Actor, workspace_id: int, reports: Sequence[Feedback]) -> list[FeedbackResult]:
        """Apply reports in order; return a result for each. They do not apply all or none.

        Raises:
            InvalidRequest: the addresses belong to too many profiles; nothing has been applied.
        """
        async with self._database.connection() as connection:
            concerned = await _profiles_of(connection, workspace_id, reports)
        numbered = [(index, key) for index, keys in enumerate(concerned) for key in keys]
        max_work = work_of_each(len(numbered))
        outcomes: list[list[Outcome]] = [[] for _ in reports]
        for step in _steps(numbered):
            edits = [self._edit(actor, reports[index], key, max_work) for index, key in step]
            found = await self._batcher.submit(
                workspace_id, edits, size_bytes=sum(each.size_bytes or 0 for each in edits)
            )
            for (index, _), outcome in zip(step, found, strict=True):
                outcomes[index].append(outcome)
        return [_result(report, found) for report, found in zip(reports, outcomes, strict=True)]

    def _edit(self, actor: Actor, report: Feedback, key: RecipientKey, max_work: int) -> Edit:
        now = self._now()
        time = min(report.time or now, now).isoformat(timespec="microseconds")
        operand = to_operand(Report(report.channel, report.value, report.event, time))
        operations: list[Json] = [{CHANNEL_STATUS: operand}]
        insert_key = report.request.key if report.request is not None else report.insert_key
        return Edit(
            key,
            insert_key or self._ulids.new(),
            operations,
            actor,
            strict=True,
            size_bytes=len(msgspec.json.encode(operations)),
            request=report.request,
            max_work=max_work,
            reports=True,
        )


async def _profiles_of(
    connection: Connection, workspace_id: int, reports: Sequence[Feedback]
) -> list[list[RecipientKey]]:
    """Return the profiles that each report is about; none for an unknown recipient or address."""
    concerned: list[list[RecipientKey]] = [[] for _ in reports]
    by_address = {index: _address(report) for index, report in enumerate(reports) if report.recipient is None}
    left = MAX_REPORTED_PROFILES
    if by_address:
        wanted = list(dict.fromkeys(by_address.values()))
        found = await sending.find_by_addresses(connection, workspace_id, wanted, at_most=left + 1)
        for index, address in by_address.items():
            concerned[index] = sorted(found[address])
    named = {index: (report.recipient, report.channel) for index, report in enumerate(reports) if report.recipient}
    if named:
        for index, keys in zip(named, await _of_recipients(connection, list(named.values()), left + 1), strict=True):
            concerned[index] = sorted(keys)
    if sum(map(len, concerned)) > MAX_REPORTED_PROFILES:
        raise InvalidRequest(
            f"the addresses belong to more than {MAX_REPORTED_PROFILES} profiles; send fewer reports in one request, "
            "or name the users",
            code=Code.TOO_MANY_IDS,
        )
    return concerned


async def _of_recipients(
    connection: Connection, wanted: Sequence[tuple[RecipientKey, str]], at_most: int
) -> list[list[RecipientKey]]:
    """Return the profiles of recipients, following aliases."""
    found = await sending.find_with_channels(connection, wanted, at_most=at_most)
    unknown = sorted({key for (key, _), keys in zip(wanted, found, strict=True) if not keys})
    targets = await aliases.read(connection, unknown) if unknown else {}
    again = [index for index, (key, _) in enumerate(wanted) if key in targets]
    if again:
        renamed = [(targets[wanted[index][0]], wanted[index][1]) for index in again]
        for index, keys in zip(
            again, await sending.find_with_channels(connection, renamed, at_most=at_most), strict=True
        ):
            found[index] = keys
    return found


def _address(report: Feedback) -> str:
    """Return the address of a report as the index of addresses has it."""
    [address] = addresses({report.channel: [Identity(report.value)]})
    return address


def _result(report: Feedback, outcomes: Sequence[Outcome]) -> FeedbackResult:
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    other = next((each for each in errors if not _is_absent(each)), None)
    count = len(outcomes) - len(errors)
    if other is not None:
        return FeedbackResult(FeedbackOutcome.REFUSED, count, other)
    if not count:
        return FeedbackResult(FeedbackOutcome.NOT_FOUND, 0, errors[0] if errors else _nobody(report))
    applied = any(outcome.error is None and outcome.status is EditStatus.APPLIED for outcome in outcomes)
    return FeedbackResult(FeedbackOutcome.APPLIED if applied else FeedbackOutcome.DUPLICATE, count)


def _is_absent(error: DomainError) -> bool:
    return isinstance(error, NotFound) or error.code is Code.IDENTITY_NOT_FOUND


def _nobody(report: Feedback) -> DomainError:
    if report.recipient is not None:
        return not_found(report.recipient)
    return InvalidRequest("nobody has this address", code=Code.IDENTITY_NOT_FOUND)


def _steps(numbered: Sequence[tuple[int, RecipientKey]]) -> Iterator[Sequence[tuple[int, RecipientKey]]]:
    for start in range(0, len(numbered), _EDITS_OF_TRANSACTION):
        yield numbered[start : start + _EDITS_OF_TRANSACTION]
