"""Turn driver errors into the project's errors, in this one place.

The layers above see only `DomainError`s; the driver's exception stays chained as the cause. Faults that an operator has
to repair (`Misconfigured`) differ from a server that does not answer (`Unavailable`).
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, DomainError, InvalidRequest, Unavailable
from suprsend_hub.store.address import SETTING

OLDEST_POSTGRES = 16
SHARED_SESSIONS = (
    "a connection pooler between the hub and PostgreSQL shares sessions between clients, such as "
    f"PgBouncer with pool_mode = transaction or statement; set pool_mode = session, or connect {SETTING} to "
    "PostgreSQL directly"
)

_CONFLICT_MESSAGES = {
    "workspace_name_unique": "a workspace of that name already exists",
    "workspace_key_unique": "that workspace key is taken",
    "workspace_uid_unique": "that workspace uid is taken",
    "console_user_name_unique": "a console user of that name already exists",
}
_ADVICE = {
    "28": f"check user and password in {SETTING}, and the server's pg_hba.conf",
    "3D": f"create it, or name another one in {SETTING}",
    "42501": "grant it to the hub's role, or make that role the owner of the database and its tables",
    "3F": "has `suprsend-hub db migrate` run on this database?",
    "42704": f"check the options in {SETTING}",
    "42": "has `suprsend-hub db migrate` run on this database, and is it this release's?",
}
"""What to do about an SQLSTATE or a class of them; the longest match counts."""
_POOLER_STATES = ("26000", "42P05")
"""A prepared statement is unknown, or exists already, so the session is shared with others."""


class TransactionRace(Unavailable):
    """The database chose this transaction as the loser of a deadlock or serialization conflict; run it again."""


class AssumptionFailed(Exception):  # noqa: N818 - reads as what it is where it is caught
    """An optimistic statement hit the uncommon case; roll the transaction back."""


class Misconfigured(Unavailable):
    """The database refuses the hub, or the hub cannot use it, until an operator changes something.

    The reason may name roles, hosts and databases, so it goes to the operator and not to clients.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            "the hub cannot use its database; its operator finds the reason in the hub's log",
            code=Code.DATABASE_MISCONFIGURED,
            retry_after_s=5,
            reason=reason,
        )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn driver errors into the project's errors, with the original as the cause."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        translated = _translated(error)
        if translated is None:
            raise
        raise translated from error


def _translated(error: Exception) -> DomainError | None:
    """Return the project's error for a driver error; None for errors that only a defect can cause."""
    match error:
        case (
            asyncpg.DeadlockDetectedError()
            | asyncpg.SerializationError()
            | asyncpg.InvalidCachedStatementError()  # a migration changed a table just now
        ):
            return TransactionRace("concurrent changes collided; try again", code=Code.COLLISION, retry_after_s=1)
        case asyncpg.UniqueViolationError():
            message = _CONFLICT_MESSAGES.get(error.constraint_name or "", "that already exists")
            return Conflict(message, code=Code.ALREADY_EXISTS)
        case asyncpg.DataError() | asyncpg.ProgramLimitExceededError():
            return InvalidRequest(f"a value cannot be stored: {error}", code=Code.INVALID_VALUE)
        case asyncpg.DiskFullError() | asyncpg.PostgresIOError() | asyncpg.ReadOnlySQLTransactionError():
            return _cannot_write(error)
        case asyncpg.InternalServerError():
            # PostgreSQL has a code for a full disk, but none for a quota or a limit on file sizes.
            is_full = str(error).startswith(("could not extend file", "could not write"))
            return _cannot_write(error) if is_full else None
        case asyncpg.IntegrityConstraintViolationError() | asyncpg.CardinalityViolationError():
            return None  # caused by one record, not by others in its batch
        case _ if _is_away(error):
            return Unavailable(
                "the database does not answer; try again later",
                code=Code.DATABASE_UNAVAILABLE,
                retry_after_s=1,
                reason=f"the database does not answer: {_words(error)}",
            )
        case asyncpg.PostgresError():
            return _misconfigured(error)
        case _:
            return Misconfigured(f"{_words(error)}; check {SETTING}")


def _is_away(error: Exception) -> bool:
    if isinstance(error, ssl.SSLError):  # an OSError, like a broken connection
        return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError))
    return isinstance(
        error,
        (
            OSError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,  # raised by a statement on a connection that has just broken
            asyncpg.PostgresConnectionError,
            asyncpg.OperatorInterventionError,  # shut down, crashed, starting up, canceled
            asyncpg.InsufficientResourcesError,  # out of memory or connections
            asyncpg.ObjectNotInPrerequisiteStateError,  # not accepting connections
        ),
    )


def _misconfigured(error: asyncpg.PostgresError) -> Misconfigured:
    state = error.sqlstate or ""
    if state in _POOLER_STATES:
        return Misconfigured(SHARED_SESSIONS)
    known = max((prefix for prefix in _ADVICE if state.startswith(prefix)), key=len, default=None)
    advice = f"SQLSTATE {state}" if known is None else _ADVICE[known]
    return Misconfigured(f"the database refuses the hub: {_words(error)}; {advice}")


def _cannot_write(error: Exception) -> Unavailable:
    return Unavailable(
        f"the database cannot write: {error}; try again later", code=Code.DATABASE_READ_ONLY, retry_after_s=5
    )


def _words(error: Exception) -> str:
    """Return the driver's reason on one line."""
    return " ".join(str(error).split()) or ("timed out" if isinstance(error, TimeoutError) else type(error).__name__)
