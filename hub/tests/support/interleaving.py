"""Stop the hub's transactions where a test wants them: somebody else's transaction holds what they need next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

DONE_S = 10
"""Far more than waiting for a lock takes."""


@asynccontextmanager
async def held(database_url: str, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Keep a transaction open that has run the statement; it is rolled back at the end of the block."""
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement, *arguments)
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def until_waiting(database_url: str, statement: str = "", *, sessions: int = 1) -> None:
    """Return once so many sessions wait for locks in statements that contain the text."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(DONE_S):
            while not await connection.fetchval(  # noqa: ASYNC110 - the event is in another process
                "SELECT count(*) >= $2 FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'",
                statement,
                sessions,
            ):
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
