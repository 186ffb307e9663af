"""Which revision of the schema this code needs, which one a database has, and which code works on that. Apart from
`migrate`, which loads Alembic and takes a second to import: commands and workers only need to know.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

    from suprsend_hub.store.database import Connection

HEAD = "0009"
"""The newest *pre* step that this version of the code needs; post steps may follow it.

Revisions are numbers of four digits with leading zeros, so that they are in order as texts: here and in SQL they are
compared as such.
"""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database says of its schema.

    `revision`: of the latest step, None if it has never been migrated. `oldest_head`: HEAD of the oldest code that
    works on it; None if it does not say, as before 0005.
    """

    revision: str | None
    oldest_head: str | None

    def has_outgrown(self, head: str) -> bool:
        """Whether code with that HEAD is too old for it."""
        return self.oldest_head is not None and head < self.oldest_head

    def trouble(self, head: str) -> str | None:
        """Why code with that HEAD cannot work on it, to be read behind "the schema"; None if it can."""
        if self.revision is None or self.revision < head:
            return f"is at {self.revision or 'nothing'}, needs {head}: run `suprsend-hub db migrate`"
        if self.has_outgrown(head):
            return (
                f"is at {self.revision} and belongs to a newer release; this one, which knows {head}, is too old for "
                "it: upgrade the hub"
            )
        return None


async def read_schema(connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> Schema:
    """Ask the database."""
    revision = await current_revision(connection)
    if await connection.fetchval("SELECT to_regclass('schema_support')") is None:
        return Schema(revision, None)
    return Schema(revision, await connection.fetchval("SELECT oldest_head FROM schema_support"))


async def current_revision(connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> str | None:
    """The revision of the database, or None if it has never been migrated."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision
