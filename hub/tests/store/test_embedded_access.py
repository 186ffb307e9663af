"""Who may use the embedded server and its data directory: the hub's own user."""

import json
import os
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded_processes import IS_ROOT, value_of
from suprsend_hub.domain.errors import Conflict, Unavailable
from suprsend_hub.store.embedded import embedded_postgres, owned_directory
from suprsend_hub.store.embedded.directory import write_private
from suprsend_hub.store.embedded.programs import Programs

CopyCluster = Callable[..., Path]
RULES = """
SELECT json_agg(json_build_array(type, database, user_name, address, auth_method, options, error))
FROM pg_hba_file_rules
"""
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can act as another user")


def old_data(place: Path, version: int) -> Path:
    """Data as earlier versions of the hub made it: whoever reaches the socket is let in as whom they please."""
    directory = place / "data"
    directory.mkdir(mode=0o700)
    programs = Programs.find(version, directory / "postgres")
    os.chown(programs.pgdata, programs.account.uid, programs.account.gid)
    with tempfile.TemporaryFile() as output:
        initdb = programs.run(
            "initdb",
            ["--auth=trust", "--auth-local=trust", "--encoding=utf8", "-U", "postgres", "-D", programs.data_argument],
            output,
        )
        assert initdb.wait() == 0
    with (directory / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write(
            "lc_messages = 'xx_YY.UTF-8'\ninclude_if_exists 'suprsend_hub.conf'\nlisten_addresses = '*'\n"
        )
    (directory / "postgres" / "suprsend_hub.conf").write_text("shared_buffers = 128MB\n")
    (directory / "postgres" / "suprsend_hub.conf").chmod(0o644)
    (directory / "postgres" / "log").touch()
    (directory / "postgres" / ".handle_pids.json").write_text("[1]")
    return directory


@pytest.mark.parametrize("version", [16, 18])
def test_data_of_an_earlier_version_opens_and_is_tightened(place: Path, version: int) -> None:
    """What it says of trust, of network addresses and of a locale that this system lacks counts no more."""
    with embedded_postgres(old_data(place, version), version=version) as url:
        rules = json.loads(str(value_of(url, RULES)))
        assert rules == [["local", ["all"], ["all"], None, "peer", ["map=hub"], None]]
        assert value_of(url, "SHOW listen_addresses") == ""
        assert value_of(url, "SHOW unix_socket_permissions") == "0700"


@needs_root
@pytest.mark.parametrize("locked", [True, False], ids=["closed socket", "socket forced open"])
def test_another_user_of_the_machine_gets_in_by_no_name(place: Path, copy_cluster: CopyCluster, locked: bool) -> None:
    """Neither past the permissions of the socket, nor past PostgreSQL when those are out of the way."""
    directory = copy_cluster(place / "data")
    with embedded_postgres(directory) as url:
        sockets = Path(str(value_of(url, "SHOW unix_socket_directories")))
        if not locked:
            sockets.chmod(0o777)
            (sockets / ".s.PGSQL.5432").chmod(0o777)
        psql = Programs.find(18, directory / "postgres").installation / "bin" / "psql"
        for uid in (1, 65534, 54321):  # daemon, nobody, a user without a name
            for role in ("postgres", "root", "hub"):
                done = subprocess.run(
                    [psql, "-X", "-h", sockets, "-U", role, "-d", "postgres", "-c", "SELECT 1"],
                    user=uid, group=uid, extra_groups=[], cwd="/", env={"LC_ALL": "C"}, capture_output=True, text=True, check=False,
                )  # fmt: skip
                # The server's own user passes its socket's permissions, and is refused by the server.
                wanted = "Permission denied" if locked and uid != 65534 else "authentication failed"
                assert done.returncode == 2, done.stdout
                assert wanted in done.stderr or (uid == 54321 and "Peer" in done.stderr)


def test_variables_meant_for_other_servers_reach_no_connection(
    place: Path, copy_cluster: CopyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL leaves nothing open that the driver would fill in from the environment."""
    directory = copy_cluster(place / "data")
    wrong = {
        "PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "me", "PGDATABASE": "mine", "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/nope", "PGTARGETSESSIONATTRS": "read-only", "PGDATA": "/nope", "PGOPTIONS": "-c nope=1",
    }  # fmt: skip
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")
    with embedded_postgres(directory) as url:
        assert value_of(url, "SELECT current_user || current_database()") == "postgrespostgres"
        environment = Path("/proc", str(value_of(url, "SELECT pg_backend_pid()")), "environ")
        assert not environment.exists()  # that backend has ended; the server has not
        server = Path(
            "/proc", (directory / "postgres" / "postmaster.pid").read_text().split()[0], "environ"
        ).read_text()
        assert sorted(filter(None, server.split("\0"))) == sorted(["LC_ALL=C", "TZ=UTC", f"PATH={os.defpath}"])


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722, 0o1777])
def test_a_directory_that_others_can_write_to_is_refused(place: Path, mode: int) -> None:
    """With what to do about it, and without having put anything there."""
    directory = place / "it's open"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(Conflict, match=f"mode {mode:o}.*chmod go-w '.*it'") as refused, owned_directory(directory):
        pass
    assert list(directory.iterdir()) == []
    command = refused.value.message.split("`")[1]
    subprocess.run(["sh", "-c", command], check=True)
    with owned_directory(directory):
        pass


def test_a_hubs_own_directory_that_was_made_under_an_open_umask_is_closed(place: Path) -> None:
    """Earlier versions made it as the umask said; only the right to write is taken away."""
    directory = place / "data"
    with owned_directory(directory):
        pass
    directory.chmod(0o775)
    with owned_directory(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o755


@needs_root
def test_somebody_elses_directory_is_refused(place: Path) -> None:
    """Its owner can change at any time what the hub keeps there, and lead root's writes elsewhere."""
    directory = place / "data"
    directory.mkdir(mode=0o700)
    os.chown(directory, 65534, 65534)
    with pytest.raises(Conflict, match="belongs to another user \\(nobody\\)"), owned_directory(directory):
        pass


def test_no_file_of_ours_is_written_through_a_link(place: Path, copy_cluster: CopyCluster) -> None:
    """A planted link is refused or replaced; what it points at stays."""
    directory = copy_cluster(place / "data")
    victim = place / "victim"
    victim.write_text("precious")
    for name in ("hub.lock", "postgres.log"):
        (directory / name).unlink(missing_ok=True)
        (directory / name).symlink_to(victim)
        with pytest.raises(OSError, match="symbolic links"), owned_directory(directory), embedded_postgres(directory):
            pass
        (directory / name).unlink()
    for name in ("master.key", "postgres.socket", "postgres/pg_hba.conf", "postgres/pg_ident.conf"):
        (directory / name).unlink(missing_ok=True)
        (directory / name).symlink_to(victim)
    victim.write_text("precious")
    write_private(directory / "master.key", "key")
    victim.chmod(0o600)
    (directory / "postgres.socket").unlink()
    with owned_directory(directory), embedded_postgres(directory) as url:
        assert value_of(url, "SELECT 1") == 1
    assert victim.read_text() == "precious"
    assert (directory / "master.key").read_text() == "key"
    assert stat.S_IMODE((directory / "master.key").stat().st_mode) == 0o600


def test_a_locale_that_this_system_lacks_is_named(place: Path, copy_cluster: CopyCluster) -> None:
    """A database that was made with it cannot be served here; the error is PostgreSQL's own sentence."""
    directory = copy_cluster(place / "data")
    with embedded_postgres(directory) as url:
        value_of(
            url,
            "UPDATE pg_database SET datlocprovider = 'c', datcollate = 'xx_YY', datctype = 'xx_YY', datlocale = NULL",
        )
    with pytest.raises(Unavailable, match="locale"), embedded_postgres(directory):
        pass


def test_data_of_another_version_is_refused_by_its_number(place: Path, copy_cluster: CopyCluster) -> None:
    """Before PostgreSQL says so in its own way."""
    directory = copy_cluster(place / "data", 16)
    with pytest.raises(Conflict, match="is of PostgreSQL 16, and this hub brings 18"), embedded_postgres(directory):
        pass
