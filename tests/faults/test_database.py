"""A database that answers and cannot write: full, or turned into a read-only standby."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from typing import TYPE_CHECKING

import asyncpg
import pytest

from .harness import WAIT_S, LiveHub, Load, Postgres, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


def execute(postgres: Postgres, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(postgres.url, command_timeout=WAIT_S)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def test_a_database_that_becomes_read_only_is_waited_for(hub: LiveHub, postgres: Postgres, prefix: str) -> None:
    """As after a failover to a standby that has not been promoted: reads go on, writes get 503, then all goes on."""
    with Load(hub, prefix) as load:
        load.goes_on()
        execute(postgres, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            until(lambda: "cannot write" in hub.readiness()[1]["writes"], "/readyz says that nothing can be written")
            with hub.client(max_retries=0) as client:
                assert client.users.get(f"{prefix}0")["properties"]["n"] >= 1
        finally:
            execute(
                postgres,
                "SET default_transaction_read_only = off",
                "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()",
            )
        load.goes_on()
        until(lambda: hub.readiness()[1]["writes"] == "ok", "/readyz says that writes work")
    load.verify()


@contextlib.contextmanager
def small_disk(directory: Path, owner: Path) -> Iterator[Path]:
    """A file system of 16 MB that belongs to the owner of a directory; the test is skipped where mounting is refused."""
    directory.mkdir()
    options = f"size=16m,uid={owner.stat().st_uid},gid={owner.stat().st_gid},mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


def test_a_full_disk_refuses_writes_until_there_is_room(hub: LiveHub, postgres: Postgres, prefix: str) -> None:
    """The history is moved to a small file system that a ballast fills; without the ballast, everything goes on."""
    with small_disk(postgres.data.parent / "small", postgres.data) as disk:
        execute(postgres, f"CREATE TABLESPACE small LOCATION '{disk}'", "TRUNCATE history",
                "ALTER TABLE history SET TABLESPACE small")  # fmt: skip
        try:
            with Load(hub, prefix) as load:
                load.goes_on()
                ballast = disk / "ballast"
                with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                    while True:
                        file.write(bytes(65_536))
                until(
                    lambda: "cannot write" in hub.readiness()[1]["writes"], "/readyz says that nothing can be written"
                )
                assert "No space left" in hub.readiness()[1]["writes"]
                ballast.unlink()
                load.goes_on()
            load.verify()
        finally:
            execute(postgres, "TRUNCATE history", "ALTER TABLE history SET TABLESPACE pg_default",
                    "DROP TABLESPACE small")  # fmt: skip
