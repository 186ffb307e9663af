"""Read bodies of `POST /event/`: split an array into the texts of its events, then read each text as an event.

An event has schema 2 or one of the two legacy forms of old SDKs. The fold checks the operations inside, not this
module, because a bad operation does not affect the others.
"""

from typing import Any
from uuid import UUID

import msgspec

from suprsend_hub.api.bodies.flaws import find_flaw, split_array
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, TooLarge
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.ids import check_distinct_id, check_new_id, check_tenant_id, insert_key
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.wire import OPERATORS, Json

IDENTIFY = "$identify"
MAX_EVENTS = 400
"""Events in one request, as in the official SDKs."""
MAX_EVENT_BYTES = 32_768
"""32 KiB for one event; clients stop at 10,240 of their own counting."""
MAX_INSERT_ID_CHARS = 255

_raw_array = msgspec.json.Decoder(list[msgspec.Raw])
_raw = msgspec.json.Decoder(msgspec.Raw)


def check_encoding(body: bytes) -> None:
    """Reject a body that is not UTF-8; the decoders skip the parts that they do not need, with any such bytes."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}", code=Code.INVALID_JSON) from error


def split_events(body: bytes) -> list[bytes]:
    """Return the events of an array, each as its own text. Those that are not JSON have a flaw that an SDK can write.

    Raises:
        InvalidRequest: the whole request is rejected for what no SDK can produce: invalid JSON, too many events, or an
            element that is not an object; and if every event has a flaw, since nothing is left to apply.
    """
    texts = _split(body)
    if len(texts) > MAX_EVENTS:
        raise InvalidRequest(
            f"the request has {len(texts)} events; send at most {MAX_EVENTS} in one request", code=Code.TOO_MANY_EVENTS
        )
    for index, text in enumerate(texts):
        if text[:1] != b"{":
            raise InvalidRequest(f"event {index} of the array is not a JSON object", code=Code.INVALID_EVENT)
    return texts


def _split(body: bytes) -> list[bytes]:
    """Return the elements of an array, each as its own JSON text; InvalidRequest if it is not JSON."""
    try:
        return [bytes(raw) for raw in _raw_array.decode(body)]
    except msgspec.DecodeError as error:
        problem = InvalidRequest(f"the body is not valid JSON: {error}", code=Code.INVALID_JSON)
    except RecursionError:
        problem = InvalidRequest("the body is nested too deeply", code=Code.TOO_DEEP)
    texts = split_array(body)
    if texts is None:
        raise problem
    flawed = [_problem(text, index, problem) for index, text in enumerate(texts)]
    if None not in flawed and flawed[0] is not None:
        raise flawed[0]
    return texts


def _problem(text: bytes, index: int, unknown: InvalidRequest) -> InvalidRequest | None:
    """Return why an element is not JSON, or None if it is. Raise `unknown` unless an SDK can have written that."""
    try:
        _raw.decode(text)
    except msgspec.DecodeError:
        flaw = find_flaw(text)
        if flaw is None:
            raise unknown from None
        return InvalidRequest(f"event {index} of the array is not valid JSON: {flaw.reason}", code=Code.INVALID_JSON)
    except RecursionError:
        return InvalidRequest(f"event {index} of the array is nested too deeply", code=Code.TOO_DEEP)
    return None


class _Wire(msgspec.Struct):
    """The fields that the hub uses. They accept any type, so that the checks below can word the errors."""

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
        TooLarge: the text is above the limit of an event.
        InvalidRequest: the text is not a JSON object, has a wrong field (which is named), or is a track event.
    """
    if len(text) > MAX_EVENT_BYTES:
        raise TooLarge(
            f"the event has {len(text)} bytes; send at most {MAX_EVENT_BYTES} in one event", code=Code.EVENT_TOO_LARGE
        )
    try:
        wire = _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"an event must be a JSON object: {error}", code=Code.INVALID_EVENT) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        flaw = find_flaw(text)
        raise InvalidRequest(
            f"the event is not valid JSON: {flaw.reason if flaw else error}", code=Code.INVALID_JSON
        ) from error
    except RecursionError as error:
        raise InvalidRequest("the event is nested too deeply", code=Code.TOO_DEEP) from error
    return IdentityEvent(
        distinct_id=check_new_id(check_distinct_id(wire.distinct_id)),
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
    if type(insert_id) is str and len(insert_id) > MAX_INSERT_ID_CHARS:
        raise InvalidRequest(
            f"$insert_id must have at most {MAX_INSERT_ID_CHARS} characters", code=Code.INVALID_INSERT_ID
        )
    return insert_key(insert_id)


def _env(env: Json) -> str | None:
    if env is None or type(env) is str:
        return env
    raise InvalidRequest("`env` must be a string: the workspace key or uid", code=Code.WRONG_ENV)


def _operations(wire: _Wire) -> list[Json]:
    """Return the operations: a list in schema 2; in legacy events one top-level operator, or none (`$identify`)."""
    if wire.operations is not msgspec.UNSET:
        if type(wire.operations) is not list:
            raise InvalidRequest("$user_operations must be an array of objects", code=Code.INVALID_OPERATIONS)
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
            "this is a track event; the hub stores recipients and accepts identity events only",
            code=Code.TRACK_EVENT,
        )
    raise InvalidRequest("an identity event needs $user_operations", code=Code.INVALID_EVENT)


def read_rejected(text: bytes) -> tuple[Json, str]:
    """Return what is readable in a text that is not an event: its JSON (else its beginning), and the user (else '')."""
    try:
        record = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        flaw = find_flaw(text)
        if flaw is None:
            return text[:1000].decode("utf-8", "replace"), ""
        record = mask_secrets(flaw.record)
    if type(record) is not dict:
        return record, ""
    try:
        return record, check_distinct_id(record.get("distinct_id"))
    except InvalidRequest:
        return record, ""
