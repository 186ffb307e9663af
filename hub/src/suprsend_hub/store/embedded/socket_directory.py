"""A directory with a short path for the server's socket, open only to the user that the server runs as."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict
from suprsend_hub.store.embedded.programs import Account

PREFIX = "suprsend-hub-"
PORT = 5432
"""Only a part of the socket's name; no port is opened."""
SOCKET = f".s.PGSQL.{PORT}"
_LONGEST = 103
"""Maximum bytes of a socket's path on macOS; four more on Linux."""
_PLAIN = re.compile(r"/[A-Za-z0-9/._-]*")
"""Paths without special characters of URLs or of PostgreSQL's list of directories."""


@contextmanager
def socket_directory(account: Account) -> Iterator[Path]:
    """Create the directory for the time of the block. Conflict if there is no place for it."""
    bases = [Path(base) for base in (os.environ.get("TMPDIR"), "/tmp", "/var/tmp") if base]  # noqa: S108 - checked below
    for base in bases:
        if not _is_fit(base, account):
            continue
        try:
            made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        except OSError:
            continue
        break
    else:
        raise Conflict(
            f"there is no place for the database's socket: none of {', '.join(map(str, bases))} is a directory that we "
            "can write to and others cannot take over, with a path that is short and plain enough; set TMPDIR to one",
            code=Code.NO_SOCKET_DIRECTORY,
        )
    try:
        if account.is_another:
            os.chown(made, account.uid, account.gid)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def clear_for_start(sockets: Path, account: Account) -> None:
    """Remove what a killed server left, and create the directory again if the system's clean-up has removed it.

    FileExistsError if something else is in its place now.
    """
    if sockets.is_symlink() or not sockets.is_dir() or sockets.stat().st_uid != account.uid:
        sockets.mkdir(mode=0o700)
        if account.is_another:
            os.chown(sockets, account.uid, account.gid)
    for left in (socket_path(sockets), sockets / f"{SOCKET}.lock"):
        left.unlink(missing_ok=True)


def socket_path(sockets: Path) -> Path:
    """Return the path on which the server listens."""
    return sockets / SOCKET


def _is_fit(base: Path, account: Account) -> bool:
    """Tell whether a directory in it has a short path and stays ours. Otherwise others could pose as our server."""
    longest = base / f"{PREFIX}01234567" / SOCKET
    if not _PLAIN.fullmatch(str(base)) or len(str(longest)) > _LONGEST:
        return False
    try:
        found = base.stat()
        reachable = not account.is_another or account.first_closed(base.resolve()) is None
    except OSError:
        return False
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid in (0, os.geteuid())
        and (not others_write or bool(found.st_mode & stat.S_ISVTX))
        and reachable
    )
