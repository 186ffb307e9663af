"""Category documents: reading with every mistake named, lookup, and the way back to JSON."""

from __future__ import annotations

import copy
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.categories import Category, CategoryDocument
from suprsend_hub.domain.category_reading import read_categories
from suprsend_hub.domain.limits import MAX_CATEGORIES, MAX_MISTAKES
from suprsend_hub.domain.preference_terms import NOT_A_CHANNEL, RootCategory

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts

DOCUMENT = {
    "root_categories": [
        {"root_category": "system", "sections": []},
        {
            "root_category": "transactional",
            "sections": [
                {
                    "name": "Task updates",
                    "description": None,
                    "tags": ["tasks"],
                    "categories": [
                        {
                            "category": "tagged-to-me",
                            "name": "Tagged to me",
                            "description": "Mentions on tasks",
                            "default_preference": "cant_unsubscribe",
                            "default_mandatory_channels": ["email"],
                            "default_opt_in_channels": ["inbox", "email"],
                            "tags": ["mentions", "tasks"],
                            "digest_schedule": {"options": [{"id": "d", "frequency": "daily"}], "unknown": 1},
                            "properties": [{"key": "k", "value_type": "integer", "choices": [1]}],
                            "is_commercial": False,
                        }
                    ],
                }
            ],
        },
        {
            "root_category": "promotional",
            "sections": [
                {
                    "name": None,
                    "description": None,
                    "tags": None,
                    "categories": [
                        {
                            "category": "news",
                            "name": "News",
                            "description": None,
                            "default_preference": "opt_out",
                            "default_mandatory_channels": None,
                            "default_opt_in_channels": None,
                            "tags": None,
                        }
                    ],
                }
            ],
        },
    ]
}
CATEGORY = "root_categories[1].sections[0].categories[0]"
SECTION = "root_categories[1].sections[0]"


def read(document) -> CategoryDocument:
    categories, mistakes = read_categories(document)
    assert mistakes == []
    return categories


def mistakes_of(document) -> list[str]:
    return [str(mistake) for mistake in read_categories(document)[1]]


def with_category(**fields):
    """The document with fields of its first category replaced."""
    document = copy.deepcopy(DOCUMENT)
    document["root_categories"][1]["sections"][0]["categories"][0].update(fields)
    return document


def with_section(**fields):
    document = copy.deepcopy(DOCUMENT)
    document["root_categories"][1]["sections"][0].update(fields)
    return document


def test_the_same_document_comes_back():
    """Reading and rendering gives what was sent, with the fields of digests and properties that are not known here."""
    assert read(DOCUMENT).to_wire() == DOCUMENT


def test_a_category_is_found_with_its_place():
    placed = read(DOCUMENT).find("tagged-to-me")
    assert (placed.root, placed.section.name) == (RootCategory.TRANSACTIONAL, "Task updates")
    assert placed.effective_tags == ("mentions", "tasks")
    assert read(DOCUMENT).find("nothing") is None
    assert read(DOCUMENT).find("news").effective_tags is None


def test_missing_root_categories_are_empty():
    """All three come back, in the usual order, although only one was given without its sections."""
    document = read({"root_categories": [{"root_category": "promotional"}]})
    assert document.to_wire() == {
        "root_categories": [
            {"root_category": root, "sections": []} for root in ("system", "transactional", "promotional")
        ]
    }
    assert len(document) == 0


