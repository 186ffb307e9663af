"""Count the work of a fold in units, so that a small edit of a large profile cannot hold up everybody else.

Work is what an operation does beyond what was sent: it searches a stored array, compares stored identities, copies an
array. One unit is about a byte of a stored array that is searched, at most a tenth of a microsecond.
"""

from __future__ import annotations

from typing import Final

from .codes import Code
from .limits import MAX_EDIT_WORK, MAX_REQUEST_WORK, SURE_WORK
from .values import InvalidValue

UNITS_PER_IDENTITY: Final = 32
"""Units for comparing with one stored identity."""
UNITS_PER_UNUSUAL_ADDRESS: Final = 800
"""Units for reading an address with a library: up to 80 microseconds for an international domain."""
UNITS_PER_KEY: Final = 8
"""Units, in addition, for each element of an array in which many arrays or objects are looked up at once."""
UNITS_PER_CHOICE: Final = 200
"""Units for one operation on choices: up to 20 microseconds."""
CHOICE_BYTES_PER_UNIT: Final = 8
"""Reading and writing stored choices is that much faster, by byte, than searching an array."""
ELEMENTS_COPIED_PER_UNIT: Final = 8
"""Copying an array is that much faster, by element, than searching it by byte."""


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
