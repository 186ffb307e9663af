"""Read the bodies and queries of the category endpoints. The rules of the documents are in the domain."""

from collections.abc import Mapping

from suprsend_hub.api.bodies.query import parse_flag
from suprsend_hub.api.bodies.refusals import invalid_document, invalid_fields
from suprsend_hub.domain.categories import CategoryDocument, Commit, Mode
from suprsend_hub.domain.category_reading import read_categories
from suprsend_hub.domain.category_translations import Translations, read_locale, read_translations
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import shown
from suprsend_hub.domain.limits import MAX_DESCRIPTION_CHARS
from suprsend_hub.domain.mistakes import Mistakes
from suprsend_hub.domain.preference_terms import Channel, read_channels
from suprsend_hub.domain.wire import Json


def parse_categories(body: Json) -> CategoryDocument:
    """Read a category document.

    Raises:
        InvalidRequest: with every mistake of the document, by its path.
    """
    document, mistakes = read_categories(body)
    if mistakes:
        raise invalid_document(mistakes)
    return document


def parse_translations(body: Json) -> Translations:
    """Read the translations of one locale; raises as `parse_categories` does."""
    translations, mistakes = read_translations(body)
    if mistakes:
        raise invalid_document(mistakes)
    return translations


def parse_locale(segment: str) -> str:
    """Return the locale of a path in its usual spelling, such as `es-AR`."""
    locale = read_locale(segment)
    if locale is None:
        raise InvalidRequest(f"{shown(segment)} is not a locale such as 'es' or 'es-AR'", code=Code.INVALID_LANGUAGE)
    return locale


def parse_active_channels(body: Json) -> tuple[Channel, ...] | None:
    """Read `{"channels": [...]}`; null means all."""
    mistakes = Mistakes()
    fields = mistakes.read_object(body, "") or {}
    if "channels" not in fields:
        mistakes.add("channels", "must be a list of channels, or null for all")
    channels = read_channels(fields, "", "channels", mistakes)
    if mistakes:
        raise invalid_fields(mistakes.entries())
    return channels


def parse_mode(query: Mapping[str, str]) -> Mode:
    """Read `mode`, which must be given."""
    mistakes = Mistakes()
    mode = mistakes.read_member(query.get("mode"), "mode", Mode)
    if mode is None:
        raise invalid_document(mistakes.entries())
    return mode


def parse_save(query: Mapping[str, str]) -> Commit | None:
    """Read `commit`, `commit_message` and `force` of a document that is saved; None saves it as the draft only."""
    return parse_commit(query) if parse_flag(query, "commit") else None


def parse_commit(query: Mapping[str, str]) -> Commit:
    """Read `commit_message`, which must be given, and `force`."""
    mistakes = Mistakes()
    message = mistakes.read_name(query.get("commit_message"), "commit_message", MAX_DESCRIPTION_CHARS)
    if mistakes:
        raise invalid_document(mistakes.entries())
    return Commit(message, force=parse_flag(query, "force"))
