"""The processes of the embedded server: started, watched, started again, ended, and never mistaken for others'."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from embedded_processes import has_ended, processes_in, server_of, value_of
from hub_process import until
from suprsend_hub.domain.errors import Conflict, Unavailable
from suprsend_hub.store import embedded
from suprsend_hub.store.embedded import (
    embedded_postgres,
    leftovers,
    owned_directory,
    readiness,
    server,
    shared_postgres,
)
from suprsend_hub.store.embedded.programs import Programs

CopyCluster = Callable[..., Path]
HUB = """
import sys, time
from pathlib import Path
from suprsend_hub.store.embedded import embedded_postgres, owned_directory
with owned_directory(Path(sys.argv[1])) as directory, embedded_postgres(directory) as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def data(place: Path, copy_cluster: CopyCluster) -> Path:
    return copy_cluster(place / "data")


@pytest.fixture
def strangers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that have nothing to do with the hub; ended when the test has ended."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def is_startup(process: psutil.Process) -> bool:
    """Whether it is the process that replays the log after a crash. Others come and go while they are looked at."""
    try:
        return "".join(process.cmdline()).startswith("postgres: startup")
    except psutil.NoSuchProcess:
        return False


def crashed(directory: Path) -> Path:
    """The same directory after the machine's power has gone, with a while's worth of work to recover."""
    with subprocess.Popen([sys.executable, "-c", HUB, directory], stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        url = hub.stdout.readline().strip()
        value_of(url, "CREATE TABLE kept (n int)")
        value_of(url, "INSERT INTO kept SELECT generate_series(1, 1000000)")
        hub.kill()
        hub.wait()
        for process in processes_in(directory):
            process.kill()
    until(lambda: not processes_in(directory), "all are dead")
    return directory


@pytest.mark.parametrize("stranger", ["a program", "another postgres", "a shell in the directory"])
def test_a_number_in_a_stale_lock_file_is_nobody_to_signal(
    data: Path, place: Path, strangers: list[subprocess.Popen[bytes]], stranger: str
) -> None:
    """After a crash the number may be anybody's, even of the same user, the same name, or at work in the same place."""
    account = Programs.find(18, data / "postgres").account
    program = "/bin/sleep"
    if stranger == "another postgres":
        program = str(shutil.copy("/bin/sleep", "/tmp") and shutil.move("/tmp/sleep", place / "postgres"))
        place.chmod(0o711)
    owner = {"user": account.uid, "group": account.gid} if account.is_another else {}
    where = data / "postgres" if stranger == "a shell in the directory" else Path("/")
    strangers.append(subprocess.Popen([program, "600"], cwd=where, **owner))
    lines = [str(strangers[0].pid), str(data / "postgres"), "1700000000", "5432", "/tmp", "", "  1  2", "ready   "]
    (data / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with embedded_postgres(data) as url:
        assert value_of(url, "SELECT 1") == 1
        assert strangers[0].poll() is None
    assert strangers[0].poll() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT], ids=lambda number: number.name)
def test_a_server_that_is_killed_is_started_again_at_the_same_address(data: Path, number: signal.Signals) -> None:
    """As often as it happens, with all that was committed, and with a word on it."""
    said: list[str] = []
    with embedded_postgres(data, say=said.append) as url:
        value_of(url, "CREATE TABLE kept (n int)")
        for round_number in (1, 2):
            value_of(url, f"INSERT INTO kept VALUES ({round_number})")
            before = server_of(data)
            before.send_signal(number)
            until(lambda before=before: has_ended(before), "the server dies")
            until(lambda: answers(url), "it answers again")
            assert server_of(data).pid != before.pid
            assert value_of(url, "SELECT count(*) FROM kept") == round_number
    assert processes_in(data) == []
    # A start that is killed before it is done counts as an attempt that failed.
    assert sum("is started again" in text for text in said) == 2


def answers(url: str) -> bool:
    try:
        return value_of(url, "SELECT 1") == 1
    except Exception:  # noqa: BLE001 - whatever a server says that is about to be there
        return False


