"""A migrated database is the one that `schema.sql` describes, and migrating is safe: again, and from two places at once."""

import asyncio
from importlib.resources import files

import asyncpg
import pytest
from releases import MakeDatabase, run
from suprsend_hub.store.migrate import migrate
from suprsend_hub.store.schema_version import HEAD, current_revision

SERVER_VERSIONS = [16, 18]
on_every_server = pytest.mark.parametrize("postgres_version", SERVER_VERSIONS)

_CATALOG = {
    "relations": """
        SELECT c.relname, c.relkind::text, c.relpersistence::text, c.reloptions::text, am.amname
        FROM pg_class AS c LEFT JOIN pg_am AS am ON am.oid = c.relam
        WHERE c.relnamespace = 'public'::regnamespace""",
    "columns": """
        SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity::text, a.attgenerated::text, a.attcollation::regcollation::text,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": """
        SELECT p.proname, pg_get_function_identity_arguments(p.oid), p.prosrc
        FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace""",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "types": """
        SELECT typname, typtype::text FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r')""",
    "extensions": "SELECT extname FROM pg_extension",
    "supported code": "SELECT oldest_head FROM schema_support",
}
_ALEMBIC = "alembic_version"


async def catalog(url: str) -> dict[str, list[tuple]]:
    """All that the public schema consists of, by kind, as the server describes it; Alembic's own table left out."""
    connection = await asyncpg.connect(url)
    try:
        return {
            kind: sorted((tuple(row) for row in await connection.fetch(query) if _ALEMBIC not in str(row[0])), key=repr)
            for kind, query in _CATALOG.items()
        }
    finally:
        await connection.close()


async def revision_of(url: str) -> str | None:
    connection = await asyncpg.connect(url)
    try:
        return await current_revision(connection)
    finally:
        await connection.close()


@pytest.mark.anyio
@on_every_server
async def test_migrating_from_nothing_gives_the_schema_as_it_is_written(make_empty_database: MakeDatabase) -> None:
    migrated, written = await make_empty_database(), await make_empty_database()
    await migrate(migrated)
    await run(written, files("suprsend_hub.store").joinpath("schema.sql").read_text(encoding="utf-8"))
    expected = await catalog(written)
    assert await catalog(migrated) == expected
    assert {row[0] for row in expected["columns"]} >= {"workspace", "profile", "history", "rejected", "counter"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE profile ALTER COLUMN properties TYPE jsonb",
        'ALTER TABLE profile ALTER COLUMN recipient_id TYPE text COLLATE "POSIX"',
        "ALTER TABLE workspace DROP CONSTRAINT workspace_key_unique",
        "ALTER TABLE rejected ALTER COLUMN source DROP NOT NULL",
        "ALTER TABLE profile RESET (fillfactor)",
        "DROP INDEX profile_by_creation",
        "UPDATE schema_support SET oldest_head = '9999'",
    ],
)
async def test_the_comparison_sees_a_difference_of_every_kind(database_url: str, change: str) -> None:
    before = await catalog(database_url)
    await run(database_url, change)
    assert await catalog(database_url) != before


@pytest.mark.anyio
@on_every_server
async def test_migrating_again_changes_nothing_and_keeps_the_data(make_empty_database: MakeDatabase) -> None:
    url = await make_empty_database()
    migrated = await migrate(url)
    assert migrated.revision == migrated.last >= HEAD
    await run(url, "INSERT INTO counter VALUES (1, 0, 42, 'users', '')")
    before = await catalog(url)
    assert await migrate(url) == migrated
    assert await catalog(url) == before
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT value FROM counter") == 42
    await connection.close()


@pytest.mark.anyio
@on_every_server
async def test_two_that_migrate_at_once_both_succeed(make_empty_database: MakeDatabase) -> None:
    url = await make_empty_database()
    migrated, *others = await asyncio.gather(migrate(url), migrate(url), migrate(url))
    assert others == [migrated, migrated]
    connection = await asyncpg.connect(url)
    assert await connection.fetch("SELECT version_num FROM alembic_version") == [(migrated.last,)]
    await connection.close()


@pytest.mark.anyio
async def test_an_empty_database_has_no_revision(make_empty_database: MakeDatabase) -> None:
    url = await make_empty_database()
    assert await revision_of(url) is None
    migrated = await migrate(url)
    assert await revision_of(url) == migrated.revision
