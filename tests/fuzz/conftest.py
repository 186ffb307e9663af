"""A live hub for random requests."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hub_process import credentials
from live_hub import LiveHub
from postgres_server import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


CATEGORIES = {
    "root_categories": [
        {
            "root_category": "promotional",
            "sections": [
                {
                    "name": "Reading",
                    "tags": ["weekly"],
                    "categories": [
                        {"category": "news", "name": "News", "default_preference": "opt_in"},
                        {"category": "offers", "name": "Offers", "default_preference": "opt_out"},
                    ],
                }
            ],
        }
    ]
}


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """A hub with a workspace; no test relies on what another one left in it."""
    with tempfile.TemporaryDirectory(prefix="hub-fuzz-") as directory:  # as for the faults
        postgres = Postgres(Path(directory))
        try:
            live = LiveHub.on(postgres.url, tmp_path_factory.mktemp("fuzz-hub") / "log", "fuzz")
            populate(live, tmp_path_factory.mktemp("categories"))
            yield live
            live.end()
        finally:
            postgres.stop()


def populate(hub: LiveHub, directory: Path) -> None:
    """Give the workspace what `fuzzing.KNOWN` names, and a key for the management interface."""
    (directory / "categories_preferences.json").write_text(json.dumps(CATEGORIES), encoding="utf-8")
    hub.run("category", "push", "fuzz", "--dir", str(directory), "--commit", "--commit-message", "fuzz")
    with hub.client() as client:
        client.tenants.upsert("acme", {"tenant_name": "Acme"})
        client.users.upsert("user-1")
        client.objects.upsert("departments", "engineering")
    created = hub.run("key", "create", "fuzz", "--scope", "manage")
    hub.credentials["Management key"] = credentials(created)["API key"]