def test_a_pulled_document_can_be_pushed():
    """What the endpoint answers around the document, and the empty fields that the vendor's CLI writes, are accepted."""
    pulled = {
        "$schema": "https://example.com/schema.json",
        "version_no": 3,
        "status": "active",
        "commit_message": "",
        "committed_at": "2026-01-31T00:00:00Z",
        "hash": "x",
        "validation_result": {"is_valid": True, "errors": []},
        "root_categories": [
            {
                "root_category": "system",
                "sections": [
                    {
                        "name": "",
                        "description": "",
                        "tags": None,
                        "categories": None,
                        "mandatory_channels": None,
                        "default_preference": "",
                    }
                ],
            }
        ],
    }
    [(_, section)] = read(pulled).sections()
    assert (section.name, section.slug, section.categories) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Task updates", "task-updates"),
        ("test_Section", "test_section"),
        ("Sub-Category 1 (new)", "sub-category-1-new"),
        ("お知らせ", "お知らせ"),
        ("!?", "!?"),
        (None, None),
    ],
)
def test_a_section_has_a_slug(name, slug):
    """Translations name sections by slug, so each section with a name has a slug; a given slug is kept."""
    [(_, section), _] = read(with_section(name=name)).sections()
    assert section.slug == slug
    document = with_section(name=name, slug="my-own")
    [(_, section), _] = read(document).sections()
    assert section.slug == "my-own"
    assert read(document).to_wire() == document


