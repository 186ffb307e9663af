"""A migration that is interrupted leaves the database at a revision, and goes on from there when run again."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest
from suprsend_hub.domain.errors import DomainError
from suprsend_hub.store.migrate import HEAD, migrate
from suprsend_hub.store.schema_version import current_revision

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

_TERMINATE_WAITING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'relation'"""


async def fetchval(url: str, query: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def tables(url: str) -> int:
    found = await fetchval(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    assert isinstance(found, int)
    return found


@pytest.fixture
async def empty_url(database_url: str):
    parts = urlsplit(database_url)
    name = f"{parts.path[1:]}_interrupted"
    await fetchval(database_url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield parts._replace(path=f"/{name}").geturl()
    await fetchval(database_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_connection_that_is_cut_in_the_middle_costs_only_a_second_run(empty_url: str) -> None:
    """A table of the last step's is locked, so that the step hangs; then its connection is killed."""
    await migrate(empty_url, revision="0003")
    before = await tables(empty_url)
    blocker = await asyncpg.connect(empty_url)
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE workspace")
            migrating = asyncio.create_task(migrate(empty_url))
            async with asyncio.timeout(30):
                # On a connection of its own: a transaction sees the activity of the moment when it first looked.
                while not await fetchval(empty_url, _TERMINATE_WAITING):  # noqa: ASYNC110 - no event to wait for
                    await asyncio.sleep(0.02)
            with pytest.raises(DomainError):
                await migrating
        assert await current_revision(blocker) == "0003"
    finally:
        await blocker.close()
    assert await tables(empty_url) == before
    assert await migrate(empty_url) == HEAD


async def test_a_first_migration_that_is_cut_can_be_run_again(empty_url: str) -> None:
    """At whatever moment its connections die: what has been committed is whole, and the next run completes it."""
    for delay_s in (0.0, 0.02, 0.05, 0.1):
        migrating = asyncio.create_task(migrate(empty_url))
        await asyncio.sleep(delay_s)
        await fetchval(
            empty_url,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        await asyncio.gather(migrating, return_exceptions=True)
    assert await migrate(empty_url) == HEAD
