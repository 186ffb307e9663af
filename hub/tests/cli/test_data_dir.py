"""Commands on the database of a development hub: next to it, and without it."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from embedded_processes import processes_in, server_of
from hub_process import COMMAND, WAIT_S, hub_environment
from suprsend_hub.store.embedded import embedded_postgres, owned_directory

from .test_servers import call, dev

StartServer = Callable[..., "object"]
LIST = (COMMAND, "workspace", "list")

# A command that takes its time.
SLOW = """
import sys, time
from pathlib import Path
from suprsend_hub.cli.data_dir import chosen_database
with chosen_database(Path(sys.argv[1])):
    print("at work", flush=True)
    time.sleep(600)
"""


def run(*command: object, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in an empty home, which is also the present directory."""
    # The last concerns a configured database, and would keep the driver from any other.
    foreign = {"HOME": str(home), "XDG_DATA_HOME": ""} | ({} if settings else {"PGSSLNEGOTIATION": "direct"})
    return subprocess.run(
        list(map(str, command)),
        capture_output=True, text=True, cwd=home, env=hub_environment(settings) | foreign, timeout=WAIT_S, check=False,
    )  # fmt: skip


def test_a_command_works_next_to_a_development_hub_and_without_it(
    start_server: StartServer, data_dir: Path, tmp_path: Path
) -> None:
    """It shares the running hub's server, which it leaves running, and stops the one that it had to start."""
    server = dev(start_server, data_dir)
    postgres = server_of(data_dir)
    beside = run(*LIST, "--data-dir", data_dir, home=tmp_path)
    assert (beside.returncode, beside.stderr) == (0, "")
    assert "development" in beside.stdout
    assert postgres.is_running()
    assert call("GET", f"{server.base_url}v1/user/", server.api_key)[0] == 200
    assert server.stop() == 0

    alone = run(*LIST, "--data-dir", data_dir, home=tmp_path)
    assert (alone.returncode, alone.stdout, alone.stderr) == (0, beside.stdout, "")
    assert processes_in(data_dir) == []

    # Where nothing is said, it is the place of `make run`, then that of `suprsend-hub dev`.
    for place in (".local/share/suprsend-hub", ".run/data"):
        (tmp_path / place).parent.mkdir(parents=True)
        data_dir.rename(tmp_path / place)
        found = run(*LIST, home=tmp_path)
        assert (found.returncode, found.stdout) == (0, beside.stdout)
        assert found.stderr.startswith("On the development hub in ")
        assert found.stderr.endswith(f"{place}:\n")
        (tmp_path / place).rename(data_dir)


def test_a_command_that_is_stopped_stops_the_server_it_started(data_dir: Path) -> None:
    """By whichever signal."""
    with owned_directory(data_dir), embedded_postgres(data_dir):
        (data_dir / "master.key").write_text("key")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with subprocess.Popen(
            [sys.executable, "-c", SLOW, data_dir], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as command:
            assert command.stdout is not None
            assert command.stdout.readline() == "at work\n"
            assert processes_in(data_dir)
            command.send_signal(number)
            assert command.wait(WAIT_S) != 0
        assert processes_in(data_dir) == []


def test_a_configured_database_goes_before_the_places_and_after_the_option(
    configured: dict[str, str], tmp_path: Path
) -> None:
    """A directory that is named and holds nothing is an error, whatever is configured; nothing is made in it."""
    done = run(*LIST, home=tmp_path, **configured)
    assert (done.returncode, done.stderr) == (0, "")
    nothing = run(*LIST, "--data-dir", tmp_path / "nothing", home=tmp_path, **configured)
    assert nothing.returncode == 1
    assert nothing.stderr.endswith("does not contain the data of a development hub\n")
    unset = run(*LIST, home=tmp_path)
    assert unset.returncode == 1
    assert "SUPRSEND_HUB_DATABASE_URL is not set" in unset.stderr
    assert list(tmp_path.rglob("*")) == []