@pytest.mark.parametrize(
    ("root", "fields", "expected"),
    [
        ("promotional", {}, True),
        ("promotional", {"default_preference": "cant_unsubscribe"}, False),
        ("promotional", {"is_commercial": False}, False),
        ("transactional", {}, False),
        ("transactional", {"is_commercial": True}, True),
        ("system", {}, False),
    ],
)
def test_is_commercial(root, fields, expected):
    """Only what is promotional and can be refused is commercial by default."""
    category = {"category": "a", "name": "A", "default_preference": "opt_in", **fields}
    document = read({"root_categories": [{"root_category": root, "sections": [{"categories": [category]}]}]})
    assert document.find("a").is_commercial is expected


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        ([], "must be an object"),
        (None, "must be an object"),
        ({}, "root_categories: must be a list with system, transactional, promotional"),
        ({"root_categories": {}}, "root_categories: must be a list with system, transactional, promotional"),
        ({"root_categories": [5]}, "root_categories[0]: must be an object"),
        (
            {"root_categories": [{"root_category": "other"}]},
            "root_categories[0].root_category: must be one of system, transactional, promotional",
        ),
        (
            {"root_categories": [{"root_category": "system"}, {"root_category": "system"}]},
            "root_categories[1].root_category: system is given twice",
        ),
        (
            {"root_categories": [{"root_category": "system", "sections": {}}]},
            "root_categories[0].sections: must be a list",
        ),
        (with_section(name=5), f"{SECTION}.name: must be a string or null"),
        (with_section(name="x" * 256), f"{SECTION}.name: must have at most 255 characters, this one has 256"),
        (with_section(description="\0"), f"{SECTION}.description: text must not contain a NUL character"),
        (with_section(tags="a"), f"{SECTION}.tags: must be a list"),
        (
            with_section(tags=["a", "Not A Tag"]),
            f"{SECTION}.tags[1]: must be lower-case letters and digits, in words joined by '-'",
        ),
        (
            with_section(mandatory_channels=["email"]),
            f"{SECTION}.mandatory_channels: has no meaning for a section; give it to the section's categories",
        ),
        (with_section(colour="red"), f"{SECTION}.colour: is not a field that is known here; remove it"),
        (with_category(category=None), f"{CATEGORY}.category: must be a non-empty string"),
        *(
            (
                with_category(category=slug),
                f"{CATEGORY}.category: must be lower-case letters and digits, in words joined by '-'",
            )
            for slug in ("Upper", "a_b", "-a", "a-", "a--b", "a b", "a\n", "é")
        ),
        (
            with_category(category="news"),
            f"root_categories[2].sections[0].categories[0].category: 'news' is already the category at {CATEGORY}.category",
        ),
        (with_category(name=" "), f"{CATEGORY}.name: must be a non-empty string"),
        (
            with_category(default_preference=None),
            f"{CATEGORY}.default_preference: must be one of opt_in, opt_out, cant_unsubscribe",
        ),
        (
            with_category(default_mandatory_channels=["email", "fax"]),
            f"{CATEGORY}.default_mandatory_channels[1]: {NOT_A_CHANNEL}",
        ),
        (with_category(default_opt_in_channels={}), f"{CATEGORY}.default_opt_in_channels: must be a list"),
        (with_category(is_commercial=True), f"{CATEGORY}.is_commercial: must not be true with cant_unsubscribe"),
        (with_category(is_commercial="no"), f"{CATEGORY}.is_commercial: must be true, false or null"),
        (
            with_category(default_mandatory_chanels=[]),
            f"{CATEGORY}.default_mandatory_chanels: is not a field that is known here; remove it",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(document, mistake):
    """The document has exactly this mistake."""
    assert mistakes_of(document) == [mistake]


def test_system_is_not_commercial():
    category = {"category": "a", "name": "A", "default_preference": "opt_in", "is_commercial": True}
    document = {"root_categories": [{"root_category": "system", "sections": [{"categories": [category]}]}]}
    path = "root_categories[0].sections[0].categories[0].is_commercial"
    assert mistakes_of(document) == [f"{path}: must not be true below system"]


def test_every_mistake_is_named():
    """Mistakes at different places are all found in one reading, in the order of the document."""
    document = with_category(category="A", name="", default_preference="maybe", tags=["B"])
    document["root_categories"][2]["sections"][0]["categories"][0]["default_opt_in_channels"] = ["fax"]
    paths = [mistake.path for mistake in read_categories(document)[1]]
    assert paths == [
        f"{CATEGORY}.category",
        f"{CATEGORY}.name",
        f"{CATEGORY}.default_preference",
        f"{CATEGORY}.tags[0]",
        "root_categories[2].sections[0].categories[0].default_opt_in_channels[0]",
    ]


def test_what_is_not_listed_is_counted():
    """A document with thousands of mistakes has an answer of bounded size that says how many are missing."""
    document = {"root_categories": [{"root_category": "system", "sections": [5] * 500}]}
    mistakes = mistakes_of(document)
    assert len(mistakes) == MAX_MISTAKES + 1
    assert mistakes[-1] == f"{500 - MAX_MISTAKES} more mistakes are not listed"


def test_a_workspace_has_a_maximum_of_categories():
    """The limit counts the categories of all sections."""
    categories = [{"category": f"c{n}", "name": "C", "default_preference": "opt_in"} for n in range(MAX_CATEGORIES + 2)]
    half = len(categories) // 2
    sections = [{"categories": categories[:half]}, {"categories": categories[half:]}]
    document = {"root_categories": [{"root_category": "system", "sections": sections}]}
    [mistake] = mistakes_of(document)
    assert "is above the limit of 1000 categories in a workspace" in mistake
    sections[1]["categories"] = sections[1]["categories"][:-2]
    assert len(read(document)) == MAX_CATEGORIES


def test_dropped_categories_are_found():
    """What a new document no longer has can be named before it is committed."""
    old, new = read(DOCUMENT), read({"root_categories": DOCUMENT["root_categories"][:2]})
    assert old.missing_from(new) == ["news"]
    assert new.missing_from(old) == []


@given(any_json | st.fixed_dictionaries({"root_categories": st.lists(any_json, max_size=3)}))
def test_any_json_is_read(document):
    """Hostile JSON gives a document or mistakes, never an exception; what has no mistake comes back as it is read."""
    categories, mistakes = read_categories(document)
    if not mistakes:
        assert read(categories.to_wire()) == categories


FIELDS = [field.name for field in dataclasses.fields(Category)]
hostile_fields = st.dictionaries(st.sampled_from(FIELDS), any_json)


@given(hostile_fields)
def test_any_field_is_read(fields):
    """A category with hostile fields is read or named as a mistake, and what is read survives storage."""
    categories, mistakes = read_categories(with_category(**fields))
    assert all(mistake.path.startswith("root_categories[") for mistake in mistakes)
    if not mistakes:
        assert read(categories.to_wire()) == categories
