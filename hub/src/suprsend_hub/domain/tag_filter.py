"""Filters of categories by tag: a tag, or an object with one of "or", "and", "not" and "exists", which may nest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .limits import MAX_TAG_FILTER_DEPTH, MAX_TAGS
from .mistakes import Mistakes, join

if TYPE_CHECKING:
    from collections.abc import Collection

    from .mistakes import Mistake
    from .wire import Json


@dataclass(frozen=True, slots=True)
class TagFilter:
    """A filter that was checked. `exists` asks whether a category has any tags at all."""

    expression: Json

    def matches(self, tags: Collection[str] | None) -> bool:
        """Tell whether a category with these effective tags passes."""
        return _matches(self.expression, tags or ())


def read_tag_filter(expression: Json) -> tuple[TagFilter, list[Mistake]]:
    """Return the filter, and its mistakes. Use the filter only if there are none."""
    mistakes = Mistakes()
    _check(expression, "tags", mistakes, 0)
    return TagFilter(expression), mistakes.entries()


def _check(node: Json, path: str, mistakes: Mistakes, depth: int) -> None:
    if type(node) is str:
        return
    operator = next(iter(node), None) if type(node) is dict and len(node) == 1 else None
    if operator not in ("or", "and", "not", "exists"):
        mistakes.add(path, 'must be a tag, or an object with one of "or", "and", "not", "exists"')
    elif depth >= MAX_TAG_FILTER_DEPTH:
        mistakes.add(path, f"must not nest deeper than {MAX_TAG_FILTER_DEPTH}")
    elif operator == "exists":
        if type(node[operator]) is not bool:
            mistakes.add(join(path, operator), "must be true or false")
    elif operator == "not":
        _check(node[operator], join(path, operator), mistakes, depth + 1)
    elif type(node[operator]) is not list or not node[operator]:
        mistakes.add(join(path, operator), "must be a list with at least one element")
    else:
        parts = mistakes.read_list(node[operator], join(path, operator), MAX_TAGS)
        for index, part in enumerate(parts):
            _check(part, f"{join(path, operator)}[{index}]", mistakes, depth + 1)


def _matches(node: Json, tags: Collection[str]) -> bool:
    if type(node) is str:
        return node in tags
    [(operator, operand)] = node.items()
    if operator == "exists":
        return bool(tags) is operand
    if operator == "not":
        return not _matches(operand, tags)
    passed = (_matches(part, tags) for part in operand)
    return any(passed) if operator == "or" else all(passed)
