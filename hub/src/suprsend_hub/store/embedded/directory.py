"""The data directory of an embedded hub: nobody else may write to it, and one hub has it at a time.

The owner holds a lock on a file in it, which the system frees when the owner dies.
"""

import fcntl
import os
import pwd
import shlex
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict

_LOCK = "hub.lock"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def owned_directory(directory: Path) -> Iterator[Path]:
    """Hold the data directory, making it if it is missing.

    Raises:
        Conflict: a hub already runs in it, it is somebody else's, or others can write to it.
    """
    _make(directory)
    _check_that_it_is_ours_alone(directory)
    with os.fdopen(os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = lock.read().strip()
            raise Conflict(
                f"a hub is already running in {directory}" + (f" (process {owner})" if owner else "")
                + "; stop it first, or give this one another --data-dir",
                code=Code.ALREADY_RUNNING,
            ) from error  # fmt: skip
        with _naming(directory / _LOCK):
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        yield directory


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    handle, temporary = tempfile.mkstemp(prefix=f"{path.name}-", dir=path.parent)
    try:
        with _naming(path), os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say which file it was that could not be written: a full disk does not."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _make(directory: Path) -> None:
    """Make what is missing of the path, for us alone: with an open umask others could otherwise swap a parent."""
    for step in reversed([directory, *directory.parents]):
        if not step.exists():
            step.mkdir(mode=0o700, exist_ok=True)


def _check_that_it_is_ours_alone(directory: Path) -> None:
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise Conflict(
            f"{directory} belongs to another user ({_name_of(found.st_uid)}), who could change what the hub keeps "
            "there; run the hub as that user, or choose another --data-dir",
            code=Code.FOREIGN_DIRECTORY,
        )
    if not found.st_mode & _OTHERS_WRITE:
        return
    if _is_a_hubs(directory):  # made under an open umask by an earlier version: take away what should never have been
        directory.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS_WRITE)
        return
    raise Conflict(
        f"others can write to {directory} (mode {stat.S_IMODE(found.st_mode):o}), and so to the hub's database and "
        f"keys; close it with `chmod go-w {shlex.quote(str(directory))}`, or choose another --data-dir",
        code=Code.OPEN_DIRECTORY,
    )


def _is_a_hubs(directory: Path) -> bool:
    try:
        return (directory / _LOCK).lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return False


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
