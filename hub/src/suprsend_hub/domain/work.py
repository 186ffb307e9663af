"""Count the work of a fold in units, so that a small edit of a large profile cannot hold up everybody else.

Work is what an operation does beyond what was sent: it searches a stored array, compares stored identities, copies an
array, reads an unusual address. One unit is a byte of a stored array that is searched, mostly less than 30 nanoseconds;
`bench/work_units.py` searches for edits that take longer.
"""

from __future__ import annotations

from typing import Final

from .codes import Code
from .limits import MAX_EDIT_WORK, MAX_REQUEST_WORK, SURE_WORK
from .values import InvalidValue

UNITS_PER_IDENTITY: Final = 32
"""Units for comparing with one stored identity."""
UNITS_PER_CHOICE: Final = 200
"""Units for one operation on choices: up to 20 microseconds."""
CHOICE_BYTES_PER_UNIT: Final = 8
"""Reading and writing stored choices is that much faster, by byte, than searching an array."""
UNITS_PER_UNUSUAL_CHAR: Final = 40
"""Units for each character of an address that is read with a library."""
UNITS_PER_INTERNATIONAL_CHAR: Final = 200
"""The same for e-mail addresses that are not ASCII: each character of an international domain is looked up."""
UNITS_PER_REFUSED: Final = 64
"""Units for saying what is wrong with one of many elements."""
UNITS_PER_WALKED_BYTE: Final = 2
"""Units for each byte of a stored value that is checked again, because it is to be nested deeper."""
ELEMENTS_COPIED_PER_UNIT: Final = 2
"""Copying an array is that much faster, by element, than searching it by byte."""
_LEAST_PER_ELEMENT: Final = 8
_COMPOSITE_FACTOR: Final = 2


def search_units(size: int, elements: int, *, composites: bool) -> int:
    """Return the units for searching an array of `size` bytes.

    An element counts as at least 8 bytes. Looking for arrays and objects costs twice as much, because those that are
    stored may have to be encoded; how many are looked for makes no difference.
    """
    return max(size, elements * _LEAST_PER_ELEMENT) * (_COMPOSITE_FACTOR if composites else 1)


class WorkMeter:
    """The work of one edit."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    def spend(self, units: int) -> None:
        """Count work that is about to be done.

        Raises:
            InvalidValue: code `edit_too_costly`; then it does not count, and must not be done.
        """
        if self.spent + units > self.limit:
            raise InvalidValue(
                Code.EDIT_TOO_COSTLY,
                f"the edit searches long arrays or channels too often (more than {self.limit} bytes); use one "
                "operation with an array of values, and fewer edits in one request",
            )
        self.spent += units


def work_of_each(edits: int) -> int:
    """Return how much work each of the edits of one request may do."""
    return min(MAX_EDIT_WORK, max(SURE_WORK, MAX_REQUEST_WORK // max(1, edits)))
