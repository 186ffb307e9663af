"""A short directory for the server's socket, open to the user it runs as and to nobody else."""

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
"""Only part of the socket's name; nothing listens on a port."""
SOCKET = f".s.PGSQL.{PORT}"
_LONGEST = 103
"""Bytes that the path of a socket may have on macOS; four more on Linux."""
_PLAIN = re.compile(r"/[A-Za-z0-9/._-]*")
"""Characters that mean nothing in PostgreSQL's list of directories, nor in a URL."""


@contextmanager
def socket_directory(account: Account) -> Iterator[Path]:
    """Make the directory for the time of the block. Conflict if there is no place for it."""
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
    """Remove what a killed server left, and make the directory again if the system's cleaning has removed it.

    FileExistsError if something else is in its place now.
    """
    if sockets.is_symlink() or not sockets.is_dir() or sockets.stat().st_uid != account.uid:
        sockets.mkdir(mode=0o700)
        if account.is_another:
            os.chown(sockets, account.uid, account.gid)
    for left in (socket_path(sockets), sockets / f"{SOCKET}.lock"):
        left.unlink(missing_ok=True)


def socket_path(sockets: Path) -> Path:
    """Where the server listens."""
    return sockets / SOCKET


def _is_fit(base: Path, account: Account) -> bool:
    """Whether a directory in it has a short path, and stays ours: others could answer in our server's place."""
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
