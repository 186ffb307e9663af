"""How long `db migrate` takes on a database with many users, and whether everything came over.

    .venv/bin/python bench/bench_migrate.py [--users 1000000] [--edits 3] [--since 0008]

Creates the tables as the given step left them, on embedded PostgreSQL, and fills them by COPY with users and their
edits. Then runs all later steps as `db migrate` does. Prints the time, the size of the database before, after and at
most, and compares profiles, history and counters from before and after by count and digest. It needs about 7 GB of disk
for a million users, and some minutes.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import hub_load
from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import encode_channels, encode_properties
from suprsend_hub.store.embedded import embedded_postgres
from suprsend_hub.store.migrate import FOLDER, migrate

CHUNK = 20_000
SOURCE = "suprsend-py-sdk/0.20.0 (python/3.11.7; linux)"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SLOTS = 16

WORKSPACE = """
INSERT INTO workspace (name, workspace_uid, workspace_key, secret_encrypted, created_at)
VALUES ('bench', 'wksp_bench', 'bench_key', 'x', '2026-01-01Z')"""

# Digests do not depend on the order of rows. They name the columns that both schemas have.
DIGESTS = {
    "profiles": """
SELECT count(*), sum(hashtextextended(concat_ws('|', workspace_id, object_type, recipient_id, profile_id, version,
       properties, channels, addresses, created_at, updated_at), 0)) FROM profile""",
    "history": """
SELECT count(*), sum(hashtextextended(concat_ws('|', workspace_id, object_type, recipient_id, insert_key, edit_id,
       source, actor, operations, before), 0)) FROM history""",
    "counters": """
SELECT count(*), sum(hashtextextended(concat_ws('|', workspace_id, name, slot, value), 0)) FROM counter""",
}


def steps_through(revision: str, directory: Path) -> Path:
    """Copy the migrations as they were when the given step was the newest one; return the folder."""
    folder = directory / "migrations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (folder / "versions").glob("[0-9]*"):
        if file.name[:4] > revision:
            file.unlink()
    return folder


def rows_of(numbers: range, edits: int) -> tuple[list[tuple], list[tuple]]:
    """Return the rows of `profile` and `history` for some users: a first edit that creates, and small ones after it."""
    profiles, history = [], []
    for number in numbers:
        first = hub_load.operations(number, "free")
        folded = fold(None, first).profile
        recipient_id, profile_id = f"user-{number:08d}", uuid.UUID(int=(1 << 100) + number)
        found = [f"1 {address}" for address in addresses(folded.channels)]
        channels, properties = encode_channels(folded), encode_properties(folded)
        profiles.append((1, "", recipient_id, profile_id, 1 + edits, properties, channels, found, NOW, NOW))
        for edit in range(edits):
            operations = first if edit == 0 else [{"$set": {"plan": f"plan-{edit}"}}]
            before = None if edit == 0 else json.dumps({"$set": {"plan": f"plan-{edit - 1}"}})
            edit_id = uuid.UUID(int=(edit + 2 << 100) + number)
            history.append(
                (1, "", recipient_id, uuid.uuid4(), edit_id, SOURCE, json.dumps(operations), before, "signed_client:k")
            )
    return profiles, history


def chunks(total: int) -> Iterator[range]:
    """Cut the numbers of all users into ranges."""
    return (range(start, min(start + CHUNK, total)) for start in range(0, total, CHUNK))


async def fill(connection: asyncpg.Connection, users: int, edits: int) -> None:
    """Fill the tables of the old step, and let the server know what is in them."""
    await connection.execute(WORKSPACE)
    profile = (
        "workspace_id object_type recipient_id profile_id version properties channels addresses created_at updated_at"
    )
    history = "workspace_id object_type recipient_id insert_key edit_id source operations before actor"
    for numbers in chunks(users):
        profiles, edited = rows_of(numbers, edits)
        await connection.copy_records_to_table("profile", records=profiles, columns=profile.split())
        await connection.copy_records_to_table("history", records=edited, columns=history.split())
    counts = [(1, "users", slot, users // SLOTS + (slot < users % SLOTS)) for slot in range(SLOTS)]
    await connection.copy_records_to_table("counter", records=counts, columns=["workspace_id", "name", "slot", "value"])
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")


async def digests(connection: asyncpg.Connection) -> dict[str, tuple]:
    """Return count and digest of the rows of each table."""
    return {name: tuple(await connection.fetchrow(statement)) for name, statement in DIGESTS.items()}


async def largest_size(url: str, sizes: list[int]) -> None:
    """Note the size of the database every second, until it is cancelled."""
    connection = await asyncpg.connect(url)
    while True:
        sizes.append(await connection.fetchval("SELECT pg_database_size(current_database())"))
        await asyncio.sleep(1)


async def measure(url: str, folder: Path, users: int, edits: int) -> bool:
    """Fill, migrate and compare; tell whether everything came over."""
    old = await migrate(url, folder=folder)
    connection = await asyncpg.connect(url, command_timeout=None)
    print(f"filling the tables of {old.revision} with {users} users of {edits} edits each …", flush=True)
    await fill(connection, users, edits)
    before = await digests(connection)
    await connection.close()

    sizes: list[int] = []
    watching = asyncio.create_task(largest_size(url, sizes))
    await asyncio.sleep(1)
    start = time.perf_counter()
    migrated = await migrate(url)
    taken = time.perf_counter() - start
    watching.cancel()

    connection = await asyncpg.connect(url, command_timeout=None)
    after = await digests(connection)
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    print(f"migrating from {old.revision} to {migrated.revision}: {taken:8.1f} s")
    gigabytes = [value / 1e9 for value in (sizes[0], max(sizes), size)]
    print("size of the database: {:.2f} GB before, at most {:.2f} GB, {:.2f} GB after".format(*gigabytes))
    for name, (count, digest) in after.items():
        same = before[name] == (count, digest)
        print(f"{name:<10}{count:>10} rows, digest {digest}: {'the same as before' if same else 'NOT the same'}")
    return before == after


def main() -> None:
    """Measure and print; end with status 1 if anything did not come over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--edits", type=int, default=3, help="edits of each user in the history")
    parser.add_argument("--since", default="0008", help="the newest step of the old database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-migrate-") as name:
        directory = Path(name)
        folder = steps_through(arguments.since, directory)
        data = directory / "data"
        data.mkdir()
        with embedded_postgres(data) as url:
            came_over = asyncio.run(measure(url, folder, arguments.users, arguments.edits))
    sys.exit(not came_over)


if __name__ == "__main__":
    main()
