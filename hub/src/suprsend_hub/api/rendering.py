"""Render records and pages as the contract's JSON."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from suprsend_hub.api.bodies.page import page_meta
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.profile import channels_to_wire, decode_channels, profile_to_wire
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import Member, Membership, StoredProfile, SubscriberList, TenantRow
from suprsend_hub.domain.resolution import Resolution, resolution_to_wire
from suprsend_hub.domain.tenancy import Tenancy
from suprsend_hub.domain.tenant import SOCIAL_LINKS, decode_settings
from suprsend_hub.service.categories import CategoryVersion
from suprsend_hub.service.feedback import FeedbackResult
from suprsend_hub.service.merging import MergePreview
from suprsend_hub.service.pages import Page
from suprsend_hub.service.reaching import ReachedUsers
from suprsend_hub.service.subscriptions import ParentView, SubscriberView
from suprsend_hub.service.tenant_profiles import TenantUser

_Row = TypeVar("_Row")
encode = msgspec.json.Encoder().encode


def timestamp(moment: datetime) -> str:
    """Return `2025-04-04T21:37:36.712496+00:00`: always microseconds, always UTC."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if not moment.microsecond:
        return moment.isoformat(timespec="microseconds")
    return f"{encode(moment)[1:-2].decode()}+00:00"  # without quotation marks and Z; a quarter of the time


def timestamp_z(moment: datetime) -> str:
    """Return the form that lists use: `2025-04-04T21:37:36.712496Z`."""
    return timestamp(moment).removesuffix("+00:00") + "Z"


def user_object(user: StoredProfile) -> dict[str, object]:
    """Return the user object: id, properties, times, then a key for each channel that has identities."""
    return {
        "distinct_id": user.key.recipient_id,
        "properties": msgspec.Raw(user.properties.encode()),
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        **channels_to_wire(decode_channels(user.channels)),
    }


def user_json(user: StoredProfile) -> bytes:
    """Return the encoded user object with channels."""
    return encode(user_object(user))


def merged_user_object(view: TenantUser, tenancy: Tenancy) -> dict[str, object]:
    """Return a user within a tenant: what applies there, then the tenant's part by itself."""
    own = view.own
    updated_at = view.user.updated_at if own is None else max(view.user.updated_at, own.updated_at)
    merged = view.merged(tenancy)
    return {
        "distinct_id": view.user.key.recipient_id,
        "properties": merged.properties,
        "created_at": timestamp(view.user.created_at),
        "updated_at": timestamp(updated_at),
        **channels_to_wire(merged.channels),
        "tenant": _tenant_part(view),
    }


def tenant_user_object(view: TenantUser) -> dict[str, object]:
    """Return a user in the list of a tenant: the global profile as it is, then the tenant's part."""
    return {**user_object(view.user), "tenant": _tenant_part(view)}


def _tenant_part(view: TenantUser) -> dict[str, object]:
    return {"tenant_id": view.tenant_id, **profile_to_wire(view.own_profile())}


def merge_preview_object(preview: MergePreview) -> dict[str, object]:
    """Return a user as a merge would leave it, and where the two users disagree."""
    profile = preview.profile
    return {
        "user": {**profile_summary(preview.primary), **profile_to_wire(profile)},
        "conflicts": [
            {
                "key": conflict.key, "kept": conflict.kept, "dropped": conflict.dropped,
                **({} if tenant_id is None else {"tenant_id": tenant_id}),
            }
            for tenant_id, conflict in preview.conflicts
        ],
        "refusal": preview.refusal,
    }  # fmt: skip


def profile_summary(user: StoredProfile) -> dict[str, object]:
    """Return the short form of user lists, without channels; the stored JSON is sent unchanged."""
    return {
        "distinct_id": user.key.recipient_id,
        "properties": msgspec.Raw(user.properties.encode()),
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
    }


def unanswered(found: ReachedUsers) -> dict[str, object]:
    """Return what became of the ids that are not those of users in the answer."""
    return {
        "aliases": found.aliases,
        "not_found": found.not_found,
        "merged_into": found.merged_into,
        "not_read": found.not_read,
    }


def resolved_object(key: RecipientKey, resolution: Resolution) -> dict[str, object]:
    """Return what a sender needs to know of a user or object."""
    name = (
        {"distinct_id": key.recipient_id} if key.is_user else {"object_type": key.object_type, "id": key.recipient_id}
    )
    return {**name, **resolution_to_wire(resolution)}


def feedback_object(result: FeedbackResult) -> dict[str, object]:
    """Return what became of a report of a delivery."""
    body: dict[str, object] = {"outcome": str(result.outcome), "profiles": result.profiles}
    if result.error is not None:
        body |= {"error_code": str(result.error.code), "message": result.error.message}
    return body


def object_object(row: StoredProfile, subscriptions_count: int) -> dict[str, object]:
    """Return the object: like a user, with type, id and the number of direct subscribers."""
    return {
        "object_type": row.key.object_type,
        "id": row.key.recipient_id,
        "subscriptions_count": subscriptions_count,
        "properties": msgspec.Raw(row.properties.encode()),
        "created_at": timestamp(row.created_at),
        "updated_at": timestamp(row.updated_at),
        **channels_to_wire(decode_channels(row.channels)),
    }


def object_json(row: StoredProfile, subscriptions_count: int) -> bytes:
    """Return the encoded object."""
    return encode(object_object(row, subscriptions_count))


