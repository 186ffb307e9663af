"""Read the bodies and queries of subscription requests: recipients, inline changes, properties of the relation.

JSON in, a checked command out, or an InvalidRequest that names the recipient by its position in the list.
"""

from collections.abc import Mapping

from suprsend_hub.api.bodies.profile import parse_upsert
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id, check_new_id, check_object_id, check_object_type
from suprsend_hub.domain.recipient import USERS
from suprsend_hub.domain.subscription import MAX_RECIPIENTS, Recipient, SubscribeRequest, check_properties
from suprsend_hub.domain.wire import Json

_USER_KEYS = ("distinct_id",)
_OBJECT_KEYS = ("object_type", "id", "object_id")


def parse_subscribe(body: Json) -> SubscribeRequest:
    """Read `{"recipients": [...], "properties": {...}, "parent_object_properties": {...}}`."""
    if type(body) is not dict:
        raise InvalidRequest("the body must be an object with `recipients`", code=Code.INVALID_BODY)
    properties = body.get("properties")
    if properties is None:
        properties = {}
    if type(properties) is not dict:
        raise InvalidRequest("`properties` must be an object", code=Code.INVALID_PROPERTIES)
    check_properties(properties)
    parent = body.get("parent_object_properties")
    if parent is not None and type(parent) is not dict:
        raise InvalidRequest("`parent_object_properties` must be an object", code=Code.INVALID_PROPERTIES)
    recipients = parse_recipients(body.get("recipients"))
    for index, recipient in enumerate(recipients):  # unknown ones are created
        check_new_id(recipient.object_type, f"recipients[{index}].object_type")
        check_new_id(recipient.recipient_id, f"recipients[{index}]")
    return SubscribeRequest(
        recipients=recipients,
        properties=properties,
        parent_operations=None if parent is None else parse_upsert(parent),
    )


def parse_recipients(recipients: Json) -> tuple[Recipient, ...]:
    """Read a list of recipients. Strings are users; JSON objects are users or objects with inline changes.

    A recipient that is named twice counts once; both changes apply, in order.
    """
    if type(recipients) is not list:
        raise InvalidRequest("`recipients` must be a list", code=Code.INVALID_RECIPIENTS)
    if len(recipients) > MAX_RECIPIENTS:
        raise InvalidRequest(
            f"the request has {len(recipients)} recipients; send at most {MAX_RECIPIENTS} in one request",
            code=Code.TOO_MANY_RECIPIENTS,
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


def recipients_of_query(query: Mapping[str, str]) -> dict[str, Json]:
    """Return the comma-separated `?recipients=` of a deletion without a body, in the form of the body."""
    text = query.get("recipients", "")
    return {"recipients": [item for item in text.split(",") if item.strip()]} if text else {}


def _recipient(item: Json, where: str) -> Recipient:
    if type(item) is str:
        return Recipient(USERS, check_distinct_id(item, where))
    if type(item) is not dict:
        raise InvalidRequest(
            f"{where} must be a distinct_id, or an object with `distinct_id` or with `object_type` and `id`",
            code=Code.INVALID_RECIPIENTS,
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
        return parse_upsert({key: value for key, value in item.items() if key not in identity})
    except InvalidRequest as error:
        raise InvalidRequest(f"{where}: {error.message}", code=error.code, detail=error.detail) from error
