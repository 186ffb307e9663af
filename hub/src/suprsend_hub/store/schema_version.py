"""Compare the schema revision that this code needs with that of a database.

Separate from `migrate`, which loads Alembic and takes a second to import. Commands and workers do not need that.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

    from suprsend_hub.store.database import Connection

HEAD = "0009"
"""The newest *pre* step that this version of the code needs; post steps may follow it.

Revisions are numbers of four digits with leading zeros, so that Python and SQL can compare them as text.
"""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database says about its schema.

    `revision`: of the latest step, None if it has never been migrated. `oldest_head`: HEAD of the oldest code that
    works on it; None if it does not say, as before 0005.
    """

    revision: str | None
    oldest_head: str | None

    def has_outgrown(self, head: str) -> bool:
        """Tell whether code with that HEAD is too old for the schema."""
        return self.oldest_head is not None and head < self.oldest_head

    def trouble(self, head: str) -> str | None:
        """Return why code with that HEAD cannot use it, as a text to follow "the schema"; None if it can."""
        if self.revision is None or self.revision < head:
            return f"is at {self.revision or 'nothing'}, needs {head}: run `suprsend-hub db migrate`"
        if self.has_outgrown(head):
            return (
                f"is at {self.revision} and belongs to a newer release; this one, which knows {head}, is too old for "
                "it: upgrade the hub"
            )
        return None


async def read_schema(connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> Schema:
    """Read the schema of the database."""
    revision = await current_revision(connection)
    if await connection.fetchval("SELECT to_regclass('schema_support')") is None:
        return Schema(revision, None)
    return Schema(revision, await connection.fetchval("SELECT oldest_head FROM schema_support"))


async def current_revision(connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> str | None:
    """Return the revision of the database, or None if it has never been migrated."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision
