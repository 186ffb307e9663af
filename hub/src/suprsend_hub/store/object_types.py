"""The object types of a workspace."""

from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql


async def list_object_types(connection: Connection, workspace_id: int, limit: int) -> list[tuple[str, int]]:
    """Return the object types with their numbers of objects, by name."""
    records = await connection.fetch(sql("list_object_types"), workspace_id, limit)
    return [(record["object_type"], int(record["objects"])) for record in records]
