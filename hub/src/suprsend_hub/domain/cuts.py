"""Cuts: how to get an earlier array from a later one that shares elements with it, without repeating these.

A cut is `{"kept": n, "gone": [[position, element, ...], ...]}`. The first n elements of the later array were there
before. Those in "gone" were among them, from these positions of the earlier array on.
"""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .wire import Json

KEPT: Final = "kept"
GONE: Final = "gone"


def cut_array(old: list[Json], new: list[Json]) -> dict[str, Json]:
    """Return how to get the old array from the new one, which shares elements with it as objects."""
    if len(new) >= len(old) and all(map(is_, old, new)):
        return {KEPT: len(old)}
    gone: list[list[Json]] = []
    run: list[Json] | None = None
    kept, end = 0, len(new)
    for position, element in enumerate(old):
        if kept < end and element is new[kept]:
            kept += 1
            run = None
        elif run is None:
            run = [position, element]
            gone.append(run)
        else:
            run.append(element)
    return {KEPT: kept, GONE: gone} if gone else {KEPT: kept}


def uncut(new: Sequence[Json], kept: int, gone: Sequence[Sequence[Json]]) -> list[Json]:
    """Return the old array."""
    rest = list(new[:kept])
    old: list[Json] = []
    start = 0
    for position, *elements in gone:
        taken = position - len(old)
        old += rest[start : start + taken]
        start += taken
        old += elements
    return old + rest[start:]
