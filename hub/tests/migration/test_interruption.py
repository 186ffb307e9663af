"""A migration that is interrupted leaves the database at a revision, and goes on from there when run again."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from releases import Post, Pre, following, release, schema_of
from suprsend_hub.domain.errors import DomainError, Unavailable
from suprsend_hub.store.migrate import migrate
from suprsend_hub.store.schema_version import HEAD, Schema

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


async def cut_in_the_middle(url: str, table: str, folder: Path, *, post: bool = False) -> None:
    """Migrate while a table that a step needs is locked, so that the step hangs; then kill its connection."""
    blocker = await asyncpg.connect(url)
    try:
        async with blocker.transaction():
            await blocker.execute(f"LOCK TABLE {table}")
            migrating = asyncio.create_task(migrate(url, post=post, folder=folder))
            async with asyncio.timeout(30):
                # On a connection of its own: a transaction sees the activity of the moment when it first looked.
                while not await fetchval(url, _TERMINATE_WAITING):  # noqa: ASYNC110 - no event to wait for
                    await asyncio.sleep(0.02)
            with pytest.raises(DomainError):
                await migrating
    finally:
        await blocker.close()


@pytest.mark.parametrize("table", ["workspace", "alembic_version IN SHARE MODE"], ids=["in its SQL", "behind it"])
async def test_a_connection_that_is_cut_in_the_middle_costs_only_a_second_run(
    empty_url: str, tmp_path: Path, table: str
) -> None:
    """Of the steps that were done, all is there; of the one that hung, nothing."""
    await migrate(empty_url, folder=release(tmp_path, through="0003"))
    before = await tables(empty_url)
    through_0004 = release(tmp_path, through="0004")
    await cut_in_the_middle(empty_url, table, through_0004)
    assert await schema_of(empty_url) == Schema("0003", None)
    assert await tables(empty_url) == before
    assert (await migrate(empty_url, folder=through_0004)).revision == "0004"


@pytest.mark.parametrize("table", ["workspace", "schema_support IN SHARE MODE"], ids=["in its SQL", "behind it"])
async def test_a_post_step_that_is_cut_has_not_ended_the_support_of_old_code(
    database_url: str, tmp_path: Path, table: str
) -> None:
    """What a post step removes and what it says of the code that needs it go together; the pre step before it stays."""
    pre, post = following(1), following(2)
    newer = release(
        tmp_path,
        Pre("CREATE TABLE added (id integer)"),
        Post("DROP TABLE counter; ALTER TABLE workspace DROP COLUMN name"),
    )
    before = await schema_of(database_url)
    count = await tables(database_url)
    await cut_in_the_middle(database_url, table, newer, post=True)
    assert await schema_of(database_url) == Schema(pre, before.oldest_head)
    assert await tables(database_url) == count + 1
    assert (await migrate(database_url, post=True, folder=newer)).revision == post
    assert await schema_of(database_url) == Schema(post, pre)


async def test_a_step_that_would_hold_up_the_hubs_gives_up_and_runs_later(database_url: str, tmp_path: Path) -> None:
    """A long transaction has read a table; behind a step that waits for that table, everybody else waits."""
    newer = release(tmp_path, Pre("ALTER TABLE workspace ADD COLUMN title text"))
    before = await schema_of(database_url)
    reader = await asyncpg.connect(database_url)
    async with reader.transaction():
        await reader.execute("SELECT FROM workspace")
        with pytest.raises(Unavailable, match="a table was in use for more than 3 s"):
            async with asyncio.timeout(30):
                await migrate(database_url, folder=newer)
    await reader.close()
    assert await schema_of(database_url) == before
    assert (await migrate(database_url, folder=newer)).revision == following(1)


async def test_a_step_that_fails_leaves_those_before_it_except_on_a_new_database(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    """A new database that had only some of its steps would be taken for one on which hubs run."""
    newer = release(tmp_path, Pre("CREATE TABLE added (id integer)"), Pre("SELECT 1 / 0"))
    for url in (database_url, empty_url):
        with pytest.raises(DomainError, match="division by zero"):
            await migrate(url, folder=newer)
    assert (await schema_of(database_url)).revision == following(1)
    assert await schema_of(empty_url) == Schema(None, None)
    assert await tables(empty_url) == 0


async def test_a_first_migration_that_is_cut_can_be_run_again(empty_url: str) -> None:
    """At whatever moment its connections die: all has been committed or nothing, and the next run completes it."""
    for delay_s in (0.0, 0.02, 0.05, 0.1):
        migrating = asyncio.create_task(migrate(empty_url))
        await asyncio.sleep(delay_s)
        await fetchval(
            empty_url,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        await asyncio.gather(migrating, return_exceptions=True)
        revision = (await schema_of(empty_url)).revision
        assert revision is None or revision >= HEAD
    migrated = await migrate(empty_url)
    assert migrated.revision == migrated.last
