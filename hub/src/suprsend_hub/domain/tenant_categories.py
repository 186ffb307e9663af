"""What a tenant sets for categories in place of the workspace's defaults: one document, changed by operations.

As with the choices of recipients, the document holds only what was set, and applying an operation twice equals once.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from .preference_terms import Channel, Preference, ordered
from .wire import Json


class CategoryOverride(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tenant's settings for one category. None means the workspace's default; an empty list means no channel."""

    preference: Preference | None = None
    enabled_for_tenant: bool = True
    visible_to_subscriber: bool = True
    mandatory_channels: tuple[Channel, ...] | None = None
    opt_in_channels: tuple[Channel, ...] | None = None
    blocked_channels: tuple[Channel, ...] | None = None
    digest_schedule: dict[str, Any] | None = None
    properties: dict[str, Any] = {}
    updated_at: datetime | None = None


class TenantCategories(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tenant's settings by category. Treat the dict as read-only."""

    categories: dict[str, CategoryOverride] = {}

    def find(self, slug: str) -> CategoryOverride:
        """Return the settings for a category; NO_OVERRIDE if the tenant has none."""
        return self.categories.get(slug, NO_OVERRIDE)


NO_OVERRIDE: Final = CategoryOverride()
NO_OVERRIDES: Final = TenantCategories()


class SetOverride(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="op", tag="set_override"):
    """Change the settings for one category: what is unset stays, None returns to the workspace's default."""

    category: str
    preference: Preference | UnsetType | None = UNSET
    enabled_for_tenant: bool | UnsetType = UNSET
    visible_to_subscriber: bool | UnsetType = UNSET
    mandatory_channels: tuple[Channel, ...] | UnsetType | None = UNSET
    opt_in_channels: tuple[Channel, ...] | UnsetType | None = UNSET
    blocked_channels: tuple[Channel, ...] | UnsetType | None = UNSET
    digest_schedule: dict[str, Any] | UnsetType | None = UNSET
    properties: dict[str, Any] | UnsetType | None = UNSET
    updated_at: datetime | UnsetType | None = UNSET


_CHANNEL_FIELDS: Final = frozenset({"mandatory_channels", "opt_in_channels", "blocked_channels"})


def apply(document: TenantCategories, operation: SetOverride) -> TenantCategories:
    """Return the document after an operation."""
    stored = document.find(operation.category)
    given = {name: value for name, value in _settings(operation).items() if value is not UNSET}
    for name in _CHANNEL_FIELDS & given.keys():
        given[name] = None if given[name] is None else ordered(given[name])
    if "properties" in given:
        merged = {**stored.properties, **given["properties"]} if given["properties"] is not None else {}
        given["properties"] = {key: value for key, value in merged.items() if value is not None}
    override = msgspec.structs.replace(stored, **given)
    return TenantCategories({**document.categories, operation.category: override})


def _settings(operation: SetOverride) -> dict[str, Any]:
    return {name: getattr(operation, name) for name in CategoryOverride.__struct_fields__}


_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(TenantCategories).decode


def encode(document: TenantCategories) -> str:
    """Return the document in storage form; equal documents have equal texts."""
    return _encode(document).decode()


def decode(text: str | bytes) -> TenantCategories:
    """Return the document from its storage form.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: `encode` did not write this text (a damaged row).
    """
    return _decode(text)


def operation_to_json(operation: SetOverride) -> dict[str, Json]:
    """Return an operation as JSON, in which it can be recorded."""
    plain: dict[str, Json] = msgspec.to_builtins(operation, order="deterministic")
    return plain


class _Blocked(msgspec.Struct, frozen=True):
    blocked_channels: tuple[str, ...] | None = None


_decode_blocked: Final = msgspec.json.Decoder(_Blocked).decode


def decode_blocked_channels(settings: str | bytes) -> frozenset[Channel]:
    """Return the channels that a tenant blocks for everything, from its stored settings; raises as `decode`."""
    blocked = _decode_blocked(settings).blocked_channels or ()
    return frozenset(channel for channel in Channel if channel in blocked)
