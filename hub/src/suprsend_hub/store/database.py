"""The connection pool, and the one place where driver errors become the project's errors.

Everything above sees `DomainError`s only; the driver's exception stays chained as the cause.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Self, TypeAlias, TypeVar

import asyncpg

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, InvalidRequest, Unavailable

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_T = TypeVar("_T")

MAX_RACES = 20
"""Attempts at a transaction that the database aborts (deadlock); each one means that another went through."""

SERVER_SETTINGS = {
    "application_name": "suprsend-hub",
    "jit": "off",
    # Every statement of the hub looks rows up by index. A plan that was cached while a table was small and reads it
    # whole would be kept while the table grows: 400 edits then took 0.8 s at 20,000 users instead of 0.02 s.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

_CONFLICT_MESSAGES = {
    "workspace_name_unique": "a workspace of that name exists already",
    "workspace_key_unique": "that workspace key is taken",
    "workspace_uid_unique": "that workspace uid is taken",
    "console_user_name_unique": "a console user of that name exists already",
}


class TransactionRace(Unavailable):
    """The database chose this transaction as the loser of a deadlock or serialization conflict; run it again."""


class AssumptionFailed(Exception):  # noqa: N818 - reads as what it is where it is caught
    """A statement that takes for granted what is nearly always so met an exception; its transaction is to be undone."""


class Database:
    """A pool of connections to one database. Use as an async context manager, or `open` and `close`."""

    def __init__(self, url: str, *, max_size: int = 8, command_timeout_s: float = 30) -> None:
        self._url = url
        self._max_size = max_size
        self._command_timeout_s = command_timeout_s
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """Make the pool. It connects when it is first used: a worker must come up while the database is away."""
        with translated_errors():
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._max_size,
                command_timeout=self._command_timeout_s,
                server_settings=SERVER_SETTINGS,
                reset=_leave_as_is,  # type: ignore[arg-type]  # the stubs mean the bare connection
            )

    async def close(self) -> None:
        """Close all connections, waiting a little for running statements."""
        if self._pool is None:
            return
        try:
            await asyncio.wait_for(self._pool.close(), timeout=10)
        except TimeoutError:
            self._pool.terminate()
        self._pool = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @asynccontextmanager
    async def connection(self, *, acquire_timeout_s: float = 10) -> AsyncIterator[Connection]:
        """A connection of the pool; errors inside the block leave as domain errors."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        with translated_errors():
            # Not the pool's own time-out, which starts a task for it.
            async with asyncio.timeout(acquire_timeout_s) as waiting, self._pool.acquire() as connection:
                waiting.reschedule(None)
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: committed at the end of the block, rolled back on any exception."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def run(self, use: Callable[[Connection], Awaitable[_T]]) -> _T:
        """Run `use` in a transaction, again if the database aborts it as the loser of a collision."""
        for _ in range(MAX_RACES - 1):
            try:
                async with self.transaction() as connection:
                    return await use(connection)
            except TransactionRace:
                continue
        async with self.transaction() as connection:
            return await use(connection)


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert rows by COPY, which takes half the time of an INSERT; AssumptionFailed if the key of one is taken."""
    try:
        await connection.copy_records_to_table(table, columns=columns, records=rows)
    except asyncpg.UniqueViolationError as error:
        raise AssumptionFailed(f"a row of {table} is there already") from error


async def _leave_as_is(_connection: Connection) -> None:
    """What a connection goes through when it is given back, beside the roll-back of what was left open.

    No statement of the hub changes a session for longer than its transaction, so there is nothing to reset; the pool's
    own way costs a round trip for each use.
    """


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn driver errors into the project's, with the original as the cause."""
    try:
        yield
    except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
        raise TransactionRace("concurrent changes collided; try again", code=Code.COLLISION, retry_after_s=1) from error
    except asyncpg.UniqueViolationError as error:
        message = _CONFLICT_MESSAGES.get(error.constraint_name or "", "that already exists")
        raise Conflict(message, code=Code.ALREADY_EXISTS) from error
    except (
        asyncpg.CharacterNotInRepertoireError,
        asyncpg.UntranslatableCharacterError,
        asyncpg.NumericValueOutOfRangeError,
        asyncpg.InvalidTextRepresentationError,
        asyncpg.DataError,
    ) as error:
        raise InvalidRequest(f"a value cannot be stored: {error}", code=Code.INVALID_VALUE) from error
    except (asyncpg.DiskFullError, asyncpg.PostgresIOError, asyncpg.ReadOnlySQLTransactionError) as error:
        raise _cannot_write(error) from error
    except asyncpg.InternalServerError as error:
        # PostgreSQL has a code for a full disk, and none for a quota or a limit of the size of files.
        if not str(error).startswith(("could not extend file", "could not write")):
            raise
        raise _cannot_write(error) from error
    except (
        OSError,
        TimeoutError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # what a statement meets on a connection that broke just before it
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,  # shut down, crashed, starting up, canceled
        asyncpg.InsufficientResourcesError,  # out of memory or connections
        asyncpg.ObjectNotInPrerequisiteStateError,  # not accepting connections
        asyncpg.InvalidCatalogNameError,  # the database itself is gone
    ) as error:
        raise Unavailable(
            "the database does not answer; try again later", code=Code.DATABASE_UNAVAILABLE, retry_after_s=1
        ) from error


def _cannot_write(error: Exception) -> Unavailable:
    return Unavailable(
        f"the database cannot write: {error}; try again later", code=Code.DATABASE_READ_ONLY, retry_after_s=5
    )