def subscriber_object(view: SubscriberView) -> dict[str, object]:
    """Return a subscription as seen from the object: one of `user` and `object` is set, the other is null."""
    key = view.subscription.subscriber
    updated_at = timestamp(view.updated_at)
    user = {"distinct_id": key.recipient_id, "updated_at": updated_at}
    child = {
        "id": key.recipient_id,
        "object_type": key.object_type,
        "subscriptions_count": view.subscriptions_count,
        "updated_at": updated_at,
    }
    return {
        "properties": msgspec.Raw(view.subscription.properties.encode()),
        "user": user if key.is_user else None,
        "object": None if key.is_user else child,
        "created_at": timestamp(view.subscription.created_at),
        "updated_at": timestamp(view.subscription.updated_at),
    }


def parent_object(view: ParentView) -> dict[str, object]:
    """Return a subscription as seen from the subscriber: the object without channels and creation time."""
    return {
        "properties": msgspec.Raw(view.subscription.properties.encode()),
        "object": {
            "id": view.parent.key.recipient_id,
            "object_type": view.parent.key.object_type,
            "properties": msgspec.Raw(view.parent.properties.encode()),
            "subscriptions_count": view.subscriptions_count,
            "updated_at": timestamp(view.parent.updated_at),
        },
        "created_at": timestamp(view.subscription.created_at),
        "updated_at": timestamp(view.subscription.updated_at),
    }


def list_object(view: SubscriberList) -> dict[str, object]:
    """Return the list; for the view of a draft, with `version_id` and the status `draft`."""
    drafts = [
        {
            "version_id": ulid_text(draft.version_id),
            "subscribers_count": draft.subscribers_count,
            "created_at": timestamp_z(draft.created_at),
            "updated_at": timestamp_z(draft.created_at),
        }
        for draft in view.drafts
    ]
    return {
        "list_id": view.list_id,
        "list_name": view.list_name,
        "list_description": view.list_description,
        "list_type": "static_list",
        "subscribers_count": view.subscribers_count,
        "source": None,
        "is_readonly": view.is_readonly,
        "status": "active" if view.version_id is None else "draft",
        "track_user_entry": view.track_user_entry,
        "track_user_exit": view.track_user_exit,
        "requested_for_delete": False,
        "created_at": timestamp_z(view.created_at),
        "updated_at": timestamp_z(view.updated_at),
        "drafts": drafts or None,
        "version_id": None if view.version_id is None else ulid_text(view.version_id),
    }


def tenant_object(row: TenantRow) -> dict[str, object]:
    """Return a tenant: every field is there, and every social link, if only as an empty text."""
    return {"tenant_id": row.tenant_id, "tenant_name": row.tenant_name, **_tenant_fields(row)}


def brand_object(row: TenantRow) -> dict[str, object]:
    """Return a tenant under the old names of id and name."""
    return {"brand_id": row.tenant_id, "brand_name": row.tenant_name, **_tenant_fields(row)}


def _tenant_fields(row: TenantRow) -> dict[str, object]:
    settings = decode_settings(row.settings)
    return {
        "logo": settings.logo,
        "timezone": settings.timezone,
        "blocked_channels": settings.blocked_channels,
        "embedded_preference_url": settings.embedded_preference_url,
        "hosted_preference_domain": settings.hosted_preference_domain,
        "primary_color": settings.primary_color,
        "secondary_color": settings.secondary_color,
        "tertiary_color": settings.tertiary_color,
        "social_links": {name: settings.social_links.get(name, "") for name in SOCIAL_LINKS},
        "properties": msgspec.Raw(row.properties.encode()),
        "updated_at": timestamp_z(row.updated_at),
    }


def member_object(member: Member) -> dict[str, object]:
    """Return a member of a list."""
    return {
        "id": ulid_text(member.member_id),
        "distinct_id": member.distinct_id,
        "created_at": timestamp(member.created_at),
    }


def membership_object(row: Membership) -> dict[str, object]:
    """Return a list as a member sees it; `created_at` is when the user was added."""
    assert row.list is not None
    return {
        "list": {
            "list_id": row.list.list_id,
            "list_name": row.list.list_name,
            "list_description": row.list.list_description,
            "list_type": "static_list",
            "source": None,
            "subscribers_count": row.list.subscribers_count,
            "updated_at": timestamp_z(row.list.updated_at),
        },
        "created_at": timestamp(row.created_at),
    }


def category_document(version: CategoryVersion) -> dict[str, object]:
    """Return a category document with what is known about it; for a draft, also whether it can be committed."""
    body: dict[str, object] = {
        **version.document.to_wire(),
        "version_no": version.version_no,
        "status": "active" if version.errors is None else "draft",
        "commit_message": version.commit_message,
        "committed_at": None if version.committed_at is None else timestamp_z(version.committed_at),
        "hash": version.hash,
    }
    if version.errors is not None:
        body["validation_result"] = {"is_valid": not version.errors, "errors": version.errors}
    return body


def page_json(
    page: Page[_Row], render: Callable[[_Row], Mapping[str, object]], more_meta: Mapping[str, object] | None = None
) -> bytes:
    """Return a page in the form `meta` and `results`."""
    return encode({"meta": {**page_meta(page), **(more_meta or {})}, "results": [render(row) for row in page.rows]})


def results_json(rows: Iterable[_Row], render: Callable[[_Row], Mapping[str, object]]) -> bytes:
    """Return results that are not paged."""
    return encode({"results": [render(row) for row in rows]})
