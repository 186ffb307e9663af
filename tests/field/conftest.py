"""A development hub for all public cases that need one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import suprsend
from hub_process import HubProcess, data_directory

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with data_directory() as data:
        complaints = tmp_path_factory.mktemp("field-hub") / "stderr"
        running = HubProcess("dev", "--port", "0", "--data-dir", str(data), complaints=complaints)
        try:
            yield running.start()
            assert complaints.read_text() == ""
        finally:
            running.end()


@pytest.fixture
def client(hub: HubProcess) -> Iterator[suprsend.Suprsend]:
    with suprsend.Suprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as client:
        yield client
