"""Shared cast: PostgreSQL 16 and 18 from the embedded wheel, a database per test cloned from a template, a wired hub."""

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from cast import TESTER
from pydantic import SecretStr
from suprsend_hub.app import build_services
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import FAST_PATH_EDITS
from suprsend_hub.settings import PREFIX, Settings
from suprsend_hub.store.embedded import embedded_postgres
from suprsend_hub.store.migrate import migrate

POSTGRES_VERSIONS = (16, 18)
_TEMPLATE = "hub_template"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's shell reaches a test."""
    for name in list(os.environ):
        if name.startswith((PREFIX, "SUPRSEND_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


class Servers:
    """PostgreSQL servers of this test process, started when first asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[int, tuple[object, str]] = {}

    def url(self, version: int) -> str:
        """URL of the maintenance database of that version's server; its template holds a migrated hub."""
        if version not in self._running:
            directory = self._directory / str(version)
            directory.mkdir()
            context = embedded_postgres(directory, version=version)
            url = context.__enter__()
            self._running[version] = (context, url)
            asyncio.run(self._prepare(url))
        return self._running[version][1]

    async def _prepare(self, url: str) -> None:
        connection = await asyncpg.connect(url)
        # Tests prove what commits mean to readers; surviving a power cut is proved by the fault tests.
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        await connection.close()
        await migrate(database_in(url, _TEMPLATE))

    def stop(self) -> None:
        for context, _ in self._running.values():
            context.__exit__(None, None, None)  # type: ignore[attr-defined]


def database_in(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return url.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="hub-tests-") as directory:
        running = Servers(Path(directory))
        yield running
        running.stop()


@pytest.fixture
def postgres_version() -> int:
    """Store tests run on all versions by parametrizing this; others use the one that the hub embeds."""
    return POSTGRES_VERSIONS[-1]


@pytest.fixture
async def database_url(servers: Servers, postgres_version: int, anyio_backend: str) -> AsyncIterator[str]:
    """A migrated, empty database of its own."""
    maintenance = (
        servers.url(postgres_version)
        if postgres_version in servers._running
        else await _start(servers, postgres_version)
    )
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(maintenance)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield database_in(maintenance, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def _start(servers: Servers, version: int) -> str:
    return await asyncio.to_thread(servers.url, version)


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(
        database_url=SecretStr(database_url), master_key=SecretStr(generate_master_key()), database_patience_s=1
    )


@pytest.fixture
def fast_path_edits() -> int:
    """From how many edits on a batch takes the fast path first; the tests of the write path run with both."""
    return FAST_PATH_EDITS


@pytest.fixture
async def hub(settings: Settings, fast_path_edits: int, anyio_backend: str) -> AsyncIterator[Services]:
    """A wired hub with an open database and a running batcher."""
    wired = build_services(settings, fast_path_edits=fast_path_edits)
    async with wired.database:
        wired.batcher.start()
        yield wired
        await wired.batcher.stop()


@pytest.fixture
async def workspace_a(hub: Services) -> NewWorkspace:
    return await hub.workspaces.create(TESTER, "workspace A")


@pytest.fixture
async def workspace_b(hub: Services) -> NewWorkspace:
    return await hub.workspaces.create(TESTER, "workspace B")


@pytest.fixture
def make_hub(settings: Settings, fast_path_edits: int) -> Callable[[], Services]:
    """Another process's worth of services on the same database; the caller opens and starts them."""
    return lambda: build_services(settings, fast_path_edits=fast_path_edits)
