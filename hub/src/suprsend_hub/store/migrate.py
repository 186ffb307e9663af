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
from sqlalchemy import pool, text
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
    statements = files("suprsend_hub.store.migrations").joinpath("versions", file_name).read_text(encoding="utf-8")
    # SQLAlchemy begins its transaction on the driver's connection with its own first statement; without one, the file
    # would be committed by itself, before the revision is recorded.
    op.get_bind().execute(text("SELECT 1"))
    driver_connection = op.get_bind().connection.driver_connection
    assert driver_connection is not None
    await_only(driver_connection.execute(statements))


async def migrate(url: str, *, revision: str = "head") -> str:
    """Bring the database to `revision`; safe to run from several places at once and again. Returns where it is now."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    with translated_errors():
        try:
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade, revision)
        finally:
            await engine.dispose()
        asking = await asyncpg.connect(url)
        try:
            return await current_revision(asking) or ""
        finally:
            await asking.close()


def _upgrade(connection: SyncConnection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("suprsend_hub.store.migrations")))))
    config.attributes["connection"] = connection
    try:
        # On the connection that migrates: while its backend is at work the lock is held, whatever became of us.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.commit()
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
