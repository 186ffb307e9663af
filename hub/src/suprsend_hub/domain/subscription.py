"""Bodies of subscription requests, checked: who is subscribed, with which inline changes, and the properties.

Pure: JSON in, checked values out, or an InvalidRequest that names the recipient by its place in the list.
"""

from dataclasses import dataclass, field

from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id, check_object_id, check_object_type
from suprsend_hub.domain.operation import upsert_operations
from suprsend_hub.domain.recipient import USERS
from suprsend_hub.domain.values import InvalidValue, check_key, check_value
from suprsend_hub.domain.wire import Json

MAX_RECIPIENTS = 100
"""Recipients in one call, as published."""
MAX_NESTING = 2
"""Object-to-object subscriptions in a chain: a team in a department in a company is two."""

_USER_KEYS = ("distinct_id",)
_OBJECT_KEYS = ("object_type", "id", "object_id")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of a request; `operations` are its inline changes, empty for a plain reference."""

    object_type: str
    recipient_id: str
    operations: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """The body of a create call; `parent_operations` is None unless the parent object is to be upserted too."""

    recipients: tuple[Recipient, ...]
    properties: dict[str, Json]
    parent_operations: list[Json] | None


def parse_subscribe(body: Json) -> SubscribeRequest:
    """Read `{"recipients": [...], "properties": {...}, "parent_object_properties": {...}}`."""
    if type(body) is not dict:
        raise InvalidRequest("the body must be an object with `recipients`", code="invalid_body")
    properties = body.get("properties")
    if properties is None:
        properties = {}
    if type(properties) is not dict:
        raise InvalidRequest("`properties` must be an object", code="invalid_properties")
    for key, value in properties.items():
        try:
            check_key(key)
            check_value(value)
        except InvalidValue as error:
            raise InvalidRequest(f"`properties`, key {key[:80]!r}: {error}", code="invalid_properties") from error
    parent = body.get("parent_object_properties")
    if parent is not None and type(parent) is not dict:
        raise InvalidRequest("`parent_object_properties` must be an object", code="invalid_properties")
    return SubscribeRequest(
        recipients=parse_recipients(body.get("recipients")),
        properties=properties,
        parent_operations=None if parent is None else upsert_operations(parent),
    )


def parse_recipients(recipients: Json) -> tuple[Recipient, ...]:
    """Read a list of recipients: strings are users, objects are users or objects with inline changes.

    A recipient named twice counts once; the changes of both apply in order.
    """
    if type(recipients) is not list:
        raise InvalidRequest("`recipients` must be a list", code="invalid_recipients")
    if len(recipients) > MAX_RECIPIENTS:
        raise InvalidRequest(
            f"{len(recipients)} recipients in one call; at most {MAX_RECIPIENTS} are possible",
            code="too_many_recipients",
        )
    merged: dict[tuple[str, str], Recipient] = {}
    for index, item in enumerate(recipients):
        recipient = _recipient(item, f"recipients[{index}]")
        key = (recipient.object_type, recipient.recipient_id)
        earlier = merged.get(key)
        if earlier is not None:
            recipient = Recipient(*key, earlier.operations + recipient.operations)
        merged[key] = recipient
    return tuple(merged.values())


def _recipient(item: Json, where: str) -> Recipient:
    if type(item) is str:
        return Recipient(USERS, check_distinct_id(item, where))
    if type(item) is not dict:
        raise InvalidRequest(
            f"{where} must be a distinct_id, or an object with `distinct_id` or with `object_type` and `id`",
            code="invalid_recipients",
        )
    if "object_type" in item:
        object_id = item["id"] if "id" in item else item.get("object_id")
        return Recipient(
            check_object_type(item["object_type"], f"{where}.object_type"),
            check_object_id(object_id, f"{where}.id"),
            _inline(item, _OBJECT_KEYS, where),
        )
    return Recipient(
        USERS, check_distinct_id(item.get("distinct_id"), f"{where}.distinct_id"), _inline(item, _USER_KEYS, where)
    )


def _inline(item: dict[str, Json], identity: tuple[str, ...], where: str) -> list[Json]:
    try:
        return upsert_operations({key: value for key, value in item.items() if key not in identity})
    except InvalidRequest as error:
        raise InvalidRequest(f"{where}: {error.message}", code=error.code, detail=error.detail) from error
