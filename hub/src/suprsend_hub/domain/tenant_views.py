"""Render what a tenant sets for categories, in the shapes of the contract.

Give a document that is translated already (`category_translations.translate`) to render in another language.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from .categories import names
from .category_properties import properties_to_wire
from .preference_terms import RootCategory
from .preference_views import section_head

if TYPE_CHECKING:
    from datetime import datetime

    from .categories import CategoryDocument, PlacedCategory
    from .tag_filter import TagFilter
    from .tenant_categories import TenantCategories
    from .wire import Json


def tenant_category(placed: PlacedCategory, tenant: TenantCategories) -> dict[str, Json]:
    """Return a category with the workspace's defaults and what the tenant sets in their place."""
    category = placed.category
    override = tenant.find(category.category)
    return {
        "name": category.name,
        "category": category.category,
        "description": category.description,
        "root_category": str(placed.root),
        "tags": names(category.tags),
        "effective_tags": names(placed.effective_tags),
        "default_preference": str(category.default_preference),
        "default_mandatory_channels": names(category.default_mandatory_channels),
        "default_opt_in_channels": names(category.default_opt_in_channels),
        "enabled_for_tenant": override.enabled_for_tenant,
        "visible_to_subscriber": override.visible_to_subscriber,
        "preference": None if override.preference is None else str(override.preference),
        "mandatory_channels": names(override.mandatory_channels),
        "opt_in_channels": names(override.opt_in_channels),
        "blocked_channels": names(override.blocked_channels),
        "updated_at": _timestamp(override.updated_at),
        "digest_schedule": _schedules(category.digest_schedule, override.digest_schedule),
        "properties": properties_to_wire(category.properties, {}, override.properties, only_editable=False),
    }


def tenant_preference(document: CategoryDocument, tenant: TenantCategories) -> dict[str, Json]:
    """Return a tenant's settings for all categories, grouped by root category and section."""
    roots: dict[RootCategory, list[Json]] = {root: [] for root in RootCategory}
    for root, section in document.sections():
        items = [tenant_category(placed, tenant) for placed in section.placed(root)]
        for item in items:
            del item["root_category"]  # the group says it
        roots[root].append({**section_head(section), "categories": items})
    return {"root_categories": [{"root_category": str(root), "sections": found} for root, found in roots.items()]}


def tenant_category_page(
    document: CategoryDocument,
    tenant: TenantCategories,
    *,
    limit: int,
    offset: int,
    tags: TagFilter | None = None,
    include_disabled: bool = False,
) -> dict[str, Json]:
    """Return a page of a tenant's settings; categories that the tenant disabled only with `include_disabled`."""
    found = [
        placed
        for placed in document
        if (include_disabled or tenant.find(placed.category.category).enabled_for_tenant)
        and (tags is None or tags.matches(placed.effective_tags))
    ]
    return {
        "meta": {"count": len(found), "limit": limit, "offset": offset},
        "results": [tenant_category(placed, tenant) for placed in found[offset : offset + limit]],
    }


def _timestamp(moment: datetime | None) -> str | None:
    """Return the form of times that tenants use: `2025-04-06T21:01:35.359787Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _schedules(original: dict[str, Json] | None, tenant: dict[str, Json] | None) -> dict[str, Json] | None:
    if original is None and tenant is None:
        return None
    original_options = (original or {}).get("options") or []
    options = original_options if tenant is None else tenant.get("options") or []
    return {"options": options, "original_options": original_options}
