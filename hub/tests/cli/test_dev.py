"""`dev` where it is not expected to be easy: odd places and surroundings, signals at any moment, a database that dies."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded_processes import ODD_NAME, has_ended, processes_in, server_of
from hub_process import COMMAND, WAIT_S, hub_environment, until

from .test_servers import call, dev

RunCli = Callable[..., subprocess.CompletedProcess[str]]
StartServer = Callable[..., "object"]

FOREIGN = {
    "LC_ALL": "xx_YY.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Mars/Olympus",
    "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nope", "PGTARGETSESSIONATTRS": "read-only", "PGSERVICE": "nope",
    "PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "me", "PGPASSWORD": "secret", "PGDATABASE": "mine", "PGDATA": "/nope",
    "PGPASSFILE": "/nope", "PGCONNECT_TIMEOUT": "0", "PGSSLNEGOTIATION": "direct",
    "XDG_RUNTIME_DIR": "/nope", "TMPDIR": "/nope",
}  # fmt: skip


def test_it_runs_in_a_foreign_shell_and_an_odd_place(
    start_server: StartServer, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locale that this system lacks, variables for other databases, and every special character in the path."""
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    server = dev(start_server, data_dir / ODD_NAME / ("x" * 200))
    assert call("POST", f"{server.base_url}v1/user/ada/", server.api_key, {"name": "Ada"})[0] == 201
    assert server.complaints.read_text() == ""


def test_a_database_that_is_killed_comes_back_while_the_hub_lives(start_server: StartServer, data_dir: Path) -> None:
    """Without a restart of the hub, with what was acknowledged, and with a line on it."""
    server = dev(start_server, data_dir)
    key = server.api_key
    assert call("POST", f"{server.base_url}v1/user/ada/", key, {"name": "Ada"})[0] == 201
    postgres = server_of(data_dir)
    postgres.kill()
    until(lambda: has_ended(postgres), "the server dies")
    assert call("POST", f"{server.base_url}v1/user/bob/", key, {"name": "Bob"})[0] == 201
    assert call("GET", f"{server.base_url}v1/user/ada/", key)[0] == 200
    assert server.process.poll() is None
    assert "PostgreSQL has ended (signal 9) and is started again.\n" in server.complaints.read_text()


def status_of(process: subprocess.Popen[str]) -> int | None:
    """How it ended; None if it does not."""
    try:
        return process.wait(WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return None


MOMENTS = {
    "the lock": "hub.lock",
    "initdb": "postgres/postgresql.conf",
    "the server starts": "postgres/postmaster.pid",
    "the server runs": "master.key",
    "migrated": "api.key",
}


@pytest.mark.parametrize(
    ("moment", "number"),
    [*((moment, signal.SIGTERM) for moment in MOMENTS), ("initdb", signal.SIGINT), ("migrated", signal.SIGHUP)],
)
def test_a_signal_while_it_starts_stops_it_in_order(data_dir: Path, moment: str, number: signal.Signals) -> None:
    """At each stage, as a success, also if the signal comes twice; nothing is left running, and the lock is free."""
    started = subprocess.Popen(
        [COMMAND, "dev", "--port", "0", "--data-dir", data_dir],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=hub_environment({}),
    )  # fmt: skip
    with started:
        until((data_dir / MOMENTS[moment]).exists, moment)
        started.send_signal(number)
        time.sleep(0.05)
        started.send_signal(number)
        assert status_of(started) == 0
        assert started.stderr is not None
        assert started.stderr.read() == ""
    until(lambda: processes_in(data_dir) == [], "all processes end")
    assert [path.name for path in data_dir.iterdir() if path.name.startswith("postgres.socket")] == []


@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.3])
def test_a_signal_between_the_start_of_the_database_and_that_of_the_server_counts(
    data_dir: Path, delay_s: float
) -> None:
    """Granian listens to signals of its own accord, but only after a while, and forgets what came before."""
    started = subprocess.Popen(
        [COMMAND, "dev", "--port", "0", "--data-dir", data_dir],
        stdout=subprocess.PIPE,
        text=True,
        env=hub_environment({}),
    )
    with started:
        assert started.stdout is not None
        for line in started.stdout:
            if line.startswith("Console: "):
                break
        time.sleep(delay_s)
        started.send_signal(signal.SIGTERM)
        assert status_of(started) == 0
    assert processes_in(data_dir) == []


