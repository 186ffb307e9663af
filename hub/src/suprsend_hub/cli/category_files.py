"""The files of a workspace's preference categories, laid out as the vendor's command line does.

DIR/categories_preferences.json      the document
DIR/translation/<locale>.json        names and descriptions in a language
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from suprsend_hub.cli.shared import fail_in_lines
from suprsend_hub.domain.categories import CategoryDocument
from suprsend_hub.domain.category_reading import read_categories
from suprsend_hub.domain.category_translations import Translations, read_locale, read_translations
from suprsend_hub.domain.wire import Json

DOCUMENT: Final = "categories_preferences.json"
TRANSLATIONS: Final = "translation"


def write(directory: Path, document: CategoryDocument, translations: Mapping[str, Translations]) -> list[Path]:
    """Write the document and its translations; return the files. Those of other locales stay."""
    contents = {directory / DOCUMENT: document.to_wire()}
    for locale, texts in translations.items():
        contents[directory / TRANSLATIONS / f"{locale}.json"] = texts.to_wire()
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return list(contents)


def read(directory: Path) -> tuple[CategoryDocument, Mapping[str, Translations]]:
    """Return the document and its translations by locale. Exit with every mistake of all files if there is one."""
    path = directory / DOCUMENT
    document, mistakes = read_categories(_decode(path))
    lines = [f"{path}: {mistake}" for mistake in mistakes]
    translations: dict[str, Translations] = {}
    for each in sorted((directory / TRANSLATIONS).glob("*.json")):
        locale = read_locale(each.stem)
        if locale is None:
            lines.append(f"{each}: the name of the file is not a locale such as es or es-AR")
            continue
        translations[locale], mistakes = read_translations(_decode(each))
        lines += [f"{each}: {mistake}" for mistake in mistakes]
    if lines:
        fail_in_lines(lines)
    return document, translations


def _decode(path: Path) -> Json:
    try:
        content: Json = msgspec.json.decode(path.read_text(encoding="utf-8-sig"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fail_in_lines([f"{path}: not valid JSON: {error}"])
    except RecursionError:
        fail_in_lines([f"{path}: nested too deeply"])
    return content
