"""Tenants: the fields of one, the changes that a request makes to them, and the tenant that every workspace has."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from .codes import Code
from .errors import InvalidRequest, invalid_field
from .limits import MAX_TENANT_BYTES
from .preference_terms import Channel
from .wire import Json

DEFAULT_TENANT: Final = "default"
"""The tenant that every workspace has. It can be changed and not deleted."""

SOCIAL_LINKS: Final = (
    "website", "facebook", "linkedin", "x", "instagram", "medium", "discord", "telegram", "youtube", "tiktok",
)  # fmt: skip
"""In the order in which a tenant shows them."""
FORMER_NAME_OF_X: Final = "twitter"

_MARKUP: Final = re.compile("<[A-Za-z/!?]")
_encode: Final = msgspec.json.Encoder().encode


class TenantSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a tenant sets for its messages and its preference page. A link that is not there is an empty text."""

    logo: str | None = None
    timezone: str | None = None
    blocked_channels: tuple[Channel, ...] | None = None
    embedded_preference_url: str | None = None
    hosted_preference_domain: str | None = None
    primary_color: str | None = None
    secondary_color: str | None = None
    tertiary_color: str | None = None
    social_links: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class TenantChange:
    """The fields of a tenant to save; what is UNSET stays. Links and properties are merged key by key.

    `name_field`: how the request calls the name.
    """

    tenant_name: str | None = None
    logo: str | UnsetType | None = UNSET
    timezone: str | UnsetType | None = UNSET
    blocked_channels: tuple[Channel, ...] | UnsetType = UNSET
    embedded_preference_url: str | UnsetType | None = UNSET
    hosted_preference_domain: str | UnsetType | None = UNSET
    primary_color: str | UnsetType | None = UNSET
    secondary_color: str | UnsetType | None = UNSET
    tertiary_color: str | UnsetType | None = UNSET
    social_links: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Json] = field(default_factory=dict)
    name_field: str = "tenant_name"

    def apply_to_settings(self, stored: TenantSettings) -> TenantSettings:
        """Return the settings after the change. A link that is set to an empty text is removed."""
        names = (name for name in TenantSettings.__struct_fields__ if name != "social_links")
        given: dict[str, Any] = {name: value for name in names if (value := getattr(self, name)) is not UNSET}
        merged = {**stored.social_links, **self.social_links}
        links = {name: merged[name] for name in SOCIAL_LINKS if merged.get(name)}
        return msgspec.structs.replace(stored, **given, social_links=links)

    def apply_to_properties(self, stored: dict[str, Json]) -> dict[str, Json]:
        """Return the properties after the change."""
        return {**stored, **self.properties}

    @property
    def names(self) -> list[str]:
        """Return the names of the fields that the change has, in order."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return [
            name
            for name, value in given.items()
            if value is not UNSET and value != {} and name != "name_field" and (name, value) != ("tenant_name", None)
        ]


def is_markup(text: str) -> bool:
    """Tell whether a text holds HTML: a `<` that begins a tag or a comment. `a < b` and `<3` are text."""
    return _MARKUP.search(text) is not None


def name_required(change: TenantChange) -> InvalidRequest:
    """Return the error for a new tenant without a name."""
    return invalid_field(change.name_field, "This field is required.")


def check_size(settings: str, properties: str) -> None:
    """Raise InvalidRequest if a tenant, in storage form, is above its limit."""
    size = len(settings.encode()) + len(properties.encode())
    if size > MAX_TENANT_BYTES:
        raise InvalidRequest(
            f"the tenant would have {size} bytes; its fields and properties may have {MAX_TENANT_BYTES} together",
            code=Code.TENANT_TOO_LARGE,
        )


def check_deletable(tenant_id: str) -> None:
    """Raise InvalidRequest for the tenant that every workspace has."""
    if tenant_id == DEFAULT_TENANT:
        raise InvalidRequest(
            f"the tenant '{DEFAULT_TENANT}' cannot be deleted, because every workspace has it",
            code=Code.TENANT_IS_PERMANENT,
        )


_decode_settings: Final = msgspec.json.Decoder(TenantSettings).decode
_decode_properties: Final = msgspec.json.Decoder(dict[str, Any]).decode


def encode_settings(settings: TenantSettings) -> str:
    """Return the settings in storage form."""
    return _encode(settings).decode()


def decode_settings(text: str) -> TenantSettings:
    """Return the settings from their storage form; raises a msgspec error for a damaged row."""
    return _decode_settings(text)


def encode_properties(properties: dict[str, Json]) -> str:
    """Return the properties in storage form."""
    return _encode(properties).decode()


def decode_properties(text: str) -> dict[str, Json]:
    """Return the properties from their storage form; raises a msgspec error for a damaged row."""
    return _decode_properties(text)