def test_keys_that_are_gone_are_made_again_or_missed(
    start_server: StartServer, run_cli: RunCli, data_dir: Path
) -> None:
    """An API key can be replaced, also if a full disk left an empty file; the master key cannot, and dev says so."""
    first = dev(start_server, data_dir)
    key = first.api_key
    assert first.stop() == 0
    (data_dir / "api.key").write_text("")
    second = dev(start_server, data_dir)
    assert second.api_key != key
    assert call("GET", f"{second.base_url}v1/user/", second.api_key)[0] == 200
    assert second.stop() == 0
    right = (data_dir / "master.key").read_text()
    (data_dir / "master.key").unlink()
    for _ in range(2):
        refused = run_cli("dev", "--port", "0", "--data-dir", str(data_dir))
        assert refused.returncode == 1
        [line] = refused.stderr.splitlines()
        assert f"{data_dir / 'master.key'} is not the key" in line
    (data_dir / "master.key").write_text(right)
    third = dev(start_server, data_dir)
    assert call("GET", f"{third.base_url}v1/user/", third.api_key)[0] == 200


def test_data_that_others_can_write_to_is_refused_in_a_line(run_cli: RunCli, data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o777)
    refused = run_cli("dev", "--port", "0", "--data-dir", str(data_dir))
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "others can write to" in line
    assert "chmod go-w" in line


def test_a_database_that_does_not_start_is_told_in_a_line(run_cli: RunCli, data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    (data_dir / "postgres").mkdir(mode=0o700)
    (data_dir / "postgres" / "PG_VERSION").write_text("18\n")
    refused = run_cli("dev", "--port", "0", "--data-dir", str(data_dir))
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert line.startswith("Error: PostgreSQL did not start (exit status")
    assert f"its log: {data_dir}/postgres.log" in line


@pytest.mark.parametrize(
    ("host", "printed"), [("localhost", r"127\.0\.0\.1|\[::1\]"), ("127.1", "127.0.0.1"), ("::1", r"\[::1\]")]
)
def test_serve_listens_on_what_a_host_stands_for_and_prints_an_address_that_works(
    start_server: StartServer, configured: dict[str, str], host: str, printed: str
) -> None:
    """A name, a short form, an IPv6 address: what is printed can be used as it is."""
    if host == "::1" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this system has no IPv6")
    server = start_server("serve", "--host", host, "--port", "0", **configured)
    assert server.base_url.startswith("http://")
    assert re.fullmatch(rf"http://({printed}):\d+/", server.base_url)
    assert call("GET", f"{server.base_url}readyz", "")[0] == 200


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a b", "x" * 70, "ü" * 70])
def test_serve_says_in_a_line_that_a_host_stands_for_nothing(
    run_cli: RunCli, configured: dict[str, str], host: str
) -> None:
    refused = run_cli("serve", "--host", host, "--port", "0", **configured)
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"Error: --host {host!r} is not an address")


def test_the_command_line_runs_as_a_module_too() -> None:
    """For places where its script cannot run."""
    done = subprocess.run([sys.executable, "-m", "suprsend_hub", "--help"], capture_output=True, text=True, check=True)
    assert "recipient directory" in done.stdout


def test_it_starts_where_the_end_of_children_is_ignored(data_dir: Path) -> None:
    """As under some supervisors: `initdb` and the server are started and awaited all the same."""
    program = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, COMMAND, "dev", "--port", "0", "--data-dir", data_dir]
    environment = hub_environment({})
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as hub:
        assert hub.stdout is not None
        try:
            printed = []
            for line in hub.stdout:
                printed.append(line)
                if line.startswith("Listening"):
                    break
            assert any(line.startswith("Listening") for line in printed), printed
        finally:
            hub.terminate()
    assert hub.returncode == 0
