"""Migrations: Alembic keeps the order and the state, the steps are plain SQL files.

A release that changes tables brings a *pre* step (runs before the new code, and the old code keeps working on it) and,
where something has to go, a *post* step (runs when no old code is left).
"""

import asyncio
from importlib.resources import files
from pathlib import Path

import asyncpg
from alembic import command, op
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import pool
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

from suprsend_hub.domain.errors import Conflict, Unavailable
from suprsend_hub.store.database import translated_errors
from suprsend_hub.store.schema_version import HEAD, current_revision

_MIGRATION_LOCK = 7877_0001
"""Advisory lock: two hubs that start at once migrate one after the other."""


def run_sql(file_name: str) -> None:
    """Run a file of the versions folder, several statements as they are, inside the revision's transaction."""
    text = files("suprsend_hub.store.migrations").joinpath("versions", file_name).read_text(encoding="utf-8")
    driver_connection = op.get_bind().connection.driver_connection
    assert driver_connection is not None
    await_only(driver_connection.execute(text))


async def migrate(url: str, *, revision: str = "head") -> str:
    """Bring the database to `revision`; safe to run from several places at once and again. Returns where it is now."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    with translated_errors():
        lock = await asyncpg.connect(url)
        try:
            await lock.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade, revision)
            return await current_revision(lock) or ""
        finally:
            await lock.close()
            await engine.dispose()


def _upgrade(connection: SyncConnection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("suprsend_hub.store.migrations")))))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:  # the database is at a revision that this version does not have
        raise Conflict(
            f"this database belongs to a newer version of the hub than this one, which knows revision {HEAD}: {error}",
            code="newer_schema",
        ) from error
    except (InterfaceError, OperationalError) as error:
        raise Unavailable(
            "the connection to the database broke during the migration; run it again, it goes on where it was",
            code="database_unavailable",
            retry_after_s=1,
        ) from error
    connection.commit()


def migrate_now(url: str) -> str:
    """`migrate` for code without a running loop."""
    return asyncio.run(migrate(url))
