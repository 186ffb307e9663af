"""What each answer of a hub always has, so that JSON of something else is not taken for it. No I/O.

A gateway, a captive portal or another application may answer each path with 200 and some JSON, such as
``{"status": "ok"}``. The keys are those that the hosted service has in its published answers too; more is not checked.
"""

from __future__ import annotations

from typing import Any, get_origin

from suprsend._answers import (
    Affected,
    Brand,
    ChannelStatusResults,
    FoundUsers,
    ManyUsers,
    ObjectProfile,
    OffsetPage,
    Page,
    ResolvedUsers,
    SubscriberList,
    Subscriptions,
    Tenant,
    TenantUser,
    Unmerged,
    UserProfile,
)
from suprsend._preference_answers import CategoryPreference, ChannelPreferences, FullPreference, TenantCategory

_Keys = dict[str, type]

# Each kind of answer -> keys with the type of their values. Of several alternatives, one is there.
ALWAYS: dict[Any, tuple[_Keys, ...]] = {
    Page: ({"meta": dict, "results": list},),
    OffsetPage: ({"meta": dict, "results": list},),
    UserProfile: ({"distinct_id": str},),
    TenantUser: ({"distinct_id": str},),
    Unmerged: ({"user": dict, "from_user": dict},),
    ManyUsers: ({"results": list, "not_read": list},),
    FoundUsers: ({"results": list, "not_read": list},),
    ResolvedUsers: ({"results": list, "not_read": list},),
    ChannelStatusResults: ({"results": list},),
    ObjectProfile: ({"object_type": str, "id": str},),
    Subscriptions: ({"results": list},),
    SubscriberList: ({"list_id": str},),
    Affected: ({"affected_count": int},),
    Tenant: ({"tenant_id": str},),
    Brand: ({"brand_id": str}, {"tenant_id": str}),  # the hosted service documents no answer about brands
    FullPreference: ({"sections": list, "channel_preferences": list},),
    ChannelPreferences: ({"channel_preferences": list},),
    CategoryPreference: ({"category": str, "preference": str},),
    TenantCategory: ({"category": str, "default_preference": str},),
}


def has_shape(answer: object, kind: object) -> bool:
    """Tell whether ``answer`` has what each answer of this kind has."""
    return isinstance(answer, dict) and any(
        all(isinstance(answer.get(key), of_type) for key, of_type in keys.items())
        for keys in ALWAYS[get_origin(kind) or kind]
    )


def says_done(answer: object) -> bool:
    """Tell whether ``answer`` is the JSON with which a hub confirms a deletion that it answers with a body."""
    return isinstance(answer, dict) and answer.get("success") is True
