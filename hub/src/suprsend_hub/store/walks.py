"""Choose the statement that walks records by id in a direction, and the id where the walk starts."""

from uuid import UUID

from suprsend_hub.domain.direction import Direction
from suprsend_hub.store.queries import sql

FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=2**128 - 1)


def walk(name: str, direction: Direction, cursor: UUID | None) -> tuple[str, UUID]:
    """Return the statement `name_oldest_first` or `name_newest_first`, and the id after which it starts."""
    if direction is Direction.OLDEST_FIRST:
        return sql(f"{name}_oldest_first"), cursor or FIRST_ID
    return sql(f"{name}_newest_first"), cursor or LAST_ID
