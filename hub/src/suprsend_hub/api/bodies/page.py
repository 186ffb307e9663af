"""Read the queries of pages and searches, and build the `meta` object of their answers."""

from collections.abc import Mapping
from typing import TypeVar

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.limits import MAX_DISTINCT_ID_CHARS
from suprsend_hub.service.pages import DEFAULT_LIMIT, Page, PageRequest

MAX_LIMIT = 1000
"""Rows of one page, as published."""
_DEFAULT_OFFSET_LIMIT = 20
_MAX_OFFSET = 1_000_000

_Row = TypeVar("_Row")


def parse_page(query: Mapping[str, str], *, default_limit: int = DEFAULT_LIMIT) -> PageRequest:
    """Read `limit`, `after` and `before`.

    As the contract says, a limit above 1000 becomes 1000, and 0, a negative limit or text that is not a number becomes
    the default. An empty cursor counts as absent.
    """
    limit = _number(query, "limit", MAX_LIMIT) or default_limit
    return PageRequest(limit, query.get("after") or None, query.get("before") or None)


def parse_offset(query: Mapping[str, str], *, default_limit: int = _DEFAULT_OFFSET_LIMIT) -> tuple[int, int]:
    """Read `limit` and `offset` (0), with which every official SDK pages through lists and categories."""
    return _number(query, "limit", MAX_LIMIT) or default_limit, _number(query, "offset", _MAX_OFFSET)


def parse_search(query: Mapping[str, str]) -> str:
    """Read `search`: the prefix of the ids, '' for all."""
    prefix = query.get("search", "")
    if len(prefix) > MAX_DISTINCT_ID_CHARS or "\x00" in prefix:
        raise InvalidRequest(
            f"search must have at most {MAX_DISTINCT_ID_CHARS} characters and must not contain NUL",
            code=Code.INVALID_SEARCH,
        )
    return prefix


def parse_sort(query: Mapping[str, str]) -> Direction:
    """Read `sort`: `id` is oldest first; `-id`, the default, is newest first."""
    sort = query.get("sort", "-id") or "-id"
    if sort not in ("id", "-id"):
        raise InvalidRequest("sort must be `id` or `-id`", code=Code.INVALID_SORT)
    return Direction.OLDEST_FIRST if sort == "id" else Direction.NEWEST_FIRST


def page_meta(page: Page[_Row]) -> dict[str, object]:
    """Return the `meta` object of the answer."""
    return {
        "count": page.count,
        "limit": page.limit,
        "has_prev": page.before is not None,
        "before": page.before,
        "has_next": page.after is not None,
        "after": page.after,
    }


def _number(query: Mapping[str, str], name: str, at_most: int) -> int:
    """Return a number from the query, at most `at_most`; 0 for anything else."""
    text = query.get(name, "")
    return min(int(text), at_most) if text.isascii() and text.isdigit() and len(text) < 10 else 0
