"""Read the bodies of senders: whom to resolve for what, and reports of deliveries.

A field that is not known here is refused: a misspelt tenant would otherwise send to the wrong addresses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from suprsend_hub.api.bodies.event import MAX_INSERT_ID_CHARS
from suprsend_hub.api.bodies.page import MAX_LIMIT
from suprsend_hub.api.bodies.profile import parse_ids
from suprsend_hub.api.bodies.refusals import invalid_fields
from suprsend_hub.domain.channels import RULES
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.feedback import REPORTABLE, FeedbackEvent
from suprsend_hub.domain.ids import (
    check_distinct_id,
    check_list_id,
    check_object_id,
    check_object_type,
    check_tenant_id,
    feedback_key,
)
from suprsend_hub.domain.limits import MAX_CATEGORY_CHARS
from suprsend_hub.domain.mistakes import Mistakes
from suprsend_hub.domain.preference_terms import Channel, read_channels
from suprsend_hub.domain.recipient import USERS, RecipientKey
from suprsend_hub.domain.values import InvalidValue, check_value
from suprsend_hub.domain.wire import EMAIL, SMS, WHATSAPP, Json
from suprsend_hub.service.feedback import Feedback
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.resolving import Question

DEFAULT_RESOLVED: Final = 100
MAX_REPORTS: Final = 1000
"""Reports in one request."""

_IDS, _OBJECT, _LIST = "distinct_ids", "object", "list_id"
_RESOLVE_FIELDS: Final = frozenset({_IDS, _OBJECT, _LIST, "category", "channels", "tenant_id", "limit", "after"})
_REPORT_FIELDS: Final = frozenset({"distinct_id", _OBJECT, "channel", "value", "event", "time", "insert_id"})
_OBJECT_FIELDS: Final = frozenset({"object_type", "id"})
_BY_ADDRESS: Final = frozenset({EMAIL, SMS, WHATSAPP})
"""Channels whose addresses the hub can find without knowing whose they are."""


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """Whom to resolve, exactly one of three: users by id, the subscribers of an object (type and id), a list."""

    question: Question
    distinct_ids: Sequence[str] | None
    object: tuple[str, str] | None
    list_id: str | None
    page: PageRequest


def parse_resolve(payload: Json) -> ResolveRequest:
    """Read the question of a sender.

    Raises:
        InvalidRequest: wrong fields, which `detail` names by their paths; or wrong ids.
    """
    if type(payload) is not dict:
        raise InvalidRequest("the body must be a JSON object", code=Code.INVALID_BODY)
    mistakes = Mistakes()
    mistakes.read_object(payload, "", _RESOLVE_FIELDS)
    given = [name for name in (_IDS, _OBJECT, _LIST) if payload.get(name) is not None]
    if len(given) != 1:
        mistakes.add("", f"must have exactly one of {_IDS}, {_OBJECT} and {_LIST}")
    category = mistakes.read_name(payload.get("category"), "category", MAX_CATEGORY_CHARS)
    channels = read_channels(payload, "", "channels", mistakes)
    if channels == ():
        mistakes.add("channels", "must not be empty; leave it out for all channels")
    page = PageRequest(_limit(payload, mistakes), _after(payload, mistakes))
    if given == [_IDS]:
        for name in ("limit", "after"):
            if payload.get(name) is not None:
                mistakes.add(name, f"is only for {_OBJECT} and {_LIST}")
    if mistakes:
        raise invalid_fields(mistakes.entries())
    tenant_id = payload.get("tenant_id")
    return ResolveRequest(
        Question(category, channels or tuple(Channel), None if tenant_id is None else check_tenant_id(tenant_id)),
        parse_ids(payload, _IDS, check_distinct_id) if given == [_IDS] else None,
        _object(payload[_OBJECT]) if given == [_OBJECT] else None,
        check_list_id(payload[_LIST]) if given == [_LIST] else None,
        page,
    )


def _limit(payload: dict[str, Json], mistakes: Mistakes) -> int:
    limit = payload.get("limit")
    if limit is None:
        return DEFAULT_RESOLVED
    if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
        mistakes.add("limit", f"must be an integer from 1 to {MAX_LIMIT}")
        return DEFAULT_RESOLVED
    return limit


def _after(payload: dict[str, Json], mistakes: Mistakes) -> str | None:
    after = payload.get("after")
    if after is not None and (type(after) is not str or not after):
        mistakes.add("after", "must be a cursor from `meta`, or null")
        return None
    return after


def _object(value: Json) -> tuple[str, str]:
    mistakes = Mistakes()
    fields = mistakes.read_object(value, _OBJECT, _OBJECT_FIELDS)
    if fields is None or mistakes:
        raise invalid_fields(mistakes.entries())
    return (
        check_object_type(fields.get("object_type"), f"{_OBJECT}.object_type"),
        check_object_id(fields.get("id"), f"{_OBJECT}.id"),
    )


def parse_reports(payload: Json, workspace_id: int) -> list[Feedback | InvalidRequest]:
    """Read the reports of a request, each or what is wrong with it, in order.

    Raises:
        InvalidRequest: not an object with a list of reports, or too many of them.
    """
    reports = payload.get("reports") if type(payload) is dict else None
    if type(reports) is not list:
        raise InvalidRequest('the body must be an object {"reports": [...]}', code=Code.INVALID_BODY)
    if len(reports) > MAX_REPORTS:
        raise InvalidRequest(
            f"reports has {len(reports)} elements; send at most {MAX_REPORTS} in one request", code=Code.TOO_MANY_IDS
        )
    return [_report_or_mistake(report, workspace_id) for report in reports]


def _report_or_mistake(value: Json, workspace_id: int) -> Feedback | InvalidRequest:
    try:
        return _report(value, workspace_id)
    except InvalidRequest as mistake:
        return mistake


def _report(value: Json, workspace_id: int) -> Feedback:
    mistakes = Mistakes()
    fields = mistakes.read_object(value, "", _REPORT_FIELDS) or {}
    channel = mistakes.read_member(fields.get("channel"), "channel", Channel) if fields else None
    if channel is not None and channel.key not in REPORTABLE:
        mistakes.add("channel", "has no addresses that can fail")
    event = mistakes.read_member(fields.get("event"), "event", FeedbackEvent) if fields else None
    time = _time(fields, mistakes)
    insert_id = fields.get("insert_id")
    if insert_id is not None:
        insert_id = mistakes.read_name(insert_id, "insert_id", MAX_INSERT_ID_CHARS)
    recipient = _recipient(fields, workspace_id, mistakes)
    if recipient is None and channel is not None and channel.key not in _BY_ADDRESS:
        mistakes.add("distinct_id", f"is needed with {channel}: only e-mail addresses and numbers can be looked up")
    if mistakes or channel is None or event is None:
        raise invalid_fields(mistakes.entries())
    address = _value(channel.key, fields.get("value"), by_address=recipient is None)
    return Feedback(
        channel.key, address, event, recipient, time, None if insert_id is None else feedback_key(insert_id)
    )


def _recipient(fields: dict[str, Json], workspace_id: int, mistakes: Mistakes) -> RecipientKey | None:
    distinct_id, named = fields.get("distinct_id"), fields.get(_OBJECT)
    if distinct_id is not None and named is not None:
        mistakes.add(_OBJECT, "must not be given together with distinct_id")
        return None
    if named is not None:
        return RecipientKey(workspace_id, *_object(named))
    if distinct_id is not None:
        return RecipientKey(workspace_id, USERS, check_distinct_id(distinct_id))
    return None


def _value(channel: str, value: Json, *, by_address: bool) -> Json:
    """Return the address. What is looked up has to be one; what a user has may have been stored under older rules."""
    try:
        if by_address:
            return RULES[channel].read(value)
        check_value(value)
    except InvalidValue as problem:
        raise InvalidRequest(f"value: {problem.reason}", code=problem.code) from problem
    return value


def _time(fields: dict[str, Json], mistakes: Mistakes) -> datetime | None:
    """Return a time, given as ISO 8601 with an offset or in milliseconds since 1970; None if it is not given."""
    given = fields.get("time")
    if given is None:
        return None
    try:
        if type(given) is int:
            return datetime.fromtimestamp(given / 1000, UTC)
        moment = datetime.fromisoformat(given) if type(given) is str else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    mistakes.add("time", "must be ISO 8601 with an offset, or milliseconds since 1970")
    return None
