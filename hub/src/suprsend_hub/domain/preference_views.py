"""Render the preferences of recipients in the shapes of the contract; `tenant_views` renders those of tenants.

Give a document that is translated already (`category_translations.translate`) to render in another language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .categories import names
from .category_properties import properties_to_wire
from .choices import NO_CHOICE, NO_CHOICES, Choices
from .digest import active_to_wire, options_to_wire
from .evaluation import OPEN, ChannelPolicy, Rule, effective_schedule, evaluate
from .preference_terms import Channel, Preference, RootCategory
from .tenant_categories import NO_OVERRIDES, TenantCategories

if TYPE_CHECKING:
    from .categories import CategoryDocument, PlacedCategory, Section
    from .tag_filter import TagFilter
    from .wire import Json


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What applies to a recipient: its choices for a tenant, the tenant's settings, the channels that are allowed."""

    choices: Choices = NO_CHOICES
    tenant: TenantCategories = NO_OVERRIDES
    policy: ChannelPolicy = OPEN


def channel_preferences(view: Viewpoint) -> list[Json]:
    """Return `channel_preferences`: one entry for each channel that is active in the workspace."""
    return [
        {"channel": str(channel), "is_restricted": view.choices.restricted.get(channel, False)}
        for channel in Channel
        if channel in view.policy.active
    ]


def category_preference(
    placed: PlacedCategory, view: Viewpoint, *, show_opt_out_channels: bool = False
) -> dict[str, Json]:
    """Return a category with the preference in force for a recipient, also where the tenant hides it from lists.

    The channels of an opted-out category are left out unless `show_opt_out_channels`.
    """
    category = placed.category
    override = view.tenant.find(category.category)
    choice = view.choices.categories.get(category.category, NO_CHOICE)
    verdict = evaluate(category, override, view.choices, view.policy)
    shown = verdict.channels if show_opt_out_channels or verdict.preference is Preference.OPT_IN else ()
    schedule = effective_schedule(category, override)
    return {
        "name": category.name,
        "category": category.category,
        "description": category.description,
        "original_preference": None if verdict.original is None else str(verdict.original),
        "preference": str(verdict.preference),
        "is_editable": verdict.is_editable,
        "channels": [
            {"channel": str(at.channel), "preference": str(at.preference), "is_editable": at.is_editable}
            for at in shown
            if at.rule is not Rule.CHANNEL_INACTIVE
        ],
        "tags": names(category.tags),
        "effective_tags": names(placed.effective_tags),
        "digest_schedule_options": options_to_wire(schedule, choice.digest_schedule),
        "digest_schedule": active_to_wire(schedule, choice.digest_schedule),
        "properties": properties_to_wire(category.properties, override.properties, choice.properties),
    }


def full_preference(
    document: CategoryDocument,
    view: Viewpoint,
    *,
    show_opt_out_channels: bool = False,
    tags: TagFilter | None = None,
) -> dict[str, Json]:
    """Return all categories that the recipient sees, by section, and the preferences for channels.

    Categories outside any section come in one section without a name; sections without a category are left out.
    """
    shown: dict[str | tuple[RootCategory, int], dict[str, Json]] = {}
    for index, (root, section) in enumerate(document.sections()):
        categories = [
            category_preference(placed, view, show_opt_out_channels=show_opt_out_channels)
            for placed in section.placed(root)
            if _is_visible(placed, view.tenant, tags)
        ]
        if categories:
            key = "unnamed" if section.name is None else (root, index)
            head = shown.setdefault(key, {**section_head(section), "subcategories": []})
            head["subcategories"] += categories
    return {"sections": list(shown.values()), "channel_preferences": channel_preferences(view)}


def category_page(
    document: CategoryDocument,
    view: Viewpoint,
    *,
    limit: int,
    offset: int,
    show_opt_out_channels: bool = False,
    tags: TagFilter | None = None,
) -> dict[str, Json]:
    """Return a page of the categories that the recipient sees, in the order of the document."""
    found = [placed for placed in document if _is_visible(placed, view.tenant, tags)]
    return {
        "meta": {"count": len(found), "limit": limit, "offset": offset},
        "results": [
            category_preference(placed, view, show_opt_out_channels=show_opt_out_channels)
            for placed in found[offset : offset + limit]
        ],
    }


def _is_visible(placed: PlacedCategory, tenant: TenantCategories, tags: TagFilter | None) -> bool:
    is_shown = tenant.find(placed.category.category).visible_to_subscriber
    return is_shown and (tags is None or tags.matches(placed.effective_tags))


def section_head(section: Section) -> dict[str, Json]:
    """Return what an answer says of a section: nothing but nulls for the categories outside any section."""
    if section.name is None:
        return {"name": None, "slug": None, "description": None, "tags": None}
    return {
        "name": section.name,
        "slug": section.slug,
        "description": section.description,
        "tags": names(section.tags),
    }
