"""A workspace's preference categories: root categories, their sections, and the categories in them.

`category_reading` reads a document from JSON and checks it. `to_wire` writes the same JSON, which is also its storage
form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from .preference_terms import Channel, Preference, RootCategory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wire import Json

_NOT_IN_SLUG: Final = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class Category:
    """A category. For channels, None means that nothing was given, an empty tuple that none is meant.

    `digest_schedule` and `properties` are JSON as it was sent, checked for shape. `is_commercial` is as sent; use
    `PlacedCategory.is_commercial` for its value.
    """

    category: str
    name: str
    default_preference: Preference
    description: str | None = None
    default_mandatory_channels: tuple[Channel, ...] | None = None
    default_opt_in_channels: tuple[Channel, ...] | None = None
    tags: tuple[str, ...] | None = None
    digest_schedule: dict[str, Json] | None = None
    properties: list[dict[str, Json]] | None = None
    is_commercial: bool | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section; without a name it holds the categories outside any section. `given_slug` is as sent."""

    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    categories: tuple[Category, ...] = ()
    given_slug: str | None = None

    @property
    def slug(self) -> str | None:
        """Return the name by which translations know the section; made from its name unless it was sent."""
        if self.given_slug is not None or self.name is None:
            return self.given_slug
        return _NOT_IN_SLUG.sub("-", self.name.lower()).strip("-") or self.name

    def placed(self, root: RootCategory) -> Iterator[PlacedCategory]:
        """Yield the categories with their place below a root category."""
        return (PlacedCategory(root, self, category) for category in self.categories)


class PlacedCategory(NamedTuple):
    """A category with what it is part of."""

    root: RootCategory
    section: Section
    category: Category

    @property
    def effective_tags(self) -> tuple[str, ...] | None:
        """Return the category's own tags and its section's, each once; None if neither has any list of tags."""
        if self.category.tags is None and self.section.tags is None:
            return None
        return tuple(dict.fromkeys((self.category.tags or ()) + (self.section.tags or ())))

    @property
    def is_commercial(self) -> bool:
        """Tell whether messages are commercial: as sent, otherwise only what is promotional and can be refused."""
        if self.category.is_commercial is not None:
            return self.category.is_commercial
        can_refuse = self.category.default_preference is not Preference.CANT_UNSUBSCRIBE
        return self.root is RootCategory.PROMOTIONAL and can_refuse


class Mode(StrEnum):
    """The two documents of a workspace: the one in force, and the one that is being written."""

    LIVE = "live"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Commit:
    """A request to make the draft live. `force` also drops categories that somebody made choices for."""

    message: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class CategoryDocument:
    """All categories of a workspace. Slugs of categories are unique in it; a root category that is missing is empty."""

    roots: dict[RootCategory, tuple[Section, ...]] = field(default_factory=dict)
    _by_slug: dict[str, PlacedCategory] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roots", {root: self.roots.get(root, ()) for root in RootCategory})
        object.__setattr__(self, "_by_slug", {placed.category.category: placed for placed in self})

    def __iter__(self) -> Iterator[PlacedCategory]:
        for root, section in self.sections():
            yield from section.placed(root)

    def __len__(self) -> int:
        return len(self._by_slug)

    def sections(self) -> Iterator[tuple[RootCategory, Section]]:
        """Yield the sections with their root categories, in the order of the document."""
        for root in RootCategory:
            for section in self.roots[root]:
                yield root, section

    def find(self, slug: str) -> PlacedCategory | None:
        """Return the category with this slug."""
        return self._by_slug.get(slug)

    def missing_from(self, other: CategoryDocument) -> list[str]:
        """Return the slugs of the categories that the other document no longer has, in order."""
        return [slug for slug in self._by_slug if other.find(slug) is None]

    def to_wire(self) -> dict[str, Json]:
        """Return the document as JSON: all three root categories, and what is optional only where it was sent."""
        return {
            "root_categories": [
                {"root_category": str(root), "sections": [_section_to_wire(s) for s in self.roots[root]]}
                for root in RootCategory
            ]
        }


def names(channels: tuple[str, ...] | None) -> list[str] | None:
    """Return channels or tags as JSON."""
    return None if channels is None else [str(channel) for channel in channels]


def _section_to_wire(section: Section) -> dict[str, Json]:
    slug = {} if section.given_slug is None else {"slug": section.given_slug}
    return {
        "name": section.name,
        **slug,
        "description": section.description,
        "tags": names(section.tags),
        "categories": [_category_to_wire(category) for category in section.categories],
    }


def _category_to_wire(category: Category) -> dict[str, Json]:
    optional = {
        "digest_schedule": category.digest_schedule,
        "properties": category.properties,
        "is_commercial": category.is_commercial,
    }
    return {
        "category": category.category,
        "name": category.name,
        "description": category.description,
        "default_preference": str(category.default_preference),
        "default_mandatory_channels": names(category.default_mandatory_channels),
        "default_opt_in_channels": names(category.default_opt_in_channels),
        "tags": names(category.tags),
        **{field: value for field, value in optional.items() if value is not None},
    }
