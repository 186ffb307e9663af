"""Shapes of the hub's answers, for type checkers and completion; at run time they are plain dicts. A leaf.

The hub may add keys. Those that only some answers have are not required.
"""

from __future__ import annotations

from typing import Any, Generic, NotRequired, TypedDict, TypeVar

T = TypeVar("T")


class PageMeta(TypedDict):
    """Where a page is: the number of all results, the page size, and the cursors of its neighbours."""

    count: int
    limit: int
    has_prev: bool
    before: str | None
    has_next: bool
    after: str | None


class Page(TypedDict, Generic[T]):
    """A page of results, walked by cursor."""

    meta: PageMeta
    results: list[T]


class OffsetMeta(TypedDict):
    """Where a page is: the number of all results, the page size, and the number of results before it."""

    count: int
    limit: int
    offset: int


class OffsetPage(TypedDict, Generic[T]):
    """A page of results, walked by offset."""

    meta: OffsetMeta
    results: list[T]


class Identity(TypedDict):
    """An address, number, token or account on a channel; ``value`` is a dict for web push, Slack and Teams."""

    value: Any
    status: str
    perma_status: str
    value_json: NotRequired[dict[str, Any]]
    id_provider: NotRequired[str]
    device_id: NotRequired[str]
    bundle_id: NotRequired[str]
    status_reason: NotRequired[str]
    status_at: NotRequired[str]


_Channels = TypedDict(
    "_Channels",
    {
        "$email": list[Identity],
        "$sms": list[Identity],
        "$whatsapp": list[Identity],
        "$inbox": list[Identity],
        "$androidpush": list[Identity],
        "$iospush": list[Identity],
        "$webpush": list[Identity],
        "$slack": list[Identity],
        "$ms_teams": list[Identity],
    },
    total=False,
)


class TenantPart(_Channels):
    """What was set for a user within a tenant, and nothing else."""

    tenant_id: str
    properties: dict[str, Any]


class _User(_Channels):
    distinct_id: str
    properties: dict[str, Any]
    created_at: str
    updated_at: str
    warnings: NotRequired[list[str]]


class UserProfile(_User):
    """A user. Language, locale and time zone are among the properties; a channel without identities is absent.

    Users who were listed or edited for a tenant have its part, ``tenant``.
    """

    tenant: NotRequired[TenantPart]


class Unmerged(TypedDict):
    """Two users after a merge was taken back. `kept`: keys that came with the merge and stay, as they have changed."""

    user: UserProfile
    from_user: UserProfile
    kept: list[str]


class ManyUsers(TypedDict):
    """Users that were read together: each once, in the order of the ids. Every other id is in one of the other fields.

    ``aliases``: ids that lead to a user in the results with another id. ``merged_into``: which users those among
    ``not_found`` were merged into. ``not_read``: ids for which the answer had no room; ask for them again.
    """

    results: list[UserProfile]
    aliases: dict[str, str]
    not_found: list[str]
    merged_into: dict[str, str]
    not_read: list[str]


class FoundUsers(TypedDict):
    """Users with an address, and the ids of those for whom the answer had no room."""

    results: list[UserProfile]
    not_read: list[str]


class ChannelResolution(TypedDict):
    """Whether to send on a channel, the rule that decided, and the addresses to use; none if not."""

    channel: str
    send: bool
    rule: str
    addresses: list[Identity]


class Resolution(TypedDict):
    """Whether to send to a user (``distinct_id``) or object (``object_type`` and ``id``), and the rule that decided.

    ``rule`` is one of ``channel_inactive``, ``channel_blocked``, ``category_disabled``, ``mandatory``,
    ``channel_restricted``, ``chosen``, ``tenant``, ``default`` and ``no_address``.
    """

    distinct_id: NotRequired[str]
    object_type: NotRequired[str]
    id: NotRequired[str]
    send: bool
    rule: str
    channels: list[ChannelResolution]
    language: str | None
    locale: str | None
    timezone: str | None


class ResolvedUsers(TypedDict):
    """Users that were resolved together: each once, in the order of the ids. The other fields are as in ManyUsers."""

    results: list[Resolution]
    aliases: dict[str, str]
    not_found: list[str]
    merged_into: dict[str, str]
    not_read: list[str]


