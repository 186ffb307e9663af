"""Profiles: properties and channel identities of a user or an object, with their storage form and wire form.

The storage form is two compact JSON texts. It must be kept byte for byte (a `text` or `json` column): PostgreSQL's
`jsonb` would turn `1e16` into an integer, `-0.0` into `0.0`, and reorder keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from .wire import ACTIVE, CHANNELS, LOCALE, PREFERRED_LANGUAGE, TIMEZONE, Json


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address of a profile on one channel. Immutable, so folds may share it between profiles.

    `value` is a string, or an object for web push, Slack and MS Teams. `bundle_id` and `device_id` only with push.
    `status_reason` and `status_at` are those of the latest delivery feedback (`feedback`), None if there was none.
    """

    value: str | dict[str, Any]
    id_provider: str | None = None
    device_id: str | None = None
    bundle_id: str | None = None
    status: str = ACTIVE
    perma_status: str = ACTIVE
    status_reason: str | None = None
    status_at: str | None = None

    @property
    def is_usable(self) -> bool:
        """Tell whether messages may be sent to the address."""
        return self.status == ACTIVE and self.perma_status == ACTIVE


@dataclass(slots=True)
class Profile:
    """Properties by key, and identities by channel (`$email`, ...) in the order they were added.

    A channel without identities has no key. Folds share unchanged values between profiles, so treat what is inside
    as read-only and replace it instead.

    `bytes_bound` is an upper bound of the storage form's size in bytes, or None if unknown. It lets a fold skip
    measuring small profiles. Do not change it; but if you add more than a few hundred bytes by hand, set it to None.

    `preferences` is the storage form of the recipient's choices (`choices`), which nobody reads on the way.
    """

    properties: dict[str, Json] = field(default_factory=dict)
    channels: dict[str, list[Identity]] = field(default_factory=dict)
    bytes_bound: int | None = field(default=None, compare=False, repr=False)
    preferences: str | None = None


class Languages(
    msgspec.Struct,
    frozen=True,
    rename={"language": PREFERRED_LANGUAGE, "locale": LOCALE, "timezone": TIMEZONE},
):
    """What the properties of a profile say about language and time; the other properties are not even decoded."""

    language: str | None = None
    locale: str | None = None
    timezone: str | None = None

    def over(self, other: Languages) -> Languages:
        """Return what applies within a tenant that has these: each by itself, else that of `other`."""
        return Languages(self.language or other.language, self.locale or other.locale, self.timezone or other.timezone)


_encode: Final = msgspec.json.Encoder().encode
_decode_languages: Final = msgspec.json.Decoder(Languages).decode
_decode_properties: Final = msgspec.json.Decoder(dict[str, Any]).decode
_channels_decoder: Final = msgspec.json.Decoder(dict[str, list[Identity]])
_MAX_UTF8_BYTES_PER_CHAR: Final = 4


def encode_properties(profile: Profile) -> str:
    """Return the properties in storage form."""
    return _encode(profile.properties).decode()


def encode_channels(profile: Profile) -> str:
    """Return the channels in storage form, without defaults (`active`, no provider)."""
    return _encode(profile.channels).decode()


def decode_profile(properties_json: str | bytes, channels_json: str | bytes, preferences: str | None = None) -> Profile:
    """Return a profile from its storage form; the exact reverse of the two encoders.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: the encoders did not write these texts (a damaged row).
    """
    bound = _bytes_bound(properties_json) + _bytes_bound(channels_json)
    if preferences is not None:
        bound += _bytes_bound(preferences)
    return Profile(_decode_properties(properties_json), decode_channels(channels_json), bound, preferences)


def decode_channels(channels_json: str | bytes) -> dict[str, list[Identity]]:
    """Return the channels of a profile from their storage form; raises as `decode_profile` does."""
    return _channels_decoder.decode(channels_json)


def decode_languages(properties_json: str | bytes) -> Languages:
    """Return the languages of a profile from the storage form of its properties; raises as `decode_profile` does."""
    return _decode_languages(properties_json)


def _bytes_bound(text: str | bytes) -> int:
    return len(text) if text.isascii() else len(text) * _MAX_UTF8_BYTES_PER_CHAR


def identities_to_storage(identities: list[Identity]) -> list[Json]:
    """Return identities as plain JSON in storage form, as in a history entry."""
    plain: list[Json] = msgspec.to_builtins(identities)
    return plain


def identity_to_wire(identity: Identity) -> dict[str, Json]:
    """Return the entry of one identity in a user object.

    An object is given under `value_json` and again under `value`, so that readers of both published samples work.
    """
    value = identity.value
    entry: dict[str, Json] = {"value": value}
    if type(value) is dict:
        entry["value_json"] = value
    if identity.id_provider is not None:
        entry["id_provider"] = identity.id_provider
    if identity.device_id is not None:
        entry["device_id"] = identity.device_id
    if identity.bundle_id is not None:
        entry["bundle_id"] = identity.bundle_id
    entry["status"] = identity.status
    entry["perma_status"] = identity.perma_status
    if identity.status_reason is not None:
        entry["status_reason"] = identity.status_reason
    if identity.status_at is not None:
        entry["status_at"] = identity.status_at
    return entry


def channels_to_wire(channels: dict[str, list[Identity]]) -> dict[str, Json]:
    """Return the `$<channel>` part of a user object; shares values with the profile.

    Channels come in the fixed order of `wire.CHANNELS`; one without identities has no key.
    """
    return {
        channel: [identity_to_wire(identity) for identity in identities]
        for channel in CHANNELS
        if (identities := channels.get(channel))
    }


def profile_to_wire(profile: Profile) -> dict[str, Json]:
    """Return the `properties` and `$<channel>` part of a user object; shares values with the profile."""
    return {"properties": profile.properties, **channels_to_wire(profile.channels)}
