"""Read a category document from JSON and name every mistake in it by its path.

The same reader serves requests, the command line's file and the stored document. It accepts what the vendor's CLI
writes when it pulls: envelope fields around the document, and null or empty fields of sections.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

import msgspec

from .categories import Category, CategoryDocument, Section
from .category_properties import read_definitions
from .digest import read_schedule
from .limits import MAX_CATEGORIES, MAX_CATEGORY_CHARS, MAX_DESCRIPTION_CHARS, MAX_TAGS
from .mistakes import Mistakes, join
from .preference_terms import Preference, RootCategory, read_channels

if TYPE_CHECKING:
    from .mistakes import Mistake
    from .wire import Json

_decode: Final = msgspec.json.Decoder().decode
_SLUG: Final = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
_ENVELOPE: Final = frozenset(
    {"$schema", "version_no", "status", "commit_message", "committed_at", "hash", "validation_result"}
)
"""What the endpoint answers around the document; ignored when it comes back."""
_DOCUMENT_FIELDS: Final = _ENVELOPE | {"root_categories"}
_ROOT_FIELDS: Final = frozenset({"root_category", "sections"})
_UNUSED_SECTION_FIELDS: Final = ("mandatory_channels", "default_preference")
"""What the vendor's CLI writes for every section, always empty: users set nothing at section level."""
_SECTION_FIELDS: Final = frozenset({"name", "slug", "description", "tags", "categories", *_UNUSED_SECTION_FIELDS})
_CATEGORY_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(Category))


def read_categories(document: Json) -> tuple[CategoryDocument, list[Mistake]]:
    """Return the document, and its mistakes. Use the document only if there are none."""
    reader = _Reader()
    roots = reader.read_roots(document)
    return CategoryDocument(roots), reader.mistakes.entries()


def decode_categories(text: str) -> CategoryDocument:
    """Return a document from its storage form, which has no mistakes.

    Raises:
        msgspec.DecodeError: the row is damaged.
    """
    return read_categories(_decode(text))[0]