def test_a_socket_that_has_been_cleaned_away_comes_back(data: Path) -> None:
    """As after somebody's `rm -rf /tmp/*`: the server lives, and nobody can reach it."""
    said: list[str] = []
    with embedded_postgres(data, say=said.append) as url:
        value_of(url, "CREATE TABLE kept (n int)")
        sockets = Path(str(value_of(url, "SHOW unix_socket_directories")))
        shutil.rmtree(sockets)
        until(lambda: answers(url), "it answers again")
        assert value_of(url, "SELECT count(*) FROM kept") == 0
        assert sockets.stat().st_mode & 0o077 == 0
    assert not sockets.exists()
    assert said == ["PostgreSQL has ended (exit status 0) and is started again."]


def test_restarts_go_on_until_they_succeed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot start now, as with a full disk, is tried again less and less often, and each reason is told."""
    monkeypatch.setattr(server, "_RESTART_PAUSE_S", 0.1)
    monkeypatch.setattr(server, "_MAX_RESTART_PAUSE_S", 0.3)
    said: list[str] = []
    with embedded_postgres(data, say=said.append) as url:
        control = data / "postgres" / "global" / "pg_control"
        away = control.rename(control.with_suffix(".away"))
        server_of(data).kill()
        until(lambda: sum("next attempt" in text for text in said) >= 3, "three attempts fail")
        assert "pg_control" in said[1]
        assert "in 0.1 s" in said[1]
        assert "in 0.3 s" in [text for text in said if "next attempt" in text][2]
        away.rename(control)
        until(lambda: answers(url), "it answers again")
    assert processes_in(data) == []


def test_a_stop_while_a_restart_fails_leaves_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the block waits for no further attempt."""
    monkeypatch.setattr(server, "_RESTART_PAUSE_S", 600)
    said: list[str] = []
    with embedded_postgres(data, say=said.append):
        (data / "postgres" / "global" / "pg_control").unlink()
        server_of(data).kill()
        until(lambda: len(said) == 2, "an attempt fails")
        begin = time.monotonic()
    assert time.monotonic() - begin < 10
    assert processes_in(data) == []


