"""A live hub with two workers on a PostgreSQL of its own, for all fault tests of a process."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_hub import LiveHub
from postgres_server import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat every test FAULT_ROUNDS times, once by default."""
    if "fault_round" in metafunc.fixturenames:
        metafunc.parametrize("fault_round", range(int(os.environ.get("FAULT_ROUNDS", "1"))))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not below pytest's own directory: run as root, PostgreSQL works as another user, and each start of pytest closes
    # that directory to others, under the feet of a run beside it.
    with tempfile.TemporaryDirectory(prefix="hub-faults-") as directory:
        server = Postgres(Path(directory))
        try:
            yield server
        finally:
            server.start()
            server.stop()


@pytest.fixture(scope="session")
def live(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """A running hub with a workspace."""
    hub = LiveHub.on(postgres.url, tmp_path_factory.mktemp("faults-hub") / "log", "faults", REQUEST_TIMEOUT_S="3")
    yield hub
    hub.end()


@pytest.fixture
def hub(live: LiveHub, postgres: Postgres, fault_round: int) -> LiveHub:
    """The hub, up and ready: a test that failed in the middle of a fault must not bring down the next ones."""
    postgres.start()
    if not live.is_running():
        live.start()
    return live


@pytest.fixture
def prefix() -> str:
    """The beginning of this test's distinct_ids, unlike any other test's."""
    return f"f{secrets.token_hex(4)}-"