class _Reader:
    """One document being read: the slugs met so far with their paths, and the mistakes."""

    __slots__ = ("categories", "mistakes")

    def __init__(self) -> None:
        self.mistakes = Mistakes()
        self.categories: dict[str, str] = {}

    def read_roots(self, document: Json) -> dict[RootCategory, tuple[Section, ...]]:
        fields = self.mistakes.read_object(document, "", _DOCUMENT_FIELDS)
        if fields is None:
            return {}
        if type(fields.get("root_categories")) is not list:
            self.mistakes.add("root_categories", f"must be a list with {', '.join(RootCategory)}")
            return {}
        roots: dict[RootCategory, tuple[Section, ...]] = {}
        for index, item in enumerate(
            self.mistakes.read_list(fields.get("root_categories"), "root_categories", MAX_CATEGORIES)
        ):
            path = f"root_categories[{index}]"
            part = self.mistakes.read_object(item, path, _ROOT_FIELDS)
            if part is None:
                continue
            root = self.mistakes.read_member(part.get("root_category"), join(path, "root_category"), RootCategory)
            if root in roots:
                self.mistakes.add(join(path, "root_category"), f"{root} is given twice")
            sections = self.read_sections(part.get("sections"), join(path, "sections"), root)
            if root is not None:
                roots[root] = sections
        return roots

    def read_sections(self, value: Json, path: str, root: RootCategory | None) -> tuple[Section, ...]:
        sections = self.mistakes.read_list(value, path, MAX_CATEGORIES)
        return tuple(self.read_section(item, f"{path}[{i}]", root) for i, item in enumerate(sections))

    def read_section(self, value: Json, path: str, root: RootCategory | None) -> Section:
        mistakes = self.mistakes
        fields = mistakes.read_object(value, path, _SECTION_FIELDS)
        if fields is None:
            return Section()
        for unused in _UNUSED_SECTION_FIELDS:
            if fields.get(unused):
                mistakes.add(join(path, unused), "has no meaning for a section; give it to the section's categories")
        name = mistakes.read_text(fields.get("name"), join(path, "name"), MAX_CATEGORY_CHARS)
        slug = mistakes.read_text(fields.get("slug"), join(path, "slug"), MAX_CATEGORY_CHARS)
        categories = mistakes.read_list(fields.get("categories"), join(path, "categories"), MAX_CATEGORIES)
        return Section(
            name=name if name and name.strip() else None,
            given_slug=slug or None,
            description=self.read_description(fields, path),
            tags=self.read_tags(fields.get("tags"), join(path, "tags")),
            categories=tuple(
                category
                for index, item in enumerate(categories)
                if (category := self.read_category(item, f"{join(path, 'categories')}[{index}]", root))
            ),
        )

    def read_category(self, value: Json, path: str, root: RootCategory | None) -> Category | None:
        mistakes = self.mistakes
        fields = mistakes.read_object(value, path, _CATEGORY_FIELDS)
        if fields is None:
            return None
        slug = self.read_slug(fields.get("category"), join(path, "category"))
        name = mistakes.read_name(fields.get("name"), join(path, "name"), MAX_CATEGORY_CHARS)
        preference = mistakes.read_member(
            fields.get("default_preference"), join(path, "default_preference"), Preference
        )
        return Category(
            category=slug,
            name=name,
            description=self.read_description(fields, path),
            default_preference=preference or Preference.OPT_OUT,
            default_mandatory_channels=read_channels(fields, path, "default_mandatory_channels", mistakes),
            default_opt_in_channels=read_channels(fields, path, "default_opt_in_channels", mistakes),
            tags=self.read_tags(fields.get("tags"), join(path, "tags")),
            digest_schedule=read_schedule(fields.get("digest_schedule"), join(path, "digest_schedule"), mistakes),
            properties=read_definitions(fields.get("properties"), join(path, "properties"), mistakes),
            is_commercial=self.read_commercial(fields, path, root, preference),
        )

    def read_slug(self, value: Json, path: str) -> str:
        slug = self.mistakes.read_name(value, path, MAX_CATEGORY_CHARS)
        if slug and not _SLUG.fullmatch(slug):
            self.mistakes.add(path, "must be lower-case letters and digits, in words joined by '-'")
        elif slug in self.categories:
            self.mistakes.add(path, f"'{slug}' is already the category at {self.categories[slug]}")
        elif slug:
            self.categories[slug] = path
            if len(self.categories) == MAX_CATEGORIES + 1:
                self.mistakes.add(path, f"is above the limit of {MAX_CATEGORIES} categories in a workspace")
        return slug

    def read_description(self, fields: dict[str, Json], path: str) -> str | None:
        return self.mistakes.read_text(fields.get("description"), join(path, "description"), MAX_DESCRIPTION_CHARS)

    def read_tags(self, value: Json, path: str) -> tuple[str, ...] | None:
        if value is None:
            return None
        tags = []
        for index, item in enumerate(self.mistakes.read_list(value, path, MAX_TAGS)):
            tag = self.mistakes.read_name(item, f"{path}[{index}]", MAX_CATEGORY_CHARS)
            if tag and not _SLUG.fullmatch(tag):
                self.mistakes.add(f"{path}[{index}]", "must be lower-case letters and digits, in words joined by '-'")
            tags.append(tag)
        return tuple(dict.fromkeys(tags))

    def read_commercial(
        self, fields: dict[str, Json], path: str, root: RootCategory | None, preference: Preference | None
    ) -> bool | None:
        at = join(path, "is_commercial")
        is_commercial = self.mistakes.read_flag(fields.get("is_commercial"), at)
        if is_commercial and root is RootCategory.SYSTEM:
            self.mistakes.add(at, "must not be true below system")
        elif is_commercial and preference is Preference.CANT_UNSUBSCRIBE:
            self.mistakes.add(at, "must not be true with cant_unsubscribe")
        return is_commercial
