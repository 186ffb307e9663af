"""The embedded PostgreSQL: our own driver around the programs of a wheel (docs/decisions/0013).

A data directory belongs to one hub at a time. The server is a child of that hub. It listens on a unix socket only, and
accepts only the user who runs the hub.
"""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, Unavailable
from suprsend_hub.store.embedded.cluster import ensure_cluster
from suprsend_hub.store.embedded.directory import owned_directory, write_private
from suprsend_hub.store.embedded.leftovers import end_leftovers
from suprsend_hub.store.embedded.programs import DATABASE, ROLE, Account, Programs
from suprsend_hub.store.embedded.readiness import answers
from suprsend_hub.store.embedded.server import Server
from suprsend_hub.store.embedded.socket_directory import PREFIX, socket_directory

__all__ = [
    "POSTGRES_VERSION",
    "embedded_postgres",
    "holds_data",
    "owned_directory",
    "shared_postgres",
    "write_private",
]

POSTGRES_VERSION = 18
_NOTE = "postgres.socket"
"""File in the data directory with the place of the running server's socket, for commands next to the hub.

Its second line identifies the data directory itself: in a copy of the directory, the note is about another server.
"""

_log = logging.getLogger(__name__)


def _no_pulse() -> None:
    """Do nothing, so that the start never ends early."""


@contextmanager
def embedded_postgres(
    directory: Path,
    *,
    version: int = POSTGRES_VERSION,
    say: Callable[[str], None] = _log.warning,
    pulse: Callable[[], None] = _no_pulse,
) -> Iterator[str]:
    """Run PostgreSQL in `directory` for the time of the block; yield its URL.

    While the block lasts, a server that is killed is started again. A server that a killed hub left running is stopped
    first.

    Args:
        directory: of the data; the caller owns it (`owned_directory`).
        version: one of the wheel's major versions.
        say: called with a sentence for the person at the terminal, such as about a long recovery.
        pulse: called several times a second while the server starts; an exception from it ends the start cleanly.

    Raises:
        Conflict: the data are of another version, or closed to the server's user.
        Unavailable: PostgreSQL did not start; the message contains its own words.
    """
    programs = Programs.find(version, directory / "postgres")
    note = directory / _NOTE
    end_leftovers(programs.pgdata, pulse)
    _remove_noted_socket(directory)
    with ExitStack() as cleanup:
        sockets = cleanup.enter_context(socket_directory(programs.account))
        write_private(note, f"{sockets}\n{_identity(directory)}")
        cleanup.callback(note.unlink, missing_ok=True)
        ensure_cluster(programs, directory, workshop=sockets, pulse=pulse)
        server = Server(programs, sockets, directory / "postgres.log", say=say)
        cleanup.callback(server.stop)
        server.start(pulse)
        yield _url(sockets)


def holds_data(directory: Path) -> bool:
    """Tell whether the directory contains data of a hub."""
    return (directory / "postgres" / "PG_VERSION").exists()


@contextmanager
def shared_postgres(directory: Path, *, pulse: Callable[[], None] = _no_pulse) -> Iterator[str]:
    """Yield the URL of the server of `directory`: of the hub that runs there, or of one started for the block.

    Raises:
        Conflict: a hub is just starting there, so its server cannot be used yet.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(owned_directory(directory))
        except Conflict as error:
            if error.code is not Code.ALREADY_RUNNING:
                raise
            yield _url(_socket_of_running_hub(directory))
        else:
            yield stack.enter_context(embedded_postgres(directory, pulse=pulse))


def _url(sockets: Path) -> str:
    """Return a URL with everything that the driver would otherwise read from `PG*` variables of other servers."""
    return (
        f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets))}&port=5432&sslmode=disable&target_session_attrs=any"
    )


def _socket_of_running_hub(directory: Path) -> Path:
    sockets = _noted_socket(directory)
    with suppress(FileNotFoundError):
        # The note may be of a killed hub, and by now anybody may have created the directory that it names.
        if sockets and sockets.stat().st_uid == Account.choose(directory / "postgres").uid and answers(sockets):
            return sockets
    raise Conflict(
        f"a hub is just starting or stopping in {directory}; try again in a moment", code=Code.ALREADY_RUNNING
    )


def _remove_noted_socket(directory: Path) -> None:
    """Remove what a killed hub left in the temporary directory."""
    left = _noted_socket(directory)
    if left and left.name.startswith(PREFIX):
        with suppress(Unavailable):  # a server that refuses us answers, too
            if not answers(left):
                shutil.rmtree(left, ignore_errors=True)


def _noted_socket(directory: Path) -> Path | None:
    """Return the directory of the socket that the note names; None if it was written in another data directory."""
    try:
        sockets, _, identity = (directory / _NOTE).read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    return Path(sockets) if identity == _identity(directory) else None


def _identity(directory: Path) -> str:
    found = directory.stat()
    return f"{found.st_dev}:{found.st_ino}"
