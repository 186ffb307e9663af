"""The connection pool of the hub."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias, TypeVar

import asyncpg

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.store.address import parse_address
from suprsend_hub.store.connect import DriverConnection, connect
from suprsend_hub.store.errors import AssumptionFailed, TransactionRace, translated_errors
from suprsend_hub.store.outage import LOGGED_BY_DATABASE, OutageLog
from suprsend_hub.store.patience import Patience

__all__ = ["MAX_RACES", "AssumptionFailed", "Connection", "Database", "TransactionRace", "copy_rows"]

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_T = TypeVar("_T")

MAX_RACES = 20
"""Attempts at a transaction that the database aborts (deadlock). With each abort, another transaction succeeds."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_MAX_WAITING = 1000
"""Transactions that may wait for a database that is away; more fail at once."""
_ACQUIRE_S = 10
"""Seconds that a request waits for a free connection."""


class Database:
    """A pool of connections to one database. Use as an async context manager, or `open` and `close`."""

    def __init__(self, url: str, *, max_size: int = 8, command_timeout_s: float = 30, patience_s: float = 0) -> None:
        """Raise InvalidRequest, which repeats no part of the URL, if the URL is not that of a database.

        `patience_s`: how long `run` waits for a database that is away.
        """
        self._address = parse_address(url)
        self._max_size = max_size
        self._command_timeout_s = command_timeout_s
        self._acquire_s = max(_ACQUIRE_S, self._address.connect_timeout_s)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._outage: OutageLog | None = None
        self._is_known = False
        self._patience = Patience(patience_s)
        self._waiting = 0

    @property
    def ignored_parameters(self) -> Sequence[str]:
        """Return the parameters of the URL that the hub ignores."""
        return self._address.ignored

    def log_outages(self) -> None:
        """Log when the database cannot be used, and when it can be used again. For servers, not for commands."""
        self._outage = OutageLog("database")

    async def open(self) -> None:
        """Create the pool. It connects on first use, so that a worker can start while the database is away."""
        self._pool = await asyncpg.create_pool(  # type: ignore[call-overload]  # the stubs list each option of `connect`
            min_size=0, max_size=self._max_size, connect=self._connect, reset=_leave_as_is
        )

    async def _connect(self, _dsn: None, **options: Any) -> DriverConnection:
        """Open a connection. The pool calls this, without a DSN."""
        connection = await connect(
            self._address, is_known=self._is_known, command_timeout=self._command_timeout_s, **options
        )
        self._is_known = True
        return connection

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
    async def connection(self, *, acquire_timeout_s: float | None = None) -> AsyncIterator[Connection]:
        """Yield a connection of the pool. Driver errors inside the block become domain errors."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        timeout_s = self._acquire_s if acquire_timeout_s is None else acquire_timeout_s
        try:
            with translated_errors():
                # Not the pool's own time-out, which would start a task.
                async with asyncio.timeout(timeout_s) as waiting, self._pool.acquire() as connection:
                    waiting.reschedule(None)
                    yield connection
        except Unavailable as error:
            if self._outage is not None and error.code in LOGGED_BY_DATABASE:
                self._outage.note(error.code, error.for_operator)
            raise
        if self._outage is not None:
            self._outage.end()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction: committed at the end of the block, rolled back on any exception."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def run(self, use: Callable[[Connection], Awaitable[_T]]) -> _T:
        """Run `use` in a transaction; run it again if that had no effect for a reason that passes.

        That is a conflict, upon which the database aborts the transaction, and an absence of the database before the
        commit was sent, for as long as patience lasts. A commit without an answer is not repeated.
        """
        started, pause_s, races = time.monotonic(), _FIRST_PAUSE_S, 1
        while True:
            is_committing = False
            try:
                async with self.transaction() as connection:
                    result = await use(connection)
                    is_committing = True
            except TransactionRace:
                races += 1
                if races > MAX_RACES:
                    raise
            except Unavailable as error:
                if error.code is not Code.DATABASE_UNAVAILABLE:
                    raise
                self._patience.failed()
                if is_committing or self._patience.left_s(started) <= pause_s or self._waiting >= _MAX_WAITING:
                    raise
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                self._patience.succeeded()
                return result

    async def _pause(self, seconds: float) -> None:
        self._waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting -= 1


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert rows by COPY, which takes half the time of an INSERT; AssumptionFailed if the key of one is taken."""
    try:
        await connection.copy_records_to_table(table, columns=columns, records=rows)
    except asyncpg.UniqueViolationError as error:
        raise AssumptionFailed(f"a row of {table} is there already") from error


async def _leave_as_is(_connection: Connection) -> None:
    """Reset nothing when a connection returns to the pool, which has rolled back an open transaction already.

    No statement of the hub changes a session for longer than its transaction. The pool's own reset would cost a round
    trip for each use.
    """
