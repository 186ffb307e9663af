"""The data directory of an embedded hub: no other user may write to it, and one hub uses it at a time.

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
    """Hold the data directory, and create it if it does not exist.

    Raises:
        Conflict: a hub already runs in it, it belongs to another user, or others can write to it.
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
    """Write a file that only its owner can read, either completely or not at all."""
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
    """Add the name of the file to an error that lacks it, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _make(directory: Path) -> None:
    """Create missing directories for us alone. With an open umask, others could otherwise replace a parent."""
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
    if _is_a_hubs(directory):  # an earlier version created it under an open umask: remove these permissions
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
