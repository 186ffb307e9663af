"""Shapes of preferences in the hub's answers; at run time they are plain dicts. A leaf, like ``_answers``.

A preference is ``opt_in``, ``opt_out`` or, as a default, ``cant_unsubscribe``. A channel has its name without a dollar
sign: ``email``.
"""

from __future__ import annotations

from typing import Any, TypedDict


class ChannelPreference(TypedDict):
    """A channel of a recipient. If it is restricted, only mandatory notifications use it."""

    channel: str
    is_restricted: bool


class ChannelPreferences(TypedDict):
    """The preferences of a recipient for all channels that the workspace uses."""

    channel_preferences: list[ChannelPreference]


class CategoryChannel(TypedDict):
    """A channel of a category: whether it is on for the recipient, and whether the recipient may change that."""

    channel: str
    preference: str
    is_editable: bool


class CategoryProperty(TypedDict):
    """A property of a category, with the value in force."""

    key: str
    label: str | None
    value_type: str
    default_value: Any
    is_optional: bool
    edit_policy: str
    is_overridden: bool
    value: Any


class CategoryPreference(TypedDict):
    """A category for a recipient. ``preference`` is in force, ``original_preference`` is what the recipient chose.

    An opted-out category has no ``channels``, unless the option ``show_opt_out_channels`` is given.
    """

    name: str
    category: str
    description: str | None
    original_preference: str | None
    preference: str
    is_editable: bool
    channels: list[CategoryChannel]
    tags: list[str] | None
    effective_tags: list[str] | None
    digest_schedule_options: dict[str, Any] | None
    digest_schedule: dict[str, Any] | None
    properties: list[CategoryProperty] | None


class PreferenceSection(TypedDict):
    """A section of categories. The section of those outside any section has no name."""

    name: str | None
    slug: str | None
    description: str | None
    tags: list[str] | None
    subcategories: list[CategoryPreference]


class FullPreference(TypedDict):
    """All preferences of a recipient, by section and by channel."""

    sections: list[PreferenceSection]
    channel_preferences: list[ChannelPreference]


class TenantCategory(TypedDict):
    """A category with the defaults of the workspace, and what a tenant sets in their place. What is not set is None."""

    name: str
    category: str
    description: str | None
    root_category: str
    tags: list[str] | None
    effective_tags: list[str] | None
    default_preference: str
    default_mandatory_channels: list[str] | None
    default_opt_in_channels: list[str] | None
    enabled_for_tenant: bool
    visible_to_subscriber: bool
    preference: str | None
    mandatory_channels: list[str] | None
    opt_in_channels: list[str] | None
    blocked_channels: list[str] | None
    updated_at: str | None
    digest_schedule: dict[str, Any] | None
    properties: list[CategoryProperty] | None
