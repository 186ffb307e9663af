"""The files of a database cluster: `initdb` creates them once, and each start writes the rules on who may connect."""

import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, Unavailable
from suprsend_hub.store.embedded.programs import ROLE, Programs
from suprsend_hub.store.embedded.server_log import telling

_POLL_S = 0.05
_SHELL_SPECIAL = frozenset('"$`\\')
"""Characters with a meaning in double quotes, in which `initdb` passes its own path to a shell."""
_LOCALE = {16: ("--locale=C.UTF-8",)}
_BUILTIN_LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
"""From PostgreSQL 17 on, C.UTF-8 exists on every system."""

_WRITTEN_BY = "# Written by suprsend-hub at each start; edits are lost.\n"


def ensure_cluster(programs: Programs, directory: Path, *, workshop: Path, pulse: Callable[[], None]) -> None:
    """Create the cluster if it does not exist, and accept only the hub's user, also in existing clusters.

    Args:
        programs: the programs that create it, and where.
        directory: the hub's data directory, which contains the cluster.
        workshop: a directory of our own with a short, plain path, which the server's user can enter.
        pulse: called while `initdb` runs; an exception from it ends `initdb`.
    """
    unfinished = directory / "initdb.unfinished"
    if unfinished.exists():  # it did not exist before, so what is there now has never contained data
        _empty(programs.pgdata)
    if not any(programs.pgdata.iterdir()):
        unfinished.touch(mode=0o600)
        _initdb(programs, workshop, pulse)
        unfinished.unlink()
    _check_version(programs)
    _write(programs, "pg_hba.conf", f"{_WRITTEN_BY}local all all peer map=hub\n")
    _write(programs, "pg_ident.conf", f'{_WRITTEN_BY}hub "{_our_name()}" {ROLE}\n')


def _initdb(programs: Programs, workshop: Path, pulse: Callable[[], None]) -> None:
    """Run `initdb` to its end; Unavailable with its output if it fails."""
    if programs.account.is_another:
        os.chown(programs.pgdata, programs.account.uid, programs.account.gid)
    arguments = [
        f"--pgdata={programs.data_argument}", f"--username={ROLE}", "--encoding=UTF8", "--no-instructions",
        "--auth-local=peer", "--auth-host=reject", *_LOCALE.get(programs.version, _BUILTIN_LOCALE),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as output, _plain_installation(programs, workshop) as installation:
        process = programs.run("initdb", arguments, output, installation=installation)
        try:
            while process.poll() is None:
                pulse()
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # including the shells and servers that it runs
                process.wait()
        if process.returncode == 0:
            return
        output.seek(0)
        said = output.read().decode(errors="replace").replace(programs.data_argument, str(programs.pgdata))
    raise Unavailable(
        f"the database in {programs.pgdata} could not be created: {telling(said)}",
        code=Code.INITDB_FAILED,
        retry_after_s=1,
    )


@contextmanager
def _plain_installation(programs: Programs, workshop: Path) -> Iterator[Path]:
    """Return a path of the installation that `initdb` can pass to a shell: its own, or one with two copied programs.

    Links would not help, because the programs resolve them.
    """
    real = programs.installation
    if not _SHELL_SPECIAL & set(str(real)):
        yield real
        return
    site, package = workshop / "site", workshop / "site" / real.parent.name
    copy = package / real.name
    (copy / "bin").mkdir(parents=True)
    for program in ("initdb", "postgres"):
        shutil.copy(real / "bin" / program, copy / "bin")
    libraries = real.parents[1].glob(f"{real.parent.name}.*")
    for folder, originals in ((copy, real.iterdir()), (package, real.parent.iterdir()), (site, libraries)):
        for original in originals:
            if not (folder / original.name).exists():
                (folder / original.name).symlink_to(original)
    for made in (site, package, copy, copy / "bin", *(copy / "bin").iterdir()):
        os.chown(made, programs.account.uid, programs.account.gid)
    try:
        yield copy
    finally:
        shutil.rmtree(site)


def _check_version(programs: Programs) -> None:
    try:
        found = (programs.pgdata / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise Conflict(
            f"{programs.pgdata} contains something other than a database; move it away, or choose another --data-dir",
            code=Code.NOT_A_DATABASE,
        ) from None
    if found != str(programs.version):
        raise Conflict(
            f"the database in {programs.pgdata} is of PostgreSQL {found}, and this hub brings {programs.version}; "
            "move it with pg_dump and psql, or choose another --data-dir",
            code=Code.OTHER_POSTGRES_VERSION,
        )


def _write(programs: Programs, name: str, text: str) -> None:
    """Replace a file without writing through an existing one, because the directory may be another user's."""
    handle, temporary = tempfile.mkstemp(dir=programs.pgdata)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        if programs.account.is_another:
            os.fchown(file.fileno(), programs.account.uid, programs.account.gid)
    Path(temporary).replace(programs.pgdata / name)


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _our_name() -> str:
    """Return the name by which PostgreSQL recognizes the user whom it accepts."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name.replace('"', '""')
    except KeyError:
        raise Conflict(
            f"the user number {os.geteuid()} has no name on this system, and PostgreSQL tells users by their names; "
            "give it one (in /etc/passwd), or run the hub as a user who has one",
            code=Code.NAMELESS_USER,
        ) from None
