"""`dev` and `serve` as processes: one owner per data directory, clean ends, and a start after a violent one."""

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

RunCli = Callable[..., subprocess.CompletedProcess[str]]
StartServer = Callable[..., "object"]

GONE_S = 30


def postgres_of(data_dir: Path) -> psutil.Process:
    """The PostgreSQL server of a data directory."""
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def is_gone(process: psutil.Process) -> bool:
    """Whether the process ends within GONE_S; a zombie has ended."""
    deadline = time.monotonic() + GONE_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def call(method: str, url: str, api_key: str, body: object = None) -> tuple[int, dict]:
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def dev(start_server: StartServer, data_dir: Path, *more: str):
    return start_server("dev", "--port", "0", "--data-dir", str(data_dir), *more)


def test_the_life_of_dev_on_one_directory(start_server: StartServer, run_cli: RunCli, data_dir: Path) -> None:
    """First start, a second one beside it that is refused, SIGTERM, and a start that finds data and key again."""
    directory = data_dir
    first = dev(start_server, directory, "--workers", "2")
    assert first.base_url.startswith("http://127.0.0.1:")
    assert "Workspace: workspace_key / workspace_secret\n" in first.printed
    key = first.api_key
    assert call("POST", f"{first.base_url}v1/user/ada/", key, {"name": "Ada"})[0] == 201
    for name in ("api.key", "master.key"):
        assert (directory / name).stat().st_mode & 0o077 == 0

    refused = run_cli("dev", "--port", "0", "--data-dir", str(directory))
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert f"already running in {directory}" in line
    assert f"process {first.process.pid}" in line
    assert call("GET", f"{first.base_url}v1/user/ada/", key)[0] == 200

    postgres, workers = postgres_of(directory), first.workers()
    assert len(workers) == 2
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(GONE_S) == 0
    assert is_gone(postgres)
    assert all(is_gone(worker) for worker in workers)
    assert first.complaints.read_text() == ""

    second = dev(start_server, directory)
    assert second.api_key == key
    status, user = call("GET", f"{second.base_url}v1/user/ada/", key)
    assert (status, user["properties"]) == (200, {"name": "Ada"})
    postgres = postgres_of(directory)
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(GONE_S) == 0
    assert is_gone(postgres)


def test_dev_starts_again_after_violence(start_server: StartServer, data_dir: Path) -> None:
    """A killed hub leaves no workers behind, and its PostgreSQL is replaced; a killed PostgreSQL loses nothing."""
    directory = data_dir
    first = dev(start_server, directory, "--workers", "2")
    key = first.api_key
    assert call("POST", f"{first.base_url}v1/user/ada/", key, {"name": "Ada"})[0] == 201
    postgres, workers = postgres_of(directory), first.workers()
    first.process.kill()
    first.process.wait()
    assert all(is_gone(worker) for worker in workers)
    assert postgres.is_running()

    second = dev(start_server, directory)
    assert is_gone(postgres)
    assert call("GET", f"{second.base_url}v1/user/ada/", key)[0] == 200
    postgres, workers = postgres_of(directory), second.workers()
    second.process.kill()
    second.process.wait()
    postgres.kill()
    assert is_gone(postgres)
    assert all(is_gone(worker) for worker in workers)

    third = dev(start_server, directory)
    status, user = call("GET", f"{third.base_url}v1/user/ada/", key)
    assert (status, user["properties"]) == (200, {"name": "Ada"})


@pytest.mark.parametrize("command", ["dev", "serve"])
def test_a_port_in_use_is_said_in_a_line(
    run_cli: RunCli, configured: dict[str, str], data_dir: Path, command: str
) -> None:
    more = ("--data-dir", str(data_dir)) if command == "dev" else ()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_cli(command, "--port", str(port), *more, **configured)
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line


def test_serve_answers_for_a_configured_database_and_has_no_built_in_credentials(
    start_server: StartServer, configured: dict[str, str], run_cli: RunCli
) -> None:
    created = run_cli("workspace", "create", "Acme", **configured).stdout
    api_key = created.split("API key:")[1].split()[0]
    server = start_server("serve", "--port", "0", "--workers", "2", **configured)
    assert call("GET", f"{server.base_url}v1/user/", api_key)[0] == 200
    assert call("GET", f"{server.base_url}v1/user/", "workspace_secret")[0] == 401
    assert call("GET", f"{server.base_url}readyz", api_key)[1]["status"] == "ok"
    assert "workspace_secret" not in "".join(server.printed)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(GONE_S) == 0


def answer_to(port: int, head: bytes) -> bytes:
    """Return the head of the answer to a request that has no body."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head + b"\r\n")
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    return received.partition(b"\r\n\r\n")[0]


def head(path: bytes = b"healthz", headers: int = 1, bytes_more: int = 0) -> bytes:
    lines = [b"GET /" + path + b" HTTP/1.1", b"Host: localhost", *(b"X-%d: a" % n for n in range(headers - 1))]
    if bytes_more:
        lines.append(b"X-Long: " + b"a" * bytes_more)
    return b"".join(line + b"\r\n" for line in lines)


def test_the_limits_of_a_head_and_who_answers_beyond_them(
    start_server: StartServer, configured: dict[str, str]
) -> None:
    """The HTTP server itself, as the guide says: its answers have no request id, all others do. With limits.json."""
    limits = {
        each["name"]: each["value"]
        for each in json.loads((Path(__file__).parents[3] / "contract/limits.json").read_text())["limits"]
    }
    server = start_server("serve", "--port", "0", **configured)
    port = urllib.parse.urlsplit(server.base_url).port
    most, longest = limits["request_headers"], limits["request_target_bytes"]
    for within in (head(headers=most), head(b"a" * (longest - 1)), head(bytes_more=limits["request_head_bytes"] - 100)):
        answer = answer_to(port, within)
        assert b"x-request-id: " in answer, within[:80]
    for beyond, status in (
        (head(headers=most + 1), b"431"),
        (head(b"a" * longest), b"414"),
        (head(bytes_more=200_000), b"431"),
        (b"GARBAGE\r\n", b"400"),
    ):
        answer = answer_to(port, beyond)
        assert answer.split()[1] == status
        assert b"x-request-id" not in answer
