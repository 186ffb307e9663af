"""An identity event as it travels on `POST /event/`, checked: schema 2 and the two legacy forms of old SDKs.

Pure: text in, `IdentityEvent` out, or an InvalidRequest that names the field. The operations inside are judged by the
fold, not here, because a bad one does not spoil the others.
"""

from typing import Any
from uuid import UUID

import msgspec

from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id, check_tenant_id, insert_key
from suprsend_hub.domain.wire import OPERATORS, Json

IDENTIFY = "$identify"
_MAX_INSERT_ID_CHARS = 255


class IdentityEvent(msgspec.Struct, frozen=True, gc=False):
    """Operations for one user; `insert_key` is None if the event has no `$insert_id` and so never is a duplicate.

    `size_bytes` is the size of its JSON text.
    """

    distinct_id: str
    insert_key: UUID | None
    operations: list[Any]
    env: str | None
    tenant_id: str | None
    size_bytes: int


class _Wire(msgspec.Struct):
    """The fields that matter, of any type, so that the checks below word the errors."""

    distinct_id: Any = None
    insert_id: Any = msgspec.field(name="$insert_id", default=None)
    operations: Any = msgspec.field(name="$user_operations", default=msgspec.UNSET)
    env: Any = None
    tenant_id: Any = None
    event: Any = None
    set: Any = msgspec.field(name="$set", default=msgspec.UNSET)
    set_once: Any = msgspec.field(name="$set_once", default=msgspec.UNSET)
    add: Any = msgspec.field(name="$add", default=msgspec.UNSET)
    increment: Any = msgspec.field(name="$increment", default=msgspec.UNSET)
    append: Any = msgspec.field(name="$append", default=msgspec.UNSET)
    remove: Any = msgspec.field(name="$remove", default=msgspec.UNSET)
    unset: Any = msgspec.field(name="$unset", default=msgspec.UNSET)


_decoder = msgspec.json.Decoder(_Wire)


def parse_event(text: bytes) -> IdentityEvent:
    """Read one event.

    Raises:
        InvalidRequest: no JSON object, a wrong field (named), or a track event, which this hub does not take.
    """
    try:
        wire = _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"an event must be a JSON object: {error}", code="invalid_event") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}", code="invalid_json") from error
    except RecursionError as error:
        raise InvalidRequest("the event is nested too deeply", code="too_deep") from error
    return IdentityEvent(
        distinct_id=check_distinct_id(wire.distinct_id),
        insert_key=_insert_key(wire.insert_id),
        operations=_operations(wire),
        env=_env(wire.env),
        # Old SDKs write an empty or null tenant when there is none.
        tenant_id=check_tenant_id(wire.tenant_id) if wire.tenant_id else None,
        size_bytes=len(text),
    )


def _insert_key(insert_id: Json) -> UUID | None:
    if insert_id is None:
        return None
    if type(insert_id) is str and len(insert_id) > _MAX_INSERT_ID_CHARS:
        raise InvalidRequest(
            f"$insert_id must have at most {_MAX_INSERT_ID_CHARS} characters", code="invalid_insert_id"
        )
    return insert_key(insert_id)


def _env(env: Json) -> str | None:
    if env is None or type(env) is str:
        return env
    raise InvalidRequest("`env` must be a string: the workspace key or uid", code="wrong_env")


def _operations(wire: _Wire) -> list[Json]:
    """Schema 2 has a list; legacy events have one operator at the top level, or `$identify` and none."""
    if wire.operations is not msgspec.UNSET:
        if type(wire.operations) is not list:
            raise InvalidRequest("$user_operations must be an array of operation objects", code="invalid_operations")
        return wire.operations
    legacy = {
        operator: operand
        for operator in OPERATORS
        if (operand := getattr(wire, operator.removeprefix("$"))) is not msgspec.UNSET
    }
    if legacy:
        return [legacy]
    if wire.event == IDENTIFY:
        return []
    if wire.event is not None:
        raise InvalidRequest(
            "this is a track event; the hub keeps recipients and takes identity events only", code="track_event"
        )
    raise InvalidRequest("an identity event needs $user_operations", code="invalid_event")
