"""Arrange what a tenant sets for categories next to the workspace's defaults. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from suprsend_hub.console.formats import channel_list, compact
from suprsend_hub.domain.categories import Category, CategoryDocument, PlacedCategory
from suprsend_hub.domain.preference_terms import Preference
from suprsend_hub.domain.tenant_categories import CategoryOverride, TenantCategories


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that a tenant sets, and what applies without it; both in words."""

    label: str
    value: str
    default: str


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """A category for which a tenant sets something."""

    placed: PlacedCategory
    settings: Sequence[Setting]
    updated_at: datetime | None


def override_rows(document: CategoryDocument, tenant: TenantCategories) -> list[OverrideRow]:
    """Return the categories for which the tenant sets something, in the order of the document."""
    rows = []
    for placed in document:
        override = tenant.find(placed.category.category)
        settings = list(_settings(placed.category, override))
        if settings:
            rows.append(OverrideRow(placed, settings, override.updated_at))
    return rows


def _settings(category: Category, override: CategoryOverride) -> Iterator[Setting]:
    if not override.enabled_for_tenant:
        yield Setting("Used by the tenant", "no", "yes")
    if not override.visible_to_subscriber:
        yield Setting("Shown to recipients", "no", "yes")
    if override.preference is not None:
        yield Setting("Default", preference_words(override.preference), preference_words(category.default_preference))
    for label, ours, theirs in (
        ("Mandatory channels", override.mandatory_channels, category.default_mandatory_channels),
        ("Opt-in channels", override.opt_in_channels, category.default_opt_in_channels),
        ("Blocked channels", override.blocked_channels, None),
    ):
        if ours is not None:
            yield Setting(label, channel_list(ours), channel_list(theirs))
    if override.digest_schedule is not None:
        default = category.digest_schedule
        yield Setting("Digest", compact(override.digest_schedule), "not set" if default is None else compact(default))
    for key, value in override.properties.items():
        yield Setting(f"Property {key}", compact(value), "the category's")


def preference_words(preference: Preference) -> str:
    """Return a default preference in words."""
    return {
        Preference.OPT_IN: "on, can be turned off",
        Preference.OPT_OUT: "off, can be turned on",
        Preference.CANT_UNSUBSCRIBE: "on, cannot be turned off",
    }[preference]
