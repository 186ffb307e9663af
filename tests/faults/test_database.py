"""A database that answers and cannot write: full, or turned into a read-only standby."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hub_process import WAIT_S, until

from .harness import Load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_hub import LiveHub
    from postgres_server import Postgres

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
def small_disk(directory: Path, owner: Path) -> Iterator[Path | None]:
    """A file system of 16 MB that belongs to the owner of a directory; None where mounting is refused."""
    directory.mkdir()
    options = f"size=16m,uid={owner.stat().st_uid},gid={owner.stat().st_gid},mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


@contextlib.contextmanager
def full_disk(postgres: Postgres, disk: Path) -> Iterator[None]:
    """A ballast takes all the room of a small file system."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def used_up_quota(postgres: Postgres) -> Iterator[None]:
    """No file of the database may grow beyond the size that the history has now."""
    size = postgres.fetch("SELECT pg_relation_size('history')")
    postgres.limit_files(size)
    try:
        yield
    finally:
        postgres.limit_files(None)


def refuses_until_there_is_room(
    hub: LiveHub, prefix: str, no_room: contextlib.AbstractContextManager[None], reason: str
) -> None:
    """Writes are refused and said to be, reads go on; with room again, so do writes, and every count is right."""
    with Load(hub, prefix) as load:
        load.goes_on()
        with no_room:
            # One of two workers answers, and each knows of its own writes only: ask until the one that was refused does.
            until(
                lambda: re.search(f"cannot write.*{reason}", hub.readiness()[1]["writes"]),
                f"/readyz says that nothing can be written: {reason}",
            )
            with hub.client(max_retries=0) as client:
                assert client.users.get(f"{prefix}0")["properties"]["n"] >= 1
        load.goes_on()
    load.verify()


def test_a_full_disk_refuses_writes_until_there_is_room(hub: LiveHub, postgres: Postgres, prefix: str) -> None:
    """The history is moved to a small file system that a ballast fills; without the ballast, everything goes on."""
    with small_disk(postgres.data.parent / "small", postgres.data) as disk:
        if disk is None:
            pytest.skip("a small file system cannot be mounted here; the quota below is the same from the hub's side")
        execute(postgres, f"CREATE TABLESPACE small LOCATION '{disk}'", "TRUNCATE history",
                "ALTER TABLE history SET TABLESPACE small")  # fmt: skip
        try:
            refuses_until_there_is_room(hub, prefix, full_disk(postgres, disk), "No space left")
        finally:
            execute(postgres, "TRUNCATE history", "ALTER TABLE history SET TABLESPACE pg_default",
                    "DROP TABLESPACE small")  # fmt: skip


def test_a_used_up_quota_refuses_writes_until_there_is_room(hub: LiveHub, postgres: Postgres, prefix: str) -> None:
    """The kernel refuses to let files grow, as with a quota: needs no file system of its own."""
    # More than a file of the write-ahead log, whose files must not be concerned.
    execute(
        postgres,
        "INSERT INTO history SELECT 0, 0, 1, gen_random_uuid(), gen_random_uuid(), 0, '', 'filler-' || n, repeat('x', 200), '', '[]' "
        "FROM generate_series(1, 70000) AS n",
    )
    try:
        refuses_until_there_is_room(hub, prefix, used_up_quota(postgres), "File too large")
    finally:
        execute(postgres, "DELETE FROM history WHERE workspace_id = 0")
