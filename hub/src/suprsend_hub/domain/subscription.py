"""Requests to subscribe recipients to an object, with inline changes and properties."""

from dataclasses import dataclass, field

import msgspec

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.limits import MAX_SUBSCRIPTION_BYTES
from suprsend_hub.domain.values import InvalidValue, check_key, check_value
from suprsend_hub.domain.wire import Json

MAX_RECIPIENTS = 100
"""Recipients in one call, as published."""
MAX_NESTING = 2
"""Object-to-object subscriptions in a chain; a team in a department in a company has two."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient to subscribe. `operations` are its inline changes, empty for a plain reference."""

    object_type: str
    recipient_id: str
    operations: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """Recipients to subscribe to an object. `parent_operations` is None unless the object is upserted too."""

    recipients: tuple[Recipient, ...]
    properties: dict[str, Json]
    parent_operations: list[Json] | None


def check_properties(properties: dict[str, Json]) -> None:
    """Reject properties of a subscription that cannot be stored or are too large; InvalidRequest, naming the key."""
    for key, value in properties.items():
        try:
            check_key(key)
            check_value(value)
        except InvalidValue as error:
            raise InvalidRequest(f"`properties`, key {key[:80]!r}: {error}", code=Code.INVALID_PROPERTIES) from error
    size = len(msgspec.json.encode(properties))
    if size > MAX_SUBSCRIPTION_BYTES:
        raise InvalidRequest(
            f"`properties` have {size} bytes of JSON; a subscription may have at most {MAX_SUBSCRIPTION_BYTES}",
            code=Code.PROPERTIES_TOO_LARGE,
        )
