"""Which revision of the schema this code works on, and which one a database has. Apart from `migrate`, which loads
Alembic and takes a second to import: commands and workers only need to know.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

    from suprsend_hub.store.database import Connection

HEAD = "0004"
"""The revision that this version of the code works on."""


async def current_revision(connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> str | None:
    """The revision of the database, or None if it has never been migrated."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision
