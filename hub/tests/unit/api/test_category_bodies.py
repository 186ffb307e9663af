"""Bodies and queries of the category endpoints."""

from __future__ import annotations

import pytest
from hypothesis import given
from suprsend_hub.api.bodies.categories import (
    parse_categories,
    parse_commit,
    parse_locale,
    parse_mode,
    parse_save,
    parse_translations,
)
from suprsend_hub.domain.categories import Commit, Mode
from suprsend_hub.domain.errors import InvalidRequest

from ...strategies import any_json, any_text  # noqa: TID252 - the absolute name depends on where pytest starts


def category(slug: object) -> dict:
    return {"category": slug, "name": "A", "default_preference": "opt_in"}


def test_a_document_is_read():
    body = {"root_categories": [{"root_category": "system", "sections": [{"categories": [category("a")]}]}]}
    assert parse_categories(body).find("a")


def test_every_mistake_is_in_message_and_detail():
    """The message has a part for each mistake, the detail a key for each path."""
    body = {"root_categories": [{"root_category": "system", "sections": [{"categories": [category("A"), 5]}]}, 5]}
    with pytest.raises(InvalidRequest) as caught:
        parse_categories(body)
    path = "root_categories[0].sections[0].categories"
    assert caught.value.message == (
        f"{path}[0].category: must be lower-case letters and digits, in words joined by '-'; "
        f"{path}[1]: must be an object; root_categories[1]: must be an object"
    )
    assert list(caught.value.detail) == [f"{path}[0].category", f"{path}[1]", "root_categories[1]"]


def test_a_body_that_is_not_a_document_is_named():
    with pytest.raises(InvalidRequest) as caught:
        parse_categories([])
    assert caught.value.detail == {"body": "must be an object"}


@given(any_json)
def test_nothing_else_is_raised(body):
    """Any JSON is a document, or an InvalidRequest."""
    for parse in (parse_categories, parse_translations):
        try:
            parse(body)
        except InvalidRequest as error:
            assert error.detail  # noqa: PT017 - both outcomes are right


def test_translations_are_read():
    assert parse_translations({"categories": {"a": {"name": "Ä"}}}).categories["a"].name == "Ä"
    with pytest.raises(InvalidRequest, match=r"^categories\.a: must be an object$"):
        parse_translations({"categories": {"a": None}})


def test_a_locale_of_a_path_is_spelled_in_one_way():
    assert parse_locale("es_ar") == "es-AR"
    with pytest.raises(InvalidRequest, match="is not a locale") as caught:
        parse_locale("Spanish!")
    assert caught.value.code == "invalid_language"


@given(any_text)
def test_any_segment_is_a_locale_or_an_error(segment):
    try:
        assert parse_locale(segment)
    except InvalidRequest as error:
        assert error.message.isascii()  # noqa: PT017 - both outcomes are right


def test_mode_must_be_given():
    assert parse_mode({"mode": "live"}) is Mode.LIVE
    assert parse_mode({"mode": "draft"}) is Mode.DRAFT
    for query in ({}, {"mode": ""}, {"mode": "LIVE"}):
        with pytest.raises(InvalidRequest, match=r"^mode: must be one of live, draft$"):
            parse_mode(query)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, None),
        ({"commit": "false", "commit_message": ""}, None),
        ({"commit": "true", "commit_message": "first"}, Commit("first")),
        ({"commit": "True", "commit_message": "first", "force": "true"}, Commit("first", force=True)),
    ],
)
def test_saving_may_commit(query, expected):
    """Without `commit`, the document is a draft, whatever else the CLI sends."""
    assert parse_save(query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"commit": "true"}, "commit_message: must be a non-empty string"),
        ({"commit": "true", "commit_message": " "}, "commit_message: must be a non-empty string"),
        (
            {"commit": "true", "commit_message": "x" * 1025},
            "commit_message: must have at most 1024 characters, this one has 1025",
        ),
        ({"commit": "true", "commit_message": "\0"}, "commit_message: text must not contain a NUL character"),
    ],
)
def test_a_commit_needs_a_message(query, message):
    for parse in (parse_save, parse_commit):
        with pytest.raises(InvalidRequest) as caught:
            parse(query)
        assert caught.value.message == message
