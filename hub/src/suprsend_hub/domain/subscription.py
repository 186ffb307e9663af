"""Requests to subscribe recipients to an object, with inline changes and properties."""

from dataclasses import dataclass, field

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
