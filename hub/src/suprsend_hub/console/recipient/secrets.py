"""Prepare identities for pages: mask secrets, and mark each identity so that forms can name it. Pure."""

import hashlib
from dataclasses import dataclass

import msgspec

from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.profile import Identity, Profile, identities_to_storage
from suprsend_hub.domain.values import same_value
from suprsend_hub.domain.wire import CHANNELS, Json

_MARK_CHARS = 24


@dataclass(frozen=True, slots=True)
class ShownIdentity:
    """One identity. `shown` is its value, with secrets masked unless `revealed`."""

    channel: str
    identity: Identity
    mark: str
    shown: Json
    masked: bool
    revealed: bool


def shown_channels(profile: Profile, *, reveal: str | None = None) -> dict[str, list[ShownIdentity]]:
    """Return all identities by channel, in the fixed order of channels; the one marked `reveal` in plain text."""
    shown: dict[str, list[ShownIdentity]] = {}
    for channel in CHANNELS:
        identities = profile.channels.get(channel)
        if identities:
            shown[channel] = [_shown(channel, identity, reveal) for identity in identities]
    return shown


def _shown(channel: str, identity: Identity, reveal: str | None) -> ShownIdentity:
    mark = mark_of(channel, identity)
    masked_value = mask_secrets({channel: {"value": identity.value}})[channel]["value"]
    revealed = reveal == mark
    return ShownIdentity(
        channel, identity, mark, identity.value if revealed else masked_value,
        not same_value(identity.value, masked_value), revealed,
    )  # fmt: skip


def mark_of(channel: str, identity: Identity) -> str:
    """Return a name for the identity that is unique within its profile and reveals nothing about it."""
    stored = msgspec.json.encode([channel, identities_to_storage([identity])])
    return hashlib.sha256(stored).hexdigest()[:_MARK_CHARS]


def find_identity(profile: Profile, mark: str) -> tuple[str, Identity] | None:
    """Return the identity with that mark and its channel, or None if the profile no longer has it."""
    for channel, identities in profile.channels.items():
        for identity in identities:
            if mark_of(channel, identity) == mark:
                return channel, identity
    return None
