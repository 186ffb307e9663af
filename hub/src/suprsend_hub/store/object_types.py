"""The object types of a workspace."""

from collections.abc import Sequence

from suprsend_hub.store.counters import profiles_counter
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql


async def list_object_types(connection: Connection, workspace_id: int, limit: int) -> list[tuple[str, int]]:
    """Return the object types with their numbers of objects, by name."""
    records = await connection.fetch(sql("list_object_types"), workspace_id, limit)
    return [(record["object_type"], int(record["objects"])) for record in records]


async def count_with(connection: Connection, workspace_id: int, new: Sequence[str]) -> int:
    """Return how many object types the workspace has, or had, together with those given; 0 if none of them is new."""
    names = [profiles_counter(object_type).name for object_type in new]
    return int(await connection.fetchval(sql("count_object_types_with"), workspace_id, names))
