"""Translations of categories: reading, fallback by locale, and what stays untranslated."""

from __future__ import annotations

import pytest
from hypothesis import given
from suprsend_hub.domain.categories import Category, CategoryDocument, Section
from suprsend_hub.domain.category_translations import (
    Translation,
    Translations,
    fallbacks,
    read_locale,
    read_translations,
    translate,
)
from suprsend_hub.domain.preference_terms import Preference, RootCategory

from ...strategies import any_json, any_text  # noqa: TID252 - the absolute name depends on where pytest starts

CONTENT = {
    "sections": {"task-updates": {"name": "Tareas", "description": None}},
    "categories": {
        "news": {"name": "Noticias", "description": "Todo lo nuevo"},
        "gone": {"name": None, "description": None},
    },
}


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("es", "es"),
        ("ES", "es"),
        ("es_ar", "es-AR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        (" en-GB ", "en-GB"),
        ("", None),
        ("e", None),
        ("español", None),
        ("en-GB;q=0.9", None),
        ("en--GB", None),
        ("en\n\n-GB", None),
    ],
)
def test_locales(text, locale):
    """Spellings of one locale are one; what is not a locale is none."""
    assert read_locale(text) == locale


@given(any_text)
def test_a_locale_is_read_once(text):
    """Reading a locale again changes nothing, so that stored and asked locales meet."""
    locale = read_locale(text)
    assert locale is None or read_locale(locale) == locale


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("es-AR", ("es-AR", "es", "en")),
        ("es", ("es", "en")),
        ("en", ("en",)),
        ("zh-Hant-TW", ("zh-Hant-TW", "zh-Hant", "zh", "en")),
    ],
)
def test_fallbacks(locale, expected):
    """A text is looked for in the locale, its language, then English."""
    assert fallbacks(locale) == expected


def test_the_same_translations_come_back():
    translations, mistakes = read_translations(CONTENT)
    assert mistakes == []
    assert translations.to_wire() == CONTENT
    assert read_translations({})[0] == Translations()


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        (None, "must be an object"),
        ({"sections": []}, "sections: must be an object"),
        ({"categories": {"news": "Noticias"}}, "categories.news: must be an object"),
        ({"categories": {"news": {"name": 5}}}, "categories.news.name: must be a string or null"),
        (
            {"categories": {"news": {"title": "x"}}},
            "categories.news.title: is not a field that is known here; remove it",
        ),
        ({"categories": {"a b.c": 5}}, "categories.'a b.c': must be an object"),
        ({"category": {}}, "category: is not a field that is known here; remove it"),
        (
            {"categories": {str(n): {} for n in range(1001)}},
            "categories: must have at most 1000 entries, this one has 1001",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(document, mistake):
    assert [str(found) for found in read_translations(document)[1]] == [mistake]


@given(any_json)
def test_any_json_is_read(document):
    """Hostile JSON gives translations that survive storage, or mistakes; never an exception."""
    translations, mistakes = read_translations(document)
    if not mistakes:
        assert read_translations(translations.to_wire()) == (translations, [])


def document(**category) -> CategoryDocument:
    news = Category("news", "News", Preference.OPT_IN, **category)
    named = Section("Task updates", "All tasks", categories=(news,))
    other = Category("other", "Other", Preference.OPT_OUT)
    return CategoryDocument({RootCategory.SYSTEM: (named, Section(categories=(other,)))})


def test_each_text_falls_back_on_its_own():
    """Name and description come from the nearest locale that has them; slugs and all else stay."""
    found = translate(
        document(),
        {
            "es": Translations({"task-updates": Translation("Tareas")}, {"news": Translation("Noticias", "Todo")}),
            "es-AR": Translations({}, {"news": Translation(None, "Todo, che"), "other": Translation("")}),
            "en": Translations({"task-updates": Translation("Tasks", "Your tasks")}, {}),
            "fr": Translations({}, {"news": Translation("Nouvelles")}),
        },
        "es-AR",
    )
    (_, section), (_, nameless) = found.sections()
    assert (section.name, section.description, section.slug) == ("Tareas", "Your tasks", "task-updates")
    [news] = section.categories
    assert (news.category, news.name, news.description) == ("news", "Noticias", "Todo, che")
    assert nameless == next(s for _, s in document().sections() if s.name is None)


def test_without_translations_the_document_is_shown():
    assert translate(document(), {}, "es") == document()
    assert translate(document(), {"fr": Translations({}, {"news": Translation("Nouvelles")})}, "es") == document()
