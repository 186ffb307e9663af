"""`$remove` from an array: which elements equal an unwanted value as JSON. 1 equals 1.0, but neither true nor "1".

Nothing here hashes tuples or sets of the caller's numbers. Their hashes can be computed beforehand, and a set of
thousands with one hash would hold up all other requests for a minute. Texts, whose hashes Python randomises, and single
numbers, of which only a few dozen can share a hash, are safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from .limits import MAX_INTEGER, MIN_INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from .wire import Json

_NOTHING: Final[set[Json]] = set()
_encode_sorted: Final = msgspec.json.Encoder(order="deterministic").encode


class Unwanted:
    """The values of one `$remove`."""

    __slots__ = ("_bools", "_composites", "_scalars")

    def __init__(self, values: list[Json]) -> None:
        if len(values) == 1 and type(values[0]) is str:  # as in most edits
            self._composites: list[Json] = []
            self._bools: set[Json] = _NOTHING
            self._scalars: set[Json] = set(values)
            return
        self._composites = [value for value in values if type(value) is list or type(value) is dict]
        self._bools = {value for value in values if type(value) is bool}
        self._scalars = {
            value for value in values if type(value) is not list and type(value) is not dict and type(value) is not bool
        }

    @property
    def has_composites(self) -> bool:
        """Tell whether arrays or objects are unwanted, so that those that are searched may have to be encoded."""
        return bool(self._composites)

    def take_from(self, stored: list[Json]) -> tuple[list[Json], list[Json]]:
        """Return the elements that stay, and those that equal an unwanted value."""
        if not self._composites and self._misses_all_scalars(stored):
            return stored, []
        scalars, bools, is_composite_unwanted = self._scalars, self._bools, self._composite_test()
        kept: list[Json] = []
        removed: list[Json] = []
        for element in stored:
            kind = type(element)
            if kind is list or kind is dict:
                goes = is_composite_unwanted(element)
            else:
                goes = element in (bools if kind is bool else scalars)
            (removed if goes else kept).append(element)
        return kept, removed

    def _misses_all_scalars(self, stored: list[Json]) -> bool:
        """Tell whether surely nothing is unwanted, several times faster: Python's equality is the wider one."""
        try:
            return (self._scalars | self._bools).isdisjoint(stored)
        except TypeError:  # an array or object is stored
            return False

    def _composite_test(self) -> Callable[[Json], bool]:
        composites = self._composites
        if not composites:
            return lambda _: False
        keys = set(map(canonical, composites))
        if len(composites) > 1:
            return lambda element: canonical(element) in keys
        only = composites[0]  # as in most edits: Python's equality is fast, and the wider one
        return lambda element: bool(element == only) and canonical(element) in keys


def canonical(value: Json) -> bytes:
    """Return JSON that is the same exactly for values that are equal."""
    return _encode_sorted(_with_integers(value))


def _with_integers(value: Json) -> Json:
    """Return the value with one spelling for equal numbers: the integer if it is one of 64 bits."""
    kind = type(value)
    if kind is float:
        return int(value) if MIN_INTEGER <= value <= MAX_INTEGER and value.is_integer() else value
    if kind is list:
        return [_with_integers(element) for element in value]
    if kind is dict:
        return {key: _with_integers(element) for key, element in value.items()}
    return value
