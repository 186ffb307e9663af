"""Filters by tag: every form, nesting, and hostile input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend_hub.domain.limits import MAX_TAG_FILTER_DEPTH
from suprsend_hub.domain.tag_filter import read_tag_filter

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts

A_AND_B, ONLY_A, NONE = ("a", "b"), ("a",), None


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("a", [A_AND_B, ONLY_A]),
        ("b", [A_AND_B]),
        ({"or": ["b", "c"]}, [A_AND_B]),
        ({"and": ["a", "b"]}, [A_AND_B]),
        ({"not": "b"}, [ONLY_A, NONE]),
        ({"exists": True}, [A_AND_B, ONLY_A]),
        ({"exists": False}, [NONE]),
        ({"or": [{"and": ["a", {"not": "b"}]}, {"exists": False}]}, [ONLY_A, NONE]),
        ({"not": {"or": ["a", "b"]}}, [NONE]),
    ],
)
def test_what_passes(expression, passes):
    """Exactly the categories with these effective tags pass."""
    tag_filter, mistakes = read_tag_filter(expression)
    assert mistakes == []
    assert [tags for tags in (A_AND_B, ONLY_A, NONE) if tag_filter.matches(tags)] == passes


@pytest.mark.parametrize(
    ("expression", "mistake"),
    [
        (5, 'tags: must be a tag, or an object with one of "or", "and", "not", "exists"'),
        ({}, 'tags: must be a tag, or an object with one of "or", "and", "not", "exists"'),
        ({"or": ["a"], "and": ["b"]}, 'tags: must be a tag, or an object with one of "or", "and", "not", "exists"'),
        ({"xor": ["a"]}, 'tags: must be a tag, or an object with one of "or", "and", "not", "exists"'),
        ({"or": []}, "tags.or: must be a list with at least one element"),
        ({"and": "a"}, "tags.and: must be a list with at least one element"),
        ({"or": ["a", 5]}, 'tags.or[1]: must be a tag, or an object with one of "or", "and", "not", "exists"'),
        ({"not": None}, 'tags.not: must be a tag, or an object with one of "or", "and", "not", "exists"'),
        ({"exists": "a"}, "tags.exists: must be true or false"),
        ({"or": ["a"] * 101}, "tags.or: must have at most 100 elements, this one has 101"),
    ],
)
def test_a_mistake_is_named_by_its_path(expression, mistake):
    assert [str(found) for found in read_tag_filter(expression)[1]] == [mistake]


def test_the_depth_is_bounded():
    """A filter may nest as deep as the limit and no deeper."""
    expression = "a"
    for _ in range(MAX_TAG_FILTER_DEPTH):
        expression = {"not": expression}
    assert read_tag_filter(expression)[1] == []
    [mistake] = read_tag_filter({"not": expression})[1]
    assert mistake.problem == f"must not nest deeper than {MAX_TAG_FILTER_DEPTH}"


tags = st.frozensets(st.sampled_from("abc"))
filters = st.recursive(
    st.sampled_from("abc") | st.builds(lambda flag: {"exists": flag}, st.booleans()),
    lambda inner: (
        st.builds(lambda part: {"not": part}, inner)
        | st.builds(
            lambda operator, parts: {operator: parts},
            st.sampled_from(["or", "and"]),
            st.lists(inner, min_size=1, max_size=3),
        )
    ),
    max_leaves=6,
)


@given(filters, tags)
def test_not_is_the_opposite(expression, given_tags):
    """Negating a filter lets pass exactly what it held back."""
    positive, negative = read_tag_filter(expression)[0], read_tag_filter({"not": expression})[0]
    assert positive.matches(given_tags) != negative.matches(given_tags)


@given(any_json, tags)
def test_any_json_is_read(expression, given_tags):
    """Hostile JSON is a filter that can be asked, or a mistake; never an exception."""
    tag_filter, mistakes = read_tag_filter(expression)
    if not mistakes:
        assert tag_filter.matches(given_tags) in (True, False)
