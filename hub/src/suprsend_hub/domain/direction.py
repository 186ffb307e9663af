"""The direction in which a sequence is walked."""

from __future__ import annotations

import enum


class Direction(enum.Enum):
    """Towards larger or smaller ids. ULIDs grow with time, so each direction has a second name for them."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    OLDEST_FIRST = ASCENDING
    NEWEST_FIRST = DESCENDING

    @property
    def opposite(self) -> Direction:
        """Return the opposite direction."""
        return Direction.DESCENDING if self is Direction.ASCENDING else Direction.ASCENDING
