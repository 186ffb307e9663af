"""Delete a whole workspace: the rows of each table in small steps, and finally the workspace itself."""

from datetime import datetime

from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql

TABLES = (
    "subscription", "subscribed_to", "dead_object", "list_member", "list_membership", "list_draft", "list",
    "dead_list_version", "profile", "history", "idempotency_key", "rejected", "counter", "audit",
    "tenant", "dead_tenant", "alias", "tombstone", "former_id",
    "category_document", "category_translation",
)  # fmt: skip
"""All tables with rows of workspaces, except those that are deleted with the workspace itself."""
WITH_THE_WORKSPACE = ("api_key", "console_grant")


async def begin(connection: Connection, workspace_id: int, now: datetime) -> datetime:
    """Disable the workspace and mark it; return when its deletion began."""
    since: datetime = await connection.fetchval(sql("begin_workspace_deletion"), workspace_id, now)
    return since


async def empty(connection: Connection, table: str, workspace_id: int, *, at_most: int) -> int:
    """Delete rows of a workspace from one of TABLES; return how many."""
    return int((await connection.execute(sql(f"empty_{table}"), workspace_id, at_most)).rpartition(" ")[2])


async def finish(connection: Connection, workspace_id: int) -> None:
    """Delete the workspace itself, with its API keys and the grants of console users."""
    await connection.execute(sql("delete_api_keys_of_workspace"), workspace_id)
    await connection.execute(sql("delete_workspace"), workspace_id)
