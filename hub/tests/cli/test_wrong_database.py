"""A database that the hub cannot use is told in a line by every command, and told apart from one that does not answer."""

import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from front import Authority, Front
from roles import admit
from suprsend_hub.store.address import parse_address

pytestmark = pytest.mark.anyio

RunCli = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = {
    "serve": ("serve", "--port", "0"),
    "db migrate": ("db", "migrate"),
    "db check": ("db", "check"),
    "workspace list": ("workspace", "list"),
    "workspace create": ("workspace", "create", "Acme"),
    "key list": ("key", "list", "Acme"),
    "console-user list": ("console-user", "list"),
    "rejected list": ("rejected", "list", "Acme"),
}
PASSWORD = "right-9Pq"


@pytest.fixture
async def locked(database_url: str) -> AsyncIterator[str]:
    """A role `locked` that must give a password and owns nothing; yields the database's URL for it, without password."""
    connection = await asyncpg.connect(database_url)
    await admit(connection, "locked", "scram-sha-256")
    await admit(connection, "missing_role")
    await connection.execute(f"CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}'")
    yield re.sub("//[^/]*@", "//locked@", database_url)
    await connection.execute("DROP OWNED BY locked; DROP ROLE locked")
    await connection.close()


@pytest.fixture
def front(database_url: str, tmp_path: Path) -> Iterator[Front]:
    """The database behind a TLS certificate that nobody knows."""
    with Front(database_url, tls=Authority(tmp_path / "authority").server()) as between:
        yield between


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def wrong(database_url: str, front: Front, locked: str) -> dict[str, tuple[str, str]]:
    """Addresses that do not work, each with a pattern for what is told of it."""
    url = urlsplit(database_url)
    return {
        "password": (locked.replace("locked@", "locked:wrong-7Zx@"), 'refuses.* password authentication failed for user "locked"'),
        "no password": (locked, "refuses.*password"),
        "role": (re.sub("//[^/]*@", "//missing_role@", database_url), 'refuses.* role "missing_role" does not exist'),
        "database": (url._replace(path="/nowhere").geturl(), 'refuses.* database "nowhere" does not exist'),
        "certificate": (front.url("?sslmode=verify-full&sslrootcert=system", host="localhost"), "certificate verify failed"),
        "file": (front.url("?sslmode=verify-full&sslrootcert=/nowhere/7Zx"), "sslrootcert cannot be used: No such file"),
        "options": (f"{database_url}&options=-cnonsense%3D1", 'refuses.* unrecognized configuration parameter "nonsense"'),
        "scheme": ("mysql://user:wrong-7Zx@host/d", "must begin with postgresql://"),
        "port": ("postgresql://user:wrong-7Zx@host:7Zx/d", "port that is not a number"),
        "away": (f"postgresql://u:wrong-7Zx@127.0.0.1:{free_port()}/d", "does not answer.*Connect call failed"),
        "no such host": ("postgresql://u:wrong-7Zx@nowhere.invalid/d", "does not answer"),
    }  # fmt: skip


WRONG = (
    "password", "no password", "role", "database", "certificate", "file", "options", "scheme", "port", "away",
    "no such host",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_tells_a_wrong_password_in_a_line(
    run_cli: RunCli, configured: dict[str, str], wrong: dict[str, tuple[str, str]], command: str
) -> None:
    told(run_cli(*COMMANDS[command], **configured | {"DATABASE_URL": wrong["password"][0]}), wrong["password"][1])


@pytest.mark.parametrize("command", ["serve", "db migrate", "workspace list"])
@pytest.mark.parametrize("name", WRONG)
async def test_every_wrong_address_is_told_in_a_line(
    run_cli: RunCli, configured: dict[str, str], wrong: dict[str, tuple[str, str]], command: str, name: str
) -> None:
    url, pattern = wrong[name]
    told(run_cli(*COMMANDS[command], **configured | {"DATABASE_URL": url}), pattern)


def told(done: subprocess.CompletedProcess[str], pattern: str) -> None:
    """It failed with one line, which says what is wrong and holds no piece of the password or of a wrong port."""
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert re.search(pattern, line), line
    assert "7Zx" not in done.stderr + done.stdout


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "db migrate"])
async def test_a_database_that_was_never_migrated_is_told_in_a_line(
    run_cli: RunCli, configured: dict[str, str], database_url: str, command: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    told(run_cli(*COMMANDS[command], **configured), "suprsend-hub db migrate")


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_role_without_privileges_is_told_in_a_line(
    run_cli: RunCli, configured: dict[str, str], locked: str, command: str
) -> None:
    url = locked.replace("locked@", f"locked:{PASSWORD}@")
    told(run_cli(*COMMANDS[command], **configured | {"DATABASE_URL": url}), "permission denied for .*grant it to")


async def test_a_migration_that_may_not_create_tables_says_so(
    run_cli: RunCli, configured: dict[str, str], locked: str
) -> None:
    connection = await asyncpg.connect(configured["DATABASE_URL"])
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO locked")
    await connection.close()
    url = locked.replace("locked@", f"locked:{PASSWORD}@")
    told(run_cli("db", "migrate", **configured | {"DATABASE_URL": url}), "permission denied for schema public")


async def test_a_parameter_without_meaning_is_named_and_does_no_harm(
    run_cli: RunCli, configured: dict[str, str], database_url: str
) -> None:
    url = f"{database_url}&channel_binding=require&pgbouncer=true"
    done = run_cli("db", "migrate", **configured | {"DATABASE_URL": url})
    assert (done.returncode, done.stderr) == (
        0,
        "Warning: SUPRSEND_HUB_DATABASE_URL: ignored, because the hub does not use them: channel_binding, pgbouncer\n",
    )
    assert run_cli("workspace", "list", **configured | {"DATABASE_URL": url}).returncode == 0


async def test_a_server_that_is_too_old_is_refused(run_cli: RunCli, configured: dict[str, str]) -> None:
    with Front(
        configured["DATABASE_URL"], alter=lambda data: re.sub(rb"(server_version\0)\d\d", rb"\g<1>15", data)
    ) as old:
        for command in ("serve", "db migrate", "workspace list"):
            told(
                run_cli(*COMMANDS[command], **configured | {"DATABASE_URL": old.url()}),
                r"PostgreSQL 15\.\d+; the hub needs 16",
            )


def test_the_names_of_the_wrong_addresses_are_all_tried(wrong: dict[str, tuple[str, str]]) -> None:
    assert set(WRONG) == set(wrong)
    assert all(parse_address(url) for name, (url, _) in wrong.items() if name not in ("scheme", "port"))
