"""Commands on the database of a development hub: beside it, and without it."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded_processes import WAIT_S, processes_in, server_of

from .conftest import environment
from .test_servers import api_key_of, call, dev

StartServer = Callable[..., "object"]

# What each command does once it is wired: print the workspaces of the chosen database, then whatever argument 2 says.
COMMAND = """
import asyncio, sys, time
from pathlib import Path
from suprsend_hub.app import build_hub
from suprsend_hub.cli.data_dir import chosen_database
from suprsend_hub.cli.main import failing_clearly
async def names(hub):
    async with hub.database:
        return [workspace.name for workspace in await hub.workspaces.list_all()]
with failing_clearly(), chosen_database(Path(sys.argv[1]) if sys.argv[1] else None) as settings:
    print(asyncio.run(names(build_hub(settings))), flush=True)
    if sys.argv[2:] == ["wait"]:
        time.sleep(600)
"""


def run(data_dir: object, *more: str, cwd: Path, **settings: str) -> "subprocess.Popen[str]":
    # The last concerns a configured database, and would keep the driver from any other.
    foreign = {"HOME": str(cwd), "XDG_DATA_HOME": ""} | ({} if settings else {"PGSSLNEGOTIATION": "direct"})
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(data_dir), *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment(**settings) | foreign,
    )  # fmt: skip


def test_a_command_works_beside_a_development_hub_and_without_it(
    start_server: StartServer, data_dir: Path, tmp_path: Path
) -> None:
    """It shares the running hub's server, which it leaves running, and stops the one that it had to start."""
    server = dev(start_server, data_dir)
    postgres = server_of(data_dir)
    with run(data_dir, cwd=tmp_path) as command:
        assert command.communicate(timeout=WAIT_S) == ("['development']\n", "")
    assert postgres.is_running()
    assert call("GET", f"{server.base_url}v1/user/", api_key_of(server))[0] == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(WAIT_S) == 0

    with run(data_dir, cwd=tmp_path) as command:
        assert command.communicate(timeout=WAIT_S) == ("['development']\n", "")
    assert processes_in(data_dir) == []

    # Where nothing is said, it is the place of `make run`, then that of `suprsend-hub dev`.
    for place in (".local/share/suprsend-hub", ".run/data"):
        (tmp_path / place).parent.mkdir(parents=True)
        data_dir.rename(tmp_path / place)
        with run("", cwd=tmp_path) as command:
            output, said = command.communicate(timeout=WAIT_S)
        assert output == "['development']\n"
        assert said.startswith("On the development hub in ")
        assert said.endswith(f"{place}:\n")
        (tmp_path / place).rename(data_dir)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_command_that_is_stopped_stops_the_server_it_started(
    start_server: StartServer, data_dir: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """By whichever signal."""
    server = dev(start_server, data_dir)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(WAIT_S) == 0
    with run(data_dir, "wait", cwd=tmp_path) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "['development']\n"
        assert processes_in(data_dir)
        command.send_signal(number)
        assert command.wait(WAIT_S) != 0
    assert processes_in(data_dir) == []


def test_a_configured_database_goes_before_the_places_and_after_the_option(
    configured: dict[str, str], tmp_path: Path
) -> None:
    """A directory that is named and holds nothing is an error, whatever is configured; nothing is made in it."""
    with run("", cwd=tmp_path, **configured) as command:
        assert command.communicate(timeout=WAIT_S) == ("[]\n", "")
    with run(tmp_path / "nothing", cwd=tmp_path, **configured) as command:
        assert command.communicate(timeout=WAIT_S)[1].startswith("Error: there is no data of a development hub in")
    with run("", cwd=tmp_path) as command:
        assert "SUPRSEND_HUB_DATABASE_URL is not set" in command.communicate(timeout=WAIT_S)[1]
    assert list(tmp_path.rglob("*")) == []
