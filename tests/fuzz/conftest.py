"""A live hub for random requests. FUZZ_EXAMPLES says how many of each kind; `make test` keeps it small."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from live_hub import LiveHub
from postgres_server import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))

settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    deadline=None,  # a hub and its database share the machine with everything else
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


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