class DeliveryReport(TypedDict):
    """What a delivery came to.

    ``event``: ``hard_bounce``, ``complaint``, ``stop``, ``dead_token`` or ``recovered``. Without ``distinct_id`` or
    ``object`` it is about everybody who has the address, which is possible for ``email``, ``sms`` and ``whatsapp``.
    ``time``: ISO 8601 with an offset, or milliseconds since 1970. ``insert_id``: the report counts once by it.
    """

    channel: str
    value: Any
    event: str
    distinct_id: NotRequired[str]
    object: NotRequired[dict[str, str]]
    time: NotRequired[str | int]
    insert_id: NotRequired[str]


class ChannelStatusResult(TypedDict):
    """What became of a report (applied, duplicate, not_found, refused), and how many profiles it reached."""

    outcome: str
    profiles: int
    error_code: NotRequired[str]
    message: NotRequired[str]


class ChannelStatusResults(TypedDict):
    """A result for each report, in order."""

    results: list[ChannelStatusResult]


class TenantUser(_User):
    """A user within a tenant: what applies there. ``tenant`` is the part that was set for the tenant."""

    tenant: TenantPart


class ObjectProfile(_Channels):
    """An object, with the number of its direct subscribers."""

    object_type: str
    id: str
    subscriptions_count: int
    properties: dict[str, Any]
    created_at: str
    updated_at: str
    warnings: NotRequired[list[str]]


class Subscription(TypedDict):
    """A subscription to an object. Either ``user`` or ``object`` is the subscriber, the other is None."""

    properties: dict[str, Any]
    user: dict[str, Any] | None
    object: dict[str, Any] | None
    created_at: str
    updated_at: str


class SubscribedTo(TypedDict):
    """A subscription of a user or object. ``object`` is what it is subscribed to."""

    properties: dict[str, Any]
    object: dict[str, Any]
    created_at: str
    updated_at: str


class SocialLinks(TypedDict):
    """The social links of a tenant; a link that is not set is an empty text."""

    website: str
    facebook: str
    linkedin: str
    x: str
    instagram: str
    medium: str
    discord: str
    telegram: str
    youtube: str
    tiktok: str


class _TenantFields(TypedDict):
    logo: str | None
    timezone: str | None
    blocked_channels: list[str] | None
    embedded_preference_url: str | None
    hosted_preference_domain: str | None
    primary_color: str | None
    secondary_color: str | None
    tertiary_color: str | None
    social_links: SocialLinks
    properties: dict[str, Any]
    updated_at: str


class Tenant(_TenantFields):
    """A tenant. What is not set is None."""

    tenant_id: str
    tenant_name: str


class Brand(_TenantFields):
    """A tenant under its old name."""

    brand_id: str
    brand_name: str


class Draft(TypedDict):
    """A draft version of a list."""

    version_id: str
    subscribers_count: int
    created_at: str
    updated_at: str


class SubscriberList(TypedDict):
    """A list, or a draft of a list, which has a ``version_id``."""

    list_id: str
    list_name: str
    list_description: str
    list_type: str
    subscribers_count: int
    source: str | None
    is_readonly: bool
    status: str
    track_user_entry: bool
    track_user_exit: bool
    requested_for_delete: bool
    created_at: str
    updated_at: str
    drafts: list[Draft] | None
    version_id: str | None
    warnings: NotRequired[list[str]]


class Member(TypedDict):
    """A member of a list. ``id`` identifies the membership."""

    id: str
    distinct_id: str
    created_at: str


class Membership(TypedDict):
    """A list that a user is on, and since when."""

    list: dict[str, Any]
    created_at: str


class Subscriptions(TypedDict):
    """The subscriptions that a call created or changed."""

    results: list[Subscription]


class Affected(TypedDict):
    """The answer to a change of a list. Without ids nothing is sent, and there is no count."""

    success: bool
    affected_count: NotRequired[int]
    warnings: NotRequired[list[str]]


class Done(TypedDict):
    """The answer of a deletion."""

    success: bool
    status_code: int


class EventAnswer(TypedDict):
    """The answer to an edit that was sent as an event."""

    success: bool
    status: str
    status_code: int
    message: str
    warnings: NotRequired[list[str]]
