"""Compare what a tenant sets for a user with what applies to the user there, key by key. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from suprsend_hub.console.recipient.secrets import ShownIdentity, shown_channels
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.wire import CHANNELS, Json


class Source(StrEnum):
    """Whose value applies within a tenant."""

    TENANT = "tenant"
    """The tenant's; there is no global one."""
    REPLACED = "replaced"
    """The tenant's, in place of the global one."""
    GLOBAL = "global"
    """The global one."""
    UNUSED = "unused"
    """Nothing: the channel does not fall through to the tenant."""


@dataclass(frozen=True, slots=True)
class ChannelOverlay:
    """A channel: what the tenant sets, what applies there, and whose that is."""

    channel: str
    own: Sequence[ShownIdentity]
    applied: Sequence[ShownIdentity]
    source: Source


@dataclass(frozen=True, slots=True)
class PropertyOverlay:
    """A property: the value that applies, and whose it is."""

    key: str
    applied: Json
    source: Source


def channel_overlays(base: Profile, own: Profile, merged: Profile) -> list[ChannelOverlay]:
    """Return all channels that the global profile or the tenant's has, in the fixed order of channels."""
    ours, everything, applied = shown_channels(own), shown_channels(base), shown_channels(merged)
    return [
        ChannelOverlay(
            channel, ours.get(channel, ()), applied.get(channel, ()),
            _source(channel, base.channels, own.channels) if channel in merged.channels else Source.UNUSED,
        )
        for channel in CHANNELS
        if channel in ours or channel in everything
    ]  # fmt: skip


def property_overlays(base: Profile, own: Profile, merged: Profile) -> list[PropertyOverlay]:
    """Return all properties that apply, the tenant's first; secrets are masked."""
    masked: dict[str, Any] = mask_secrets(merged.properties)
    rows = [PropertyOverlay(key, value, _source(key, base.properties, own.properties)) for key, value in masked.items()]
    return sorted(rows, key=lambda row: row.source is Source.GLOBAL)


def _source(key: str, base: Container[str], own: Container[str]) -> Source:
    if key not in own:
        return Source.GLOBAL
    return Source.REPLACED if key in base else Source.TENANT
