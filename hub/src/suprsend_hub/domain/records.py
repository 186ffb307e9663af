"""Records that the store returns: plain frozen rows that services pass on and faces render. No behaviour."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.recipient import RecipientKey


class StoredProfile(msgspec.Struct, frozen=True, gc=False):
    """A row of `profile`. `properties`, `channels` and `preferences` are the stored JSON texts.

    `preferences` is None if nothing was chosen, and on pages. `linked` is false for a profile for a tenant that exists
    for its preferences only.
    """

    key: RecipientKey
    profile_id: UUID
    version: int
    properties: str
    channels: str
    created_at: datetime
    updated_at: datetime
    preferences: str | None = None
    linked: bool = True


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """An edit as the history page shows it. `actor` is '' for edits from before the hub recorded actors.

    Edits are applied in the order of `version`, which is that of the profile after the edit, and `position` within it.
    The version is 0 for edits from before the hub recorded it.
    """

    edit_id: UUID
    version: int
    position: int
    source: str
    actor: str
    operations: str
    before: str | None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A rejected record. `record` is JSON with secrets masked; `key.recipient_id` is '' if it names no recipient."""

    key: RecipientKey
    rejected_id: UUID
    code: str
    property_key: str
    message: str
    record: str
    source: str


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace; secrets are encrypted and stay out of the repr.

    `edits_per_second` is 0 without a rate limit, `max_clock_skew_s` is 0 if any Date will do. `tenancy` is the storage
    form of the rules about users and tenants.
    `after_merge`: what a new event for a merged user does, of `merging.AFTER_MERGE`.
    """

    workspace_id: int
    name: str
    workspace_uid: str
    workspace_key: str
    secret_encrypted: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    previous_secret_until: datetime | None
    created_at: datetime
    edits_per_second: int
    burst_edits: int
    disabled_at: datetime | None
    deleting_since: datetime | None
    max_clock_skew_s: int
    after_merge: str
    tenancy: str


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """An API key as it may be shown. Its hint is the last four characters."""

    api_key_id: UUID
    name: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of a recipient to an object (`parent`). `properties` is JSON text."""

    parent: RecipientKey
    subscriber: RecipientKey
    subscription_id: UUID
    properties: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A version of a list that is being filled. The service adds the count."""

    list_id: str
    version_id: UUID
    created_at: datetime
    subscribers_count: int = 0


@dataclass(frozen=True, slots=True)
class SubscriberList:
    """A list. The service adds the count and the drafts.

    With `version_id` it is shown as that draft: `subscribers_count` and `updated_at` are the draft's.
    """

    list_id: str
    list_name: str
    list_description: str
    track_user_entry: bool
    track_user_exit: bool
    live_version: UUID
    created_at: datetime
    updated_at: datetime
    subscribers_count: int = 0
    drafts: Sequence[Draft] = ()
    version_id: UUID | None = None
    is_readonly: bool = False


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant. `tenant_no` is that of its present life. `settings`, `properties` and `preferences` are JSON texts."""

    tenant_id: str
    tenant_no: int
    tenant_name: str
    settings: str
    properties: str
    preferences: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a list."""

    member_id: UUID
    distinct_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A list that a user is a member of. The service adds the list itself."""

    member_id: UUID
    created_at: datetime
    list_id: str
    list: SubscriberList | None = None
