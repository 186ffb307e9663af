"""What a tombstone keeps of a merged user, so that the merge can be taken back: profiles, subscriptions, memberships.

A snapshot says of each part whether it came to the primary with the merge. Only that can be taken back from there.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from suprsend_hub.domain.merging import Taken


class ProfileSnapshot(msgspec.Struct, frozen=True):
    """A profile of the secondary. `properties`, `channels` and `preferences` are the stored texts.

    `linked`: it was more than preferences. `moved`: the primary had no profile for this tenant, so it got a copy of
    this one. `primary_linked`: the primary had one that was more than preferences.
    """

    tenant_no: int
    profile_id: UUID
    created_at: datetime
    properties: str
    channels: str
    preferences: str | None
    linked: bool
    taken: Taken
    moved: bool
    primary_linked: bool


class SubscriptionSnapshot(msgspec.Struct, frozen=True):
    """A subscription of the secondary. `moved`: the primary had none to this object."""

    object_type: str
    object_id: str
    subscription_id: UUID
    properties: str
    created_at: datetime
    updated_at: datetime
    moved: bool


class MembershipSnapshot(msgspec.Struct, frozen=True):
    """A membership of the secondary in a version of a list. `moved`: the primary was no member of it."""

    list_id: str
    version_id: UUID
    member_id: UUID
    created_at: datetime
    moved: bool


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that the secondary was. `former_ids` lead, or were merged, to it."""

    profiles: list[ProfileSnapshot]
    subscriptions: list[SubscriptionSnapshot]
    memberships: list[MembershipSnapshot]
    former_ids: list[str]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Snapshot).decode


def encode_snapshot(snapshot: Snapshot) -> str:
    """Return the text that a tombstone stores."""
    return _encode(snapshot).decode()


def decode_snapshot(text: str) -> Snapshot:
    """Return a snapshot from its stored text; the reverse of `encode_snapshot`."""
    return _decode(text)
