"""Run migrations: Alembic keeps the order and the state, and the steps are plain SQL files.

A release that changes tables brings *pre* steps. They run before its code does and only add, so the previous release's
code keeps working. If something has to be removed, the release also brings *post* steps, which run when no old code is
left. The module of a post step says `post = True`, and the step comes after all pre steps of its release. When it has
run, code that does not know the newest pre step before it is too old (docs/decisions/0008-pre-and-post-steps.md).

Before the first release, a pre step could say `breaking = True`: the code before it does not work on its tables.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeAlias

import asyncpg
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationInfo
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import pool, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, Unavailable
from suprsend_hub.store.address import parse_address
from suprsend_hub.store.connect import connect
from suprsend_hub.store.errors import translated_errors
from suprsend_hub.store.schema_version import read_schema

FOLDER = Path(str(files("suprsend_hub.store.migrations")))
"""The steps of this release."""
_MIGRATION_LOCK = 7877_0001
"""Advisory lock, with which two hubs that start at once migrate one after the other."""
_TABLE_WAIT_S = 3
"""How long a step waits for a table in a long transaction. Hubs that need the table wait behind the step."""
_RAISE_SUPPORT = text(
    "INSERT INTO schema_support (oldest_head) VALUES (:head) "
    "ON CONFLICT (only_row) DO UPDATE SET oldest_head = excluded.oldest_head"
)

RecordRun: TypeAlias = Callable[["asyncpg.Connection[asyncpg.Record]", str | None, str], Awaitable[None]]
"""Records from which revision (None: an empty database) to which one a run leads, in its last transaction."""


class Step(NamedTuple):
    """A step, and the HEAD of the code that it came with: the newest pre step up to this one."""

    revision: str
    is_post: bool
    is_breaking: bool
    head: str


@dataclass(frozen=True, slots=True)
class Migrated:
    """`revision`: of the schema now. `last`: the last step that this release knows."""

    revision: str
    last: str

    @property
    def post_steps_wait(self) -> bool:
        """Tell whether post steps of this release have not run yet."""
        return self.revision < self.last

    @property
    def is_newer(self) -> bool:
        """Tell whether a newer release has migrated the database, on whose schema this one works."""
        return self.revision > self.last


def read_steps(folder: Path) -> Sequence[Step]:
    """Return the steps of a migrations folder, oldest first."""
    steps: list[Step] = []
    head = ""
    for script in reversed(list(ScriptDirectory(str(folder)).walk_revisions())):
        is_post = getattr(script.module, "post", False)
        head = head if is_post else script.revision
        steps.append(Step(script.revision, is_post, getattr(script.module, "breaking", False), head))
    return steps


def run_sql(file_name: str) -> None:
    """Run a file of the versions folder, with all its statements, in the transaction of the revision."""
    script = op.get_context().script
    assert script is not None
    statements = Path(script.dir, "versions", file_name).read_text(encoding="utf-8")
    # SQLAlchemy begins its transaction on the driver's connection with its own first statement; without one, the file
    # would be committed by itself, before the revision is recorded.
    op.get_bind().execute(text("SELECT 1"))
    await_only(_driver_connection(op.get_bind()).execute(statements))


async def migrate(url: str, *, post: bool = False, folder: Path = FOLDER, record: RecordRun | None = None) -> Migrated:
    """Run the missing steps, up to this release's post steps, or including those if `post`.

    If a step is missing, call `record` in the transaction of the last one, when the tables are those of this release.

    On a database without a schema all steps run, because no code can use it yet. Safe to run again, and from several
    places at once. Conflict, with nothing changed, if the database is too new for this release, or if, without `post`,
    a post step is on the way that removes what running hubs may need.
    """
    address = parse_address(url)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: connect(address), poolclass=pool.NullPool
    )
    with translated_errors():
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(_migrate, folder, post, record)
        finally:
            await engine.dispose()


def _migrate(connection: SyncConnection, folder: Path, post: bool, record: RecordRun | None) -> Migrated:
    steps = read_steps(folder)
    head, last = steps[-1].head, steps[-1].revision
    try:
        # On the connection that migrates: the lock is held while its backend works, even if this process has died.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(text(f"SET lock_timeout = '{_TABLE_WAIT_S}s'"))
        connection.commit()
        schema = await_only(read_schema(_driver_connection(connection)))
        if schema.has_outgrown(head):
            raise Conflict(f"the schema {schema.trouble(head)}", code=Code.NEWER_SCHEMA)
        found = schema.revision
        target = last if post or found is None else head
        if found is not None and not post:
            _check_that_running_hubs_survive(found, [step for step in steps if step.revision < target])
        if found is None or found < target:
            _upgrade(connection, folder, steps, (found, target), record)
            found = target
    except CommandError as error:
        raise Conflict(
            f"the database is at a revision that no release of the hub has: {error}", code=Code.UNKNOWN_REVISION
        ) from error
    except asyncpg.LockNotAvailableError as error:
        raise Unavailable(
            f"a table was in use for more than {_TABLE_WAIT_S} s, perhaps by a backup or a `db check`, and hubs would "
            "have had to wait behind the migration. Run it again afterwards; it continues from there",
            code=Code.TABLE_IN_USE,
            retry_after_s=_TABLE_WAIT_S,
        ) from error
    except DBAPIError as error:
        if not (error.connection_invalidated or isinstance(error, (InterfaceError, OperationalError))):
            raise _driver_error(error) from error
        raise Unavailable(
            "the connection to the database broke during the migration; run it again, and it continues from there",
            code=Code.DATABASE_UNAVAILABLE,
            retry_after_s=1,
        ) from error
    return Migrated(found, last)


def _driver_error(error: DBAPIError) -> BaseException:
    """Return the error of the driver, below the two of SQLAlchemy."""
    cause = None if error.orig is None else error.orig.__cause__
    return error if cause is None else cause


def _check_that_running_hubs_survive(found: str, steps: Sequence[Step]) -> None:
    """Raise Conflict for a post step whose pre steps have not run yet: hubs that it would stop may be running."""
    for step in steps:
        if step.is_post and found < step.head:
            raise Conflict(
                f"the schema is at {found}, several releases behind this one, and step {step.revision} on the way "
                "removes what the running hubs need. Upgrade one release after the other, or stop all hubs and run "
                "`suprsend-hub db migrate --post`",
                code=Code.RELEASE_SKIPPED,
            )


def _upgrade(
    connection: SyncConnection,
    folder: Path,
    steps: Sequence[Step],
    way: tuple[str | None, str],
    record: RecordRun | None,
) -> None:
    """Run the steps on the way. A new database gets all or nothing, so that it stays one if interrupted."""
    found, target = way
    ends_support = {step.revision: step.head for step in steps if step.is_post or step.is_breaking}

    def note(*, step: MigrationInfo, **_: object) -> None:
        """Note which code the schema supports, and the run. Alembic calls this after each step, in its transaction."""
        if step.up_revision_id in ends_support:
            connection.execute(_RAISE_SUPPORT, {"head": ends_support[step.up_revision_id]})
        if step.up_revision_id == target and record is not None:
            await_only(record(_driver_connection(connection), found, target))

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))  # as an ini file writes it
    config.attributes.update(  # env.py passes them on to Alembic
        connection=connection, transaction_per_migration=found is not None, on_version_apply=note
    )
    command.upgrade(config, target)
    connection.commit()


def _driver_connection(connection: SyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    driver_connection: asyncpg.Connection[asyncpg.Record] | None = connection.connection.driver_connection
    assert driver_connection is not None
    return driver_connection
