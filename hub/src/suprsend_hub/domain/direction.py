"""In which direction a sequence is walked."""

from __future__ import annotations

import enum


class Direction(enum.Enum):
    """Towards larger ids or towards smaller ones; ULIDs grow with time, so each has a second name for them."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    OLDEST_FIRST = ASCENDING
    NEWEST_FIRST = DESCENDING

    @property
    def opposite(self) -> Direction:
        """Return the way back."""
        return Direction.DESCENDING if self is Direction.ASCENDING else Direction.ASCENDING
