"""The log of records and operations that could not be applied."""

from collections.abc import Sequence
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import RejectedRow
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import keyed_row
from suprsend_hub.store.walks import LAST_ID


async def insert(connection: Connection, rows: Sequence[RejectedRow]) -> None:
    """Append records to the log."""
    await connection.execute(
        sql("insert_rejected"),
        [row.key.workspace_id for row in rows],
        [row.key.object_type for row in rows],
        [row.key.recipient_id for row in rows],
        [row.rejected_id for row in rows],
        [row.code for row in rows],
        [row.property_key for row in rows],
        [row.message for row in rows],
        [row.record for row in rows],
        [row.source for row in rows],
    )


async def page(connection: Connection, workspace_id: int, *, before: UUID | None, limit: int) -> list[RejectedRow]:
    """Return rejected records of a workspace, newest first."""
    records = await connection.fetch(sql("page_rejected"), workspace_id, before or LAST_ID, limit)
    return [keyed_row(RejectedRow, record, workspace_id=workspace_id) for record in records]


async def page_of_recipient(
    connection: Connection, key: RecipientKey, *, before: UUID | None, limit: int
) -> list[RejectedRow]:
    """Return rejected records of one recipient, newest first."""
    records = await connection.fetch(sql("page_rejected_of_recipient"), *key[:3], before or LAST_ID, limit)
    return [keyed_row(RejectedRow, record, workspace_id=key.workspace_id) for record in records]
