"""The keys of requests, at real PostgreSQL of every supported version."""

from typing import Any
from uuid import UUID

import pytest
from suprsend_hub.service.services import Services
from suprsend_hub.store import idempotency
from suprsend_hub.store.database import TransactionRace
from suprsend_hub.store.idempotency import KeyRow

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

ROW = KeyRow(1, "key-1", "", "ada", b"digest", UUID(int=1))


class Interrupted:
    """A connection on which somebody else's transaction comes between the first statement and the second."""

    def __init__(self, connection: Any, other: Any) -> None:
        self.connection = connection
        self.other = other

    async def fetch(self, *arguments: object) -> object:
        found = await self.connection.fetch(*arguments)
        await self.other.execute("DELETE FROM idempotency_key")
        return found


async def test_a_key_that_is_deleted_while_it_is_claimed_is_claimed_again(hub: Services) -> None:
    """`db clean` deletes old keys in steps of its own."""
    async with hub.database.connection() as connection, hub.database.connection() as other:
        await idempotency.copy_claims(connection, [ROW])
        with pytest.raises(TransactionRace):
            await idempotency.claim(Interrupted(connection, other), [ROW])  # type: ignore[arg-type]
        assert await idempotency.claim(connection, [ROW]) == idempotency.Claims()