def test_a_server_that_a_killed_hub_left_running_is_replaced(data: Path) -> None:
    """It is stopped in order, its data is there, and what it had in the directory for temporary files is gone."""
    with subprocess.Popen([sys.executable, "-c", HUB, data], stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        url = hub.stdout.readline().strip()
        value_of(url, "CREATE TABLE kept (n int)")
        sockets, left = Path(str(value_of(url, "SHOW unix_socket_directories"))), server_of(data)
        with pytest.raises(Conflict, match="already running"), owned_directory(data):
            pass
        hub.kill()
    assert not has_ended(left)
    assert sockets.exists()
    with owned_directory(data), embedded_postgres(data) as url:
        assert has_ended(left)
        assert not sockets.exists()
        assert value_of(url, "SELECT count(*) FROM kept") == 0
    assert "database system was interrupted" not in (data / "postgres.log").read_text()


def test_a_start_that_was_killed_half_way_is_made_good_by_the_next(place: Path) -> None:
    """Also when `initdb` and hub die together, as with the machine's power: half a cluster looks like a whole one."""
    data = place / "data"
    with subprocess.Popen([sys.executable, "-c", HUB, data], stdout=subprocess.PIPE) as hub:
        until((data / "postgres" / "global" / "pg_control").exists, "initdb is half-way")
        hub.kill()
        for process in processes_in(data):
            process.kill()
    assert (data / "postgres" / "PG_VERSION").exists()
    with owned_directory(data), embedded_postgres(data) as url:
        assert value_of(url, "SELECT 1") == 1


def test_a_start_whose_hub_was_killed_does_not_go_on_beside_the_next(place: Path) -> None:
    """An `initdb` that outlives its hub is ended before another one works in the same place."""
    data = place / "data"
    with subprocess.Popen([sys.executable, "-c", HUB, data], stdout=subprocess.PIPE) as hub:
        until((data / "postgres" / "postgresql.conf").exists, "initdb is under way")
        hub.kill()
    with owned_directory(data), embedded_postgres(data) as url:
        assert value_of(url, "SELECT 1") == 1


def test_files_of_others_in_the_place_of_the_database_are_left_alone(place: Path) -> None:
    """Only what an interrupted start of ours left is cleared away, and never on a second attempt."""
    data = place / "data"
    (data / "postgres").mkdir(parents=True, mode=0o700)
    (data / "postgres" / "thesis.txt").write_text("precious")
    for _ in range(2):
        with pytest.raises(Conflict, match=f"{data}/postgres contains something other"), embedded_postgres(data):
            pass
    assert (data / "postgres" / "thesis.txt").read_text() == "precious"


def test_a_dead_server_that_nobody_reaps_is_no_obstacle(data: Path) -> None:
    """As in a container whose first process does not care: the number in the lock file stays taken for ever."""
    programs = Programs.find(18, data / "postgres")
    with (data / "log").open("wb") as output:
        alone = ["--listen_addresses=", "--unix_socket_directories=."]
        dead = programs.run("postgres", ["-D", programs.data_argument, *alone], output)
    until((data / "postgres" / "postmaster.pid").exists, "it has written its number")
    dead.kill()
    until(lambda: psutil.Process(dead.pid).status() == psutil.STATUS_ZOMBIE, "it is dead")
    with embedded_postgres(data) as url:
        assert value_of(url, "SELECT 1") == 1
    dead.wait()


def test_a_child_of_a_killed_server_that_hangs_is_ended(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses to start beside it, for ever."""
    monkeypatch.setattr(leftovers, "_DEATH_S", 1)
    with embedded_postgres(data) as url:
        child = next(process for process in processes_in(data) if "checkpointer" in "".join(process.cmdline()))
        child.suspend()
        server_of(data).kill()
        until(lambda: answers(url), "it answers again")
        assert has_ended(child)


@pytest.mark.parametrize("stopped_s", [0.5, 3])
def test_recovery_is_awaited_as_long_as_it_goes_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, stopped_s: float
) -> None:
    """A pause shorter than our patience is waited for, a longer one is not; how long it takes in all does not matter."""
    monkeypatch.setattr(readiness, "PATIENCE_S", 2)
    monkeypatch.setattr(readiness, "_SAY_AFTER_S", 0.2)
    monkeypatch.setattr(server, "_STOPS", ((signal.SIGINT, 0.5), (signal.SIGQUIT, 0.5), (signal.SIGKILL, 5)))
    crashed(data)
    said: list[str] = []
    begins: list[float] = []

    def pulse() -> None:
        for process in filter(is_startup, processes_in(data)):
            if not begins:
                begins.append(time.monotonic())
                process.suspend()
            elif time.monotonic() - begins[0] > stopped_s:
                process.resume()

    if stopped_s < 2:
        with embedded_postgres(data, say=said.append, pulse=pulse) as url:
            assert value_of(url, "SELECT count(*) FROM kept") == 1_000_000
    else:
        with (
            pytest.raises(Unavailable, match=r"no sign of work for 2 s; its log: .*postgres\.log"),
            embedded_postgres(data, say=said.append, pulse=pulse),
        ):
            pass
        for process in processes_in(data):
            process.kill()
    assert begins
    assert said == ["PostgreSQL is still starting; after a crash it first recovers, which may take minutes."]


@pytest.mark.parametrize(
    "sign", ["postgres", "postgres/postgresql.conf", "postgres/global/pg_control", "postgres/postmaster.pid"]
)
def test_a_start_can_be_ended_in_its_middle(place: Path, sign: str) -> None:
    """Before `initdb`, in it, and while the server starts; nothing is left running, and the next start works."""
    data = place / "data"
    data.mkdir(mode=0o700)

    def pulse() -> None:
        if (data / sign).exists():
            raise InterruptedError

    with pytest.raises(InterruptedError), embedded_postgres(data, pulse=pulse):
        pytest.fail("the start went on")
    until(lambda: processes_in(data) == [], "all processes end")
    with embedded_postgres(data) as url:
        assert value_of(url, "SELECT 1") == 1


def test_a_failed_start_is_told_in_postgresqls_words(data: Path) -> None:
    """With the place of the whole log."""
    with (data / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match='unrecognized configuration parameter "no_such_setting"') as failed:
        embedded_postgres(data).__enter__()
    assert str(data / "postgres.log") in failed.value.message
    assert processes_in(data) == []


def test_the_log_stays_small(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has grown large moves away once, and the server goes on writing."""
    monkeypatch.setattr(embedded.server_log, "_MAX_BYTES", 20_000)
    with embedded_postgres(data) as url:
        with (data / "postgres.log").open("ab") as log:
            log.write(b"x" * 30_000 + b"\n")
        until(lambda: (data / "postgres.log").stat().st_size < 10_000, "it is cut")
        assert (data / "postgres.log.1").stat().st_size > 30_000
        value_of(url, "SELECT pg_reload_conf()")
        until(lambda: "received SIGHUP" in (data / "postgres.log").read_text(), "the server writes")
    for file in ("postgres.log", "postgres.log.1"):
        assert (data / file).stat().st_mode & 0o077 == 0


def test_a_log_that_has_gone_is_missed_by_nobody(data: Path) -> None:
    """The server is watched as before, and the next one writes a new log."""
    with embedded_postgres(data, say=lambda _: None) as url:
        (data / "postgres.log").unlink()
        time.sleep(0.5)
        server_of(data).kill()
        until((data / "postgres.log").exists, "it is started again")
        until(lambda: answers(url), "it answers again")


def test_a_command_shares_the_server_of_a_running_hub_or_starts_one(data: Path) -> None:
    """And says so when the hub is only just starting, also beside the note of a killed one."""
    with shared_postgres(data) as url:
        value_of(url, "CREATE TABLE kept (n int)")
        with shared_postgres(data) as other:
            assert other == url
        assert value_of(url, "SELECT count(*) FROM kept") == 0
    assert processes_in(data) == []
    assert not (data / "postgres.socket").exists()
    with owned_directory(data):
        with pytest.raises(Conflict, match="just starting"), shared_postgres(data):
            pass
        gone = Path("/tmp/suprsend-hub-gone")
        for left in (str(gone), "/tmp"):
            (data / "postgres.socket").write_text(f"{left}\n{embedded._identity(data)}")
            with pytest.raises(Conflict, match="just starting"), shared_postgres(data):
                pass


def open_files(process: psutil.Process) -> Iterator[str]:
    """What the descriptors of a process lead to. Processes of the server, and their files, come and go meanwhile."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for file in Path("/proc", str(process.pid), "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                yield str(file.readlink())


def test_nothing_is_inherited(data: Path) -> None:
    """No descriptor of the hub, such as the lock on its directory, lives on in the server."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    try:
        with owned_directory(data), embedded_postgres(data):
            server = processes_in(data)
            names = [name for process in server for name in open_files(process)]
            assert len(names) > len(server)
            assert not [name for name in names if "hub.lock" in name or name == f"pipe:[{os.fstat(writing).st_ino}]"]
    finally:
        os.close(reading)
        os.close(writing)


def test_a_copy_of_a_data_directory_leaves_the_server_of_the_original_alone(place: Path, data: Path) -> None:
    """The note on the socket is copied, too; what it names belongs to the hub that runs in the original."""
    with owned_directory(data), embedded_postgres(data) as url:
        copy = place / "copy"
        subprocess.run(["cp", "-a", data, copy], check=False)  # files of a running server come and go
        with owned_directory(copy):
            with pytest.raises(Conflict), shared_postgres(copy):
                pass
            with embedded_postgres(copy) as other:
                assert other != url
                assert value_of(other, "SELECT 1") == 1
        assert value_of(url, "SELECT 1") == 1
        with shared_postgres(data) as shared:
            assert shared == url
