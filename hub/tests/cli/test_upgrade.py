"""An upgrade as an operator goes about it: what the commands of the newer release say, and those of the older one."""

import asyncio
import functools
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx2
import pytest
from releases import Post, Pre, following, release, schema_of
from suprsend_hub.cli import dev
from suprsend_hub.cli.main import app
from suprsend_hub.settings import PREFIX
from suprsend_hub.store import migrate as migrations
from suprsend_hub.store.migrate import migrate
from suprsend_hub.store.schema_version import HEAD
from typer.testing import CliRunner

pytestmark = pytest.mark.anyio

RunCli = Callable[..., subprocess.CompletedProcess[str]]
StartServer = Callable[..., "object"]

_UPGRADE = """
import asyncio, pathlib, sys
from suprsend_hub.store.embedded import embedded_postgres
from suprsend_hub.store.migrate import migrate

with embedded_postgres(pathlib.Path(sys.argv[1])) as url:
    asyncio.run(migrate(url, folder=pathlib.Path(sys.argv[2]), post=sys.argv[3] == "True"))
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of the next release."""
    return release(
        tmp_path,
        Pre("ALTER TABLE profile ADD COLUMN note text NOT NULL DEFAULT ''"),
        Post("ALTER TABLE profile DROP COLUMN addresses"),
    )


async def recorded(url: str) -> list[tuple[str, str]]:
    """Return from where to where migrations led, as the audit log has it."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT detail FROM audit WHERE action = 'database.migrate' ORDER BY audit_id")
    await connection.close()
    return [(detail["from"], detail["to"]) for detail in (json.loads(row["detail"]) for row in rows)]


async def test_the_newer_release_leaves_post_steps_and_says_how_to_run_them(
    database_url: str, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database_url)
    monkeypatch.setattr(migrations, "migrate", functools.partial(migrate, folder=newer))

    async def operate(*options: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["db", "migrate", *options])
        assert done.exit_code == 0, done.output
        return done.output

    waiting = (
        f"The schema is at revision {following(1)}.\n"
        "Post steps are waiting: run `suprsend-hub db migrate --post` when no hub of the previous release runs.\n"
    )
    assert await operate() == waiting
    assert await operate() == waiting
    assert await operate("--post") == f"The schema is at revision {following(2)}.\n"
    assert await recorded(database_url) == [(HEAD, following(1)), (following(1), following(2))]
    assert await operate() == f"The schema is at revision {following(2)}.\n"


async def test_serve_of_the_older_release_starts_beside_pre_steps_and_not_beside_post_steps(
    start_server: StartServer, run_cli: RunCli, configured: dict[str, str], newer: Path
) -> None:
    """And one that runs then is taken out of service, by /readyz; `db migrate` has nothing to do, then must not."""
    url = configured["DATABASE_URL"]
    await migrate(url, folder=newer)
    done = run_cli("db", "migrate", **configured)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"at revision {following(1)}.\nNothing to do: a newer release" in done.stdout
    server = start_server("serve", "--port", "0", **configured)
    async with httpx2.AsyncClient(base_url=server.base_url, trust_env=False) as client:
        assert (await client.get("readyz")).status_code == 200
        await migrate(url, post=True, folder=newer)
        answer = await client.get("readyz")
    assert answer.status_code == 503
    assert "upgrade the hub" in answer.json()["checks"]["schema"]
    for command in (("serve", "--port", "0"), ("db", "migrate"), ("db", "migrate", "--post")):
        refused = run_cli(*command, **configured)
        assert refused.returncode == 1
        [line] = refused.stderr.splitlines()
        assert "belongs to a newer release" in line
        assert line.endswith("upgrade the hub")
    assert (await schema_of(url)).revision == following(2)


async def test_dev_runs_everything_because_it_is_alone(
    configured: dict[str, str], newer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in configured.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    monkeypatch.setattr(migrations, "migrate", functools.partial(migrate, folder=newer))
    await dev._prepare(configured["DATABASE_URL"], tmp_path)
    assert (await schema_of(configured["DATABASE_URL"])).revision == following(2)


def test_dev_of_the_older_release_starts_likewise(
    start_server: StartServer, run_cli: RunCli, data_dir: Path, newer: Path
) -> None:
    def start_and_stop() -> None:
        server = start_server("dev", "--port", "0", "--data-dir", str(data_dir))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0

    def upgrade(*, post: bool) -> None:
        # In a process of its own: one runs a data directory's PostgreSQL once.
        subprocess.run([sys.executable, "-c", _UPGRADE, str(data_dir), str(newer), str(post)], check=True)

    start_and_stop()
    upgrade(post=False)
    start_and_stop()
    upgrade(post=True)
    refused = run_cli("dev", "--port", "0", "--data-dir", str(data_dir))
    assert refused.returncode == 1
    assert "belongs to a newer release" in refused.stderr
