"""Statements that walk records in the order of their ids, one for each direction, and where such a walk begins."""

from uuid import UUID

from suprsend_hub.domain.direction import Direction
from suprsend_hub.store.queries import sql

FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=2**128 - 1)


def walk(name: str, direction: Direction, cursor: UUID | None) -> tuple[str, UUID]:
    """Return the statement `name_oldest_first` or `name_newest_first`, and the id to start beyond."""
    if direction is Direction.OLDEST_FIRST:
        return sql(f"{name}_oldest_first"), cursor or FIRST_ID
    return sql(f"{name}_newest_first"), cursor or LAST_ID
