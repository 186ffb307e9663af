"""Read the log of records and operations that could not be applied."""

from collections.abc import Sequence
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import RejectedRow
from suprsend_hub.store import rejected
from suprsend_hub.store.database import Database


class RejectedService:
    """Rejected records and operations, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, workspace_id: int, *, before: UUID | None = None, limit: int = 50) -> Sequence[RejectedRow]:
        """Return a page of the whole workspace's rejected records."""
        async with self._database.connection() as connection:
            return await rejected.page(connection, workspace_id, before=before, limit=limit)

    async def page_of_user(
        self, workspace_id: int, distinct_id: str, *, before: UUID | None = None, limit: int = 50
    ) -> Sequence[RejectedRow]:
        """Return a page of one user's rejected records."""
        return await self.page_of_recipient(RecipientKey.user(workspace_id, distinct_id), before=before, limit=limit)

    async def page_of_recipient(
        self, key: RecipientKey, *, before: UUID | None = None, limit: int = 50
    ) -> Sequence[RejectedRow]:
        """Return a page of the rejected records of one user or object."""
        async with self._database.connection() as connection:
            return await rejected.page_of_recipient(connection, key, before=before, limit=limit)
