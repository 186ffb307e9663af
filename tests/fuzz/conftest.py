"""A live hub for random requests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_hub import LiveHub
from postgres_server import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """A hub with a workspace; no test relies on what another one left in it."""
    with tempfile.TemporaryDirectory(prefix="hub-fuzz-") as directory:  # as for the faults
        postgres = Postgres(Path(directory))
        try:
            live = LiveHub.on(postgres.url, tmp_path_factory.mktemp("fuzz-hub") / "log", "fuzz")
            yield live
            live.end()
        finally:
            postgres.stop()
