"""Users and objects as rows of a table, and the name by which people know one. Pure."""

from dataclasses import dataclass
from typing import Any

from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.wire import CHANNELS, Json

ROWS = 50
"""Rows of one page of such a table."""
_NAME_KEYS = ("name", "full_name", "display_name")
_MAX_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class Row:
    """A user or an object in the table."""

    key: RecipientKey
    name: str
    channels: dict[str, Any]
    profile: StoredProfile


def table_row(stored: StoredProfile) -> Row:
    """A profile as a row: with the name by which people know the user."""
    profile = decode_profile(stored.properties, stored.channels)
    channels = {channel: profile.channels[channel] for channel in CHANNELS if profile.channels.get(channel)}
    return Row(stored.key, name_of(profile.properties), channels, stored)


def name_of(properties: dict[str, Json]) -> str:
    """A name among the properties, or ''."""
    for key in _NAME_KEYS:
        if type(properties.get(key)) is str:
            return str(properties[key])[:_MAX_NAME_CHARS]
    parts = [properties[key] for key in ("first_name", "last_name") if type(properties.get(key)) is str]
    return " ".join(parts)[:_MAX_NAME_CHARS]
