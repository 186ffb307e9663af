"""A hub as in production, for faults and fuzzing: `serve` with two workers, a workspace, and a port that it keeps."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

import httpx2
import suprsend
from hub_process import HubProcess, credentials, run_command, until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class LiveHub(HubProcess):
    """The hub and its workspace; a second one on the same database is given the same credentials."""

    def __init__(self, complaints: Path, settings: Mapping[str, str], credentials: Mapping[str, str]) -> None:
        self.port = free_port()
        self.credentials = dict(credentials)
        super().__init__(
            "serve", "--port", str(self.port), "--workers", "2", complaints=complaints, settings=settings
        )  # fmt: skip

    @classmethod
    def on(cls, database_url: str, complaints: Path, workspace: str, **settings: str) -> Self:
        """Migrate an empty database, create the workspace and start a hub on it."""
        hub = cls(complaints, settings | {"DATABASE_URL": database_url}, {})
        hub.settings["MASTER_KEY"] = hub.run("master-key").strip()
        hub.run("db", "migrate")
        hub.credentials = credentials(hub.run("workspace", "create", workspace))
        return hub.start()

    def start(self) -> Self:
        """Start and return when requests are answered."""
        super().start()
        until(lambda: self.readiness()[0] == 200, f"the hub is ready; its log:\n{self.complaints.read_text()}")
        return self

    def run(self, *arguments: str) -> str:
        """Run a command on the same database; AssertionError with what it printed if it fails."""
        done = run_command(*arguments, **self.settings)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def readiness(self) -> tuple[int, dict[str, str]]:
        """Return status and checks of /readyz; 0 when nobody answers."""
        try:
            answer = httpx2.get(f"{self.base_url}readyz", timeout=10, trust_env=False)
        except httpx2.TransportError:
            return 0, {}
        return answer.status_code, answer.json()["checks"]

    def client(self, base_url: str | None = None, *, max_retries: int = 60) -> suprsend.Suprsend:
        """Return a client of the workspace that outlasts the faults."""
        return suprsend.Suprsend(
            self.credentials["Workspace key"], self.credentials["Workspace secret"],
            base_url=base_url or self.base_url, max_retries=max_retries, timeout=(5, 15),
        )  # fmt: skip
