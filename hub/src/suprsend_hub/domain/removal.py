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

FEW: Final = 8
"""So many arrays and objects are compared one by one with each element; more are looked up by their canonical JSON."""

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
    def needs_keys(self) -> bool:
        """Tell whether each array and object that is searched has to be encoded, which costs ten times as much."""
        return len(self._composites) > FEW

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
        if self.needs_keys:
            keys = set(map(canonical, composites))
            return lambda element: canonical(element) in keys
        if composites:
            return lambda element: element in composites and any(_equals(element, each) for each in composites)
        return lambda _: False


def _equals(a: Json, b: Json) -> bool:
    """Tell whether two values are equal as JSON."""
    if type(a) is list:
        return type(b) is list and len(a) == len(b) and all(map(_equals, a, b))
    if type(a) is dict:
        return type(b) is dict and a.keys() == b.keys() and all(_equals(value, b[key]) for key, value in a.items())
    return (type(a) is bool) == (type(b) is bool) and bool(a == b)


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
