"""Arrange the fields of a tenant for its page. Pure."""

import re
from dataclasses import dataclass

from suprsend_hub.console.formats import channel_list
from suprsend_hub.domain.tenant import TenantSettings

_COLOUR = re.compile("#(?:[0-9A-Fa-f]{3,4}){1,2}")


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is set. `colour` is the value again where it is one that a browser can show."""

    label: str
    value: str
    colour: str | None = None


def shown_fields(settings: TenantSettings) -> list[Field]:
    """Return the fields that are set, in their fixed order."""
    texts = [
        ("Timezone", settings.timezone),
        ("Logo", settings.logo),
        ("Primary colour", settings.primary_color),
        ("Secondary colour", settings.secondary_color),
        ("Tertiary colour", settings.tertiary_color),
        ("Preference page, embedded", settings.embedded_preference_url),
        ("Preference page, hosted at", settings.hosted_preference_domain),
        *((f"Link: {name}", url) for name, url in settings.social_links.items()),
    ]
    fields = [Field(label, text, _colour(text)) for label, text in texts if text]
    if settings.blocked_channels:
        fields.append(Field("Blocked channels", channel_list(settings.blocked_channels)))
    return fields


def _colour(text: str) -> str | None:
    return text if _COLOUR.fullmatch(text) else None
