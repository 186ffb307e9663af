"""The `Idempotency-Key` of a request that binds none: it must not belong to another request."""

from uuid import UUID

from suprsend_hub.service.writing.batch import key_reused
from suprsend_hub.store import idempotency
from suprsend_hub.store.database import Database


async def check_unbound(database: Database, workspace_id: int, key: UUID) -> None:
    """Raise Unprocessable if the key belongs to an edit."""
    async with database.connection() as connection:
        if await idempotency.is_bound(connection, workspace_id, key):
            raise key_reused()
