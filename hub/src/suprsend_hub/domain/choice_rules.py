"""Check changes against the categories: what a recipient may choose, and what a tenant may set.

Stored choices are never checked again. Where the categories change later, `evaluation` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from .category_properties import check_values
from .choices import SetCategory
from .digest import check_choice
from .evaluation import effective_defaults, effective_schedule
from .mistakes import Mistakes, join
from .preference_terms import Preference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .categories import CategoryDocument, PlacedCategory
    from .choices import Operation
    from .mistakes import Mistake
    from .tenant_categories import CategoryOverride, SetOverride, TenantCategories


def unknown_categories(operations: Iterable[Operation], document: CategoryDocument) -> list[str]:
    """Return the slugs that operations name and the workspace does not have, in order."""
    named = [operation.category for operation in operations if isinstance(operation, SetCategory)]
    return [slug for slug in dict.fromkeys(named) if document.find(slug) is None]


def check_operations(
    operations: Iterable[Operation], document: CategoryDocument, tenant: TenantCategories
) -> list[Mistake]:
    """Return what recipients may not choose, by the paths of a body with `categories`.

    Categories that the workspace does not have are not mistakes here; see `unknown_categories`.
    """
    mistakes = Mistakes()
    changes = [operation for operation in operations if isinstance(operation, SetCategory)]
    for index, change in enumerate(changes):
        placed = document.find(change.category)
        if placed is not None:
            _check_change(change, placed, tenant.find(change.category), f"categories[{index}]", mistakes)
    return mistakes.entries()


def check_operation(operation: SetCategory, placed: PlacedCategory, override: CategoryOverride) -> list[Mistake]:
    """Return what a recipient may not choose for one category, by the paths of its own body."""
    mistakes = Mistakes()
    _check_change(operation, placed, override, "", mistakes)
    return mistakes.entries()


def _check_change(
    change: SetCategory, placed: PlacedCategory, override: CategoryOverride, path: str, mistakes: Mistakes
) -> None:
    category = placed.category
    defaults = effective_defaults(category, override)
    if change.preference is Preference.OPT_OUT and defaults.preference is Preference.CANT_UNSUBSCRIBE:
        mistakes.add(join(path, "preference"), f"must not be opt_out, because '{category.category}' is mandatory")
    refused = [channel for channel in change.opt_out_channels or () if channel in defaults.mandatory]
    if refused:
        mistakes.add(
            join(path, "opt_out_channels"),
            f"must not contain {', '.join(refused)}, which '{category.category}' makes mandatory",
        )
    if change.digest_schedule is not None and not isinstance(change.digest_schedule, UnsetType):
        schedule = effective_schedule(category, override)
        check_choice(change.digest_schedule, schedule, join(path, "digest_schedule"), mistakes)
    if change.properties is not None and not isinstance(change.properties, UnsetType):
        at = join(path, "properties")
        check_values(change.properties, category.properties, at, mistakes, only_editable=True)


def check_override(operation: SetOverride, placed: PlacedCategory) -> list[Mistake]:
    """Return what a tenant may not set for a category."""
    mistakes = Mistakes()
    if operation.properties is not UNSET and operation.properties is not None:
        check_values(operation.properties, placed.category.properties, "properties", mistakes, only_editable=False)
    return mistakes.entries()
