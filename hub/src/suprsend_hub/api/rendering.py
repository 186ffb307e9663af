"""Stored profiles and pages as the contract's JSON."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from suprsend_hub.domain.profile import decode_profile, profile_to_wire
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.pages import Page

_Row = TypeVar("_Row")
_encode = msgspec.json.Encoder().encode


def timestamp(moment: datetime) -> str:
    """`2025-04-04T21:37:36.712496+00:00`: always microseconds, always UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def user_json(user: StoredProfile) -> bytes:
    """The user object with channels."""
    return _encode(user_object(user))


def user_object(user: StoredProfile) -> dict[str, object]:
    """The user object: identity, properties, times, then a key per channel that has identities."""
    wire = profile_to_wire(decode_profile(user.properties, user.channels))
    return {
        "distinct_id": user.key.recipient_id,
        "properties": wire.pop("properties"),
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        **wire,
    }


def profile_summary(user: StoredProfile) -> dict[str, object]:
    """The short form of lists: no channels. The stored JSON goes out as it is."""
    return {
        "distinct_id": user.key.recipient_id,
        "properties": msgspec.Raw(user.properties.encode()),
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
    }


def page_json(
    page: Page[_Row], render: Callable[[_Row], Mapping[str, object]], more_meta: Mapping[str, object] | None = None
) -> bytes:
    """A page in the `meta`/`results` form."""
    return _encode({"meta": {**page.meta(), **(more_meta or {})}, "results": [render(row) for row in page.rows]})
