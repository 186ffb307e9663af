"""Turn users and objects into rows of a table, with their names. Pure."""

from dataclasses import dataclass
from typing import Any

from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.wire import CHANNELS, Json

ROWS = 50
"""How many rows one page of such a table has."""
_NAME_KEYS = ("name", "full_name", "display_name")
_MAX_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: a user or an object."""

    key: RecipientKey
    name: str
    channels: dict[str, Any]
    profile: StoredProfile


def table_row(stored: StoredProfile) -> Row:
    """Return a profile as a row, with the user's or object's name."""
    profile = decode_profile(stored.properties, stored.channels)
    channels = {channel: profile.channels[channel] for channel in CHANNELS if profile.channels.get(channel)}
    return Row(stored.key, name_of(profile.properties), channels, stored)


def name_of(properties: dict[str, Json]) -> str:
    """Return the name that the properties contain, or ''."""
    for key in _NAME_KEYS:
        if type(properties.get(key)) is str:
            return str(properties[key])[:_MAX_NAME_CHARS]
    parts = [properties[key] for key in ("first_name", "last_name") if type(properties.get(key)) is str]
    return " ".join(parts)[:_MAX_NAME_CHARS]
