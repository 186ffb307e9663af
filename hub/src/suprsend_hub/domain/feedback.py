"""Delivery feedback: what happened to a message says whether its address may be used again.

Feedback can arrive late and in any order, so each has the time of its event: what is older than the feedback that is
stored changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from .wire import ACTIVE, CHANNELS, DISABLED, INACTIVE, INBOX, Json

if TYPE_CHECKING:
    from .profile import Identity


class FeedbackEvent(StrEnum):
    """What happened at an address."""

    HARD_BOUNCE = "hard_bounce"
    """Delivery failed for good: there is no such mailbox or number."""
    COMPLAINT = "complaint"
    """The recipient reported a message as spam."""
    STOP = "stop"
    """The recipient answered STOP, or unsubscribed from the address."""
    DEAD_TOKEN = "dead_token"  # noqa: S105 - a word
    """The push service no longer knows the token, or the workspace has revoked the access."""
    RECOVERED = "recovered"
    """The address works again, or the recipient answered START."""


MAX_REPORTED_PROFILES: Final = 20_000
"""Profiles that the reports of one request may change: an address may belong to many."""
REPORTABLE: Final = frozenset(CHANNELS) - {INBOX}
"""The channels of which there is feedback."""
EVENT: Final = "event"
TIME: Final = "time"

_DISABLED: Final = frozenset({FeedbackEvent.HARD_BOUNCE, FeedbackEvent.COMPLAINT, FeedbackEvent.DEAD_TOKEN})


class Report(NamedTuple):
    """Feedback about an address. `channel` is a key of a profile (`$email`); `time` is UTC, so that texts compare."""

    channel: str
    value: Any
    event: FeedbackEvent
    time: str


def to_operand(report: Report) -> dict[str, Json]:
    """Return feedback as the operand of `$channel_status`. The channel is a key, so that secrets are masked."""
    return {report.channel: report.value, EVENT: str(report.event), TIME: report.time}


def read_operand(operand: Json) -> Report | None:
    """Return the feedback of an operand; None for anything that `to_operand` has not made."""
    if type(operand) is not dict or type(operand.get(TIME)) is not str:
        return None
    channels = REPORTABLE.intersection(operand)
    if len(channels) != 1 or operand.get(EVENT) not in list(FeedbackEvent):
        return None
    [channel] = channels
    return Report(channel, operand[channel], FeedbackEvent(operand[EVENT]), operand[TIME])


def reported(stored: Identity, report: Report) -> Identity:
    """Return an identity after feedback about it; the same object if nothing changes.

    A permanent failure disables the address, also if it is added again. A STOP makes it inactive until then, as
    published. Only `recovered` undoes both.
    """
    if stored.status_at is not None and report.time < stored.status_at:
        return stored
    status, perma_status = INACTIVE, stored.perma_status
    if report.event in _DISABLED:
        perma_status = DISABLED
    elif report.event is FeedbackEvent.RECOVERED:
        status = perma_status = ACTIVE
    following = msgspec.structs.replace(
        stored, status=status, perma_status=perma_status, status_reason=str(report.event), status_at=report.time
    )
    return stored if following == stored else following
