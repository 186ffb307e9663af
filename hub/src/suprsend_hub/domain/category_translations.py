"""Translations of the names and descriptions of sections and categories, by locale.

A text that a locale does not translate comes from its language, then from English, then from the category document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from .categories import CategoryDocument, Section
from .limits import MAX_CATEGORIES, MAX_CATEGORY_CHARS, MAX_DESCRIPTION_CHARS
from .mistakes import Mistakes, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .mistakes import Mistake
    from .wire import Json

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_LOCALE: Final = re.compile("([A-Za-z]{2,3})((?:[_-][A-Za-z0-9]{2,8}){0,3})")
_LAST_RESORT: Final = "en"
_SCRIPT_CHARS: Final = 4


@dataclass(frozen=True, slots=True)
class Translation:
    """The translated name and description of one section or category; None where there is none."""

    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Translations:
    """The translations of one locale: sections and categories by slug."""

    sections: dict[str, Translation] = field(default_factory=dict)
    categories: dict[str, Translation] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Json]:
        """Return the translations as JSON, which is also their storage form."""
        return {"sections": _to_wire(self.sections), "categories": _to_wire(self.categories)}


def _to_wire(translations: dict[str, Translation]) -> dict[str, Json]:
    return {slug: {"name": text.name, "description": text.description} for slug, text in translations.items()}


def read_locale(text: str) -> str | None:
    """Return a locale in its usual spelling, such as `es-AR` for `es_ar`; None if it is not a locale."""
    match = _LOCALE.fullmatch(text.strip())
    if not match:
        return None
    subtags = [
        part.title() if len(part) == _SCRIPT_CHARS and part.isalpha() else part.upper()
        for part in re.split("[_-]", match[2])[1:]
    ]
    return "-".join([match[1].lower(), *subtags])


def fallbacks(locale: str) -> tuple[str, ...]:
    """Return the locales in which a text is looked for: `es-AR`, `es`, `en`."""
    parts = locale.split("-")
    chain = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys([*chain, _LAST_RESORT]))


def read_translations(document: Json) -> tuple[Translations, list[Mistake]]:
    """Return the translations of one locale, and the mistakes. Use the translations only if there are none."""
    mistakes = Mistakes()
    fields = mistakes.read_object(document, "", {"sections", "categories"}) or {}
    sections = _read(fields.get("sections"), "sections", mistakes)
    categories = _read(fields.get("categories"), "categories", mistakes)
    return Translations(sections, categories), mistakes.entries()


def encode_translations(translations: Translations) -> str:
    """Return translations in storage form."""
    return _encode(translations.to_wire()).decode()


def decode_translations(text: str) -> Translations:
    """Return translations from their storage form, which has no mistakes; msgspec.DecodeError for a damaged row."""
    return read_translations(_decode(text))[0]


def _read(value: Json, path: str, mistakes: Mistakes) -> dict[str, Translation]:
    translations: dict[str, Translation] = {}
    entries = {} if value is None else mistakes.read_object(value, path) or {}
    if len(entries) > MAX_CATEGORIES:
        mistakes.add(path, f"must have at most {MAX_CATEGORIES} entries, this one has {len(entries)}")
        return translations
    for slug, item in entries.items():
        at = join(path, slug)
        mistakes.read_name(slug, at, MAX_CATEGORY_CHARS)
        fields = mistakes.read_object(item, at, {"name", "description"}) or {}
        translations[slug] = Translation(
            mistakes.read_text(fields.get("name"), join(at, "name"), MAX_CATEGORY_CHARS),
            mistakes.read_text(fields.get("description"), join(at, "description"), MAX_DESCRIPTION_CHARS),
        )
    return translations


def translate(document: CategoryDocument, translations: Mapping[str, Translations], locale: str) -> CategoryDocument:
    """Return the document with its names and descriptions in a locale; slugs stay.

    Args:
        document: the workspace's categories.
        translations: those of the workspace, by locale in its usual spelling.
        locale: as `read_locale` returns it.
    """
    chain = [translations[name] for name in fallbacks(locale) if name in translations]
    if not chain:
        return document
    return CategoryDocument(
        {root: tuple(_translate(section, chain) for section in parts) for root, parts in document.roots.items()}
    )


def _translate(section: Section, chain: list[Translations]) -> Section:
    categories = []
    for category in section.categories:
        found = [texts.categories[category.category] for texts in chain if category.category in texts.categories]
        name, description = _first(found, category.name, category.description)
        categories.append(replace(category, name=name or category.name, description=description))
    if section.slug is None:
        return replace(section, categories=tuple(categories))
    found = [texts.sections[section.slug] for texts in chain if section.slug in texts.sections]
    name, description = _first(found, section.name, section.description)
    # The slug would follow the name.
    return replace(section, name=name, description=description, categories=tuple(categories), given_slug=section.slug)


def _first(found: list[Translation], name: str | None, description: str | None) -> tuple[str | None, str | None]:
    return (
        next((text.name for text in found if text.name), name),
        next((text.description for text in found if text.description), description),
    )
