"""Identities as a page shows them: secrets masked, and a mark by which a form names one without carrying it. Pure."""

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
    """One identity: `shown` is its value with secrets masked unless `revealed`."""

    channel: str
    identity: Identity
    mark: str
    shown: Json
    masked: bool
    revealed: bool


def shown_channels(profile: Profile, *, reveal: str | None = None) -> dict[str, list[ShownIdentity]]:
    """All identities by channel, in the fixed order of channels; the one with the mark `reveal` in plain text."""
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
    """A name for the identity within its profile that says nothing about it."""
    stored = msgspec.json.encode([channel, identities_to_storage([identity])])
    return hashlib.sha256(stored).hexdigest()[:_MARK_CHARS]


def find_identity(profile: Profile, mark: str) -> tuple[str, Identity] | None:
    """The identity with that mark and its channel, or None if it is no longer there."""
    for channel, identities in profile.channels.items():
        for identity in identities:
            if mark_of(channel, identity) == mark:
                return channel, identity
    return None
