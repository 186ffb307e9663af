"""Read the bodies of users and objects: turn an upsert into operations, unwrap a PATCH, read ids of a bulk deletion.

Edits are all-or-nothing, so wrong types raise here. The fold checks the content of the operations.
"""

from collections.abc import Callable
from typing import Final

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.wire import (
    ACTIVE,
    ANDROIDPUSH,
    APPEND,
    CHANNELS,
    DEVICE_ID,
    DEVICE_ID_FIELD,
    ID_PROVIDER,
    IOSPUSH,
    OBJECT_CHANNELS,
    PROVIDER,
    SET,
    STATUS,
    TOKEN,
    VALUE,
    Json,
    KeyKind,
    kind_of_key,
)

MAX_BULK_DELETE: Final = 1000
"""Ids in one bulk deletion."""
_READ_ONLY: Final = frozenset({"distinct_id", "properties", "created_at", "updated_at"})
"""Keys of a profile that an upsert cannot change. As properties, a profile written back would nest in itself."""
_SHOWN: Final = frozenset(
    {
        VALUE,
        "value_json",
        "id_provider",
        DEVICE_ID_FIELD,
        "bundle_id",
        STATUS,
        "perma_status",
        "status_reason",
        "status_at",
    }
)
"""Keys of an identity in a profile."""
_TOKEN_CHANNELS: Final = frozenset({ANDROIDPUSH, IOSPUSH})
_EMPTY_BODY: Final = "Request body must not be empty"  # documented upstream for edits


def parse_upsert(payload: Json) -> list[Json]:
    """Turn the flat body of an upsert into operations: one `$set` of the properties, then `$append`s by channel.

    Properties are merged key by key and channel values are added, as documented. A channel takes an array or a single
    value: strings; for Android and iOS also objects `{"token", "provider", "device_id"}`; objects for web push, Slack
    and MS Teams. Any channel takes identities as a profile shows them; those not active are left alone. null is stored
    for a custom key, ignored for a channel, and removes language, locale or timezone.

    Raises:
        InvalidRequest: a wrong type, naming the key; code `invalid_value`. Or a key of the profile that is not a
            property; code `read_only_key`. The fold checks formats.
    """
    if type(payload) is not dict:
        raise InvalidRequest("the body must be a JSON object", code=Code.INVALID_BODY)
    if not _READ_ONLY.isdisjoint(payload):
        raise _read_only(next(key for key in payload if key in _READ_ONLY))
    properties: dict[str, Json] = {}
    for key, value in payload.items():
        kind = kind_of_key(key)
        if kind is KeyKind.CHANNEL or kind is KeyKind.INBOX:
            continue
        if kind is KeyKind.LANGUAGE and value is not None and type(value) is not str:
            raise _wrong(key, "a string or null")
        properties[key] = value
    operations: list[Json] = [{SET: properties}] if properties else []
    for channel in CHANNELS:
        given = payload.get(channel)
        if given is not None:
            operations += _channel_operations(channel, given)
    return operations


def _read_only(key: str) -> InvalidRequest:
    return InvalidRequest(
        f"{key!r} is a key of the profile itself and cannot be written; send properties next to the channels, as in "
        '{"name": "Ada", "$email": ["ada@example.com"]}',
        code=Code.READ_ONLY_KEY,
        detail={"key": key},
    )


def _channel_operations(channel: str, given: Json) -> list[Json]:
    many = type(given) is list
    named = [(f"{channel}[{i}]", value) for i, value in enumerate(given)] if many else [(channel, given)]
    values = [(name, _without_status(channel, value)) for name, value in named if not _is_out_of_use(value)]
    if channel in _TOKEN_CHANNELS:
        return [{APPEND: _token_operand(channel, name, value)} for name, value in values]
    expected, wording = (dict, "an object") if channel in OBJECT_CHANNELS else (str, "a string")
    for name, value in values:
        if type(value) is not expected:
            raise _wrong(name, wording if many else f"{wording} or an array of them")
    return [{APPEND: {channel: [value for _, value in values]}}] if values else []


def _is_shown(value: Json) -> bool:
    """Tell whether a value is an identity as a profile shows it, so that callers can send back what they got."""
    return type(value) is dict and VALUE in value and STATUS in value and _SHOWN.issuperset(value)


def _is_out_of_use(value: Json) -> bool:
    """Tell whether a value is a shown identity that is not active. Adding it again would activate it."""
    return _is_shown(value) and value[STATUS] != ACTIVE


def _without_status(channel: str, value: Json) -> Json:
    """Return a shown identity as callers write a new one, and anything else as it is."""
    if not _is_shown(value):
        return value
    if channel in _TOKEN_CHANNELS:
        return {TOKEN: value[VALUE], PROVIDER: value.get("id_provider"), DEVICE_ID_FIELD: value.get(DEVICE_ID_FIELD)}
    return value[VALUE]


def _token_operand(channel: str, name: str, value: Json) -> dict[str, Json]:
    if type(value) is str:
        return {channel: value}
    if type(value) is not dict:
        raise _wrong(name, 'a token string or an object {"token", "provider", "device_id"}')
    operand = {}
    for field, key in ((TOKEN, channel), (PROVIDER, ID_PROVIDER), (DEVICE_ID_FIELD, DEVICE_ID)):
        text = value.get(field)
        if type(text) is not str and (text is not None or field == TOKEN):
            raise _wrong(f"{name}.{field}", "a string")
        operand[key] = text
    return operand


def _wrong(name: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{name} must be {expected}", code=Code.INVALID_VALUE, detail={"key": name})


def parse_patch(payload: Json) -> list[Json]:
    """Return the operations of a PATCH body `{"operations": [<op>, ...]}`; an empty array is valid and changes nothing.

    Raises:
        InvalidRequest: no body, no operations, or not an array of objects. The fold checks their content.
    """
    if payload is not None and type(payload) is not dict:
        raise InvalidRequest('the body must be an object {"operations": [...]}', code=Code.INVALID_BODY)
    if not payload or "operations" not in payload:
        raise InvalidRequest(_EMPTY_BODY, code=Code.EMPTY_BODY)
    operations: list[Json] = payload["operations"]
    if type(operations) is not list:
        raise InvalidRequest("operations must be an array of objects", code=Code.INVALID_OPERATIONS)
    for i, operation in enumerate(operations):
        if type(operation) is not dict:
            raise InvalidRequest(f"operations[{i}] must be an object", code=Code.INVALID_OPERATION)
    return operations


def parse_ids(payload: Json, field: str, check: Callable[[object, str], str]) -> list[str]:
    """Return the ids of a bulk deletion, each as `check` returns it; a body without ids never means "all".

    Raises:
        InvalidRequest: not a list of ids, too many ids, or a wrong id, named by its position.
    """
    ids = payload.get(field) if type(payload) is dict else None
    if type(ids) is not list:
        raise InvalidRequest(f"{field} is required", code=Code.MISSING_IDS)
    if len(ids) > MAX_BULK_DELETE:
        raise InvalidRequest(
            f"{field} has {len(ids)} ids; send at most {MAX_BULK_DELETE} in one request", code=Code.TOO_MANY_IDS
        )
    return [check(item, f"{field}[{index}]") for index, item in enumerate(ids)]
