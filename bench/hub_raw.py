"""What PostgreSQL alone makes of the workload: the write path's statements from prepared batches, and a bare upsert."""

import asyncio
import gc
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import uvloop
from hub_load import operations
from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import encode_channels, encode_properties
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.writing.group import first_version
from suprsend_hub.store import counters, profiles
from suprsend_hub.store.connect import SERVER_SETTINGS
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite, indexed_address

BATCH = 400
CONNECTIONS = 3
"""As many as the hub has lanes."""
SOURCE = "suprsend-py-sdk/0.20.0 (python/3.11.7; linux)"
ACTOR = "signed_client:bench_key"
CREATED_AT = datetime.now(UTC)
FIRST_VERSION = first_version(CREATED_AT)

BARE_TABLE = "DROP TABLE IF EXISTS bare; CREATE TABLE bare (LIKE profile INCLUDING ALL) WITH (fillfactor = 50)"
"""The same rows with the same indexes; what is missing is the history, the read and the version."""
BARE_UPSERT = """
INSERT INTO bare (workspace_id, object_type, recipient_id, profile_id, version, properties, channels, addresses,
                  created_at, updated_at)
SELECT k.workspace_id, k.object_type, k.recipient_id, k.profile_id, 1, k.properties, k.channels,
       string_to_array(k.addresses, E'\\n'), $8, $8
FROM unnest($1::integer[], $2::text[], $3::text[], $4::uuid[], $5::json[], $6::json[], $7::text[])
     AS k (workspace_id, object_type, recipient_id, profile_id, properties, channels, addresses)
ON CONFLICT (workspace_id, object_type, recipient_id) DO UPDATE
SET properties = excluded.properties, channels = excluded.channels, addresses = excluded.addresses,
    updated_at = excluded.updated_at"""


class Batch:
    """The rows of one batch, made before the clock starts."""

    def __init__(self, workspace_id: int, numbers: range, plan: str, *, new: bool) -> None:
        self.new = new
        self.keys = [RecipientKey(workspace_id, "", f"raw-{number:08d}") for number in numbers]
        edits = [operations(number, plan) for number in numbers]
        before = None if new else json.dumps({"plan": "free", "name": "User"})
        self.history = [
            HistoryRow(key, uuid.uuid4(), uuid.uuid4(), SOURCE, json.dumps(edit, separators=(",", ":")), before, ACTOR)
            for key, edit in zip(self.keys, edits, strict=True)
        ]
        folded = [fold(None, edit).profile for edit in edits]
        version = FIRST_VERSION if new else FIRST_VERSION + 1
        self.profiles = [
            ProfileWrite(
                key, row.edit_id, version, encode_properties(profile), encode_channels(profile),
                addresses(profile.channels),
            )
            for key, row, profile in zip(self.keys, self.history, folded, strict=True)
        ]  # fmt: skip
        self.columns = (
            [key.workspace_id for key in self.keys],
            [key.object_type for key in self.keys],
            [key.recipient_id for key in self.keys],
            [row.fresh_id for row in self.profiles],
            [row.properties for row in self.profiles],
            [row.channels for row in self.profiles],
            ["\n".join(indexed_address(workspace_id, each) for each in row.addresses) for row in self.profiles],
        )


async def write(connection: asyncpg.Connection, batch: Batch) -> None:
    """The round trips of service/edits.py for one batch."""
    await profiles.read(connection, batch.keys)
    async with connection.transaction():
        await profiles.copy_history(connection, batch.history)
        if batch.new:
            await profiles.copy_new(connection, batch.profiles, CREATED_AT)
            created = {(batch.keys[0].workspace_id, counters.profiles_counter("")): len(batch.keys)}
            await counters.add(connection, created, slot=batch.keys[0].__hash__())
        else:
            await profiles.update(connection, batch.profiles, datetime.now(UTC))


async def write_bare(connection: asyncpg.Connection, batch: Batch) -> None:
    """The least that could store the same rows."""
    await connection.execute(BARE_UPSERT, *batch.columns, datetime.now(UTC))


async def settle(url: str) -> None:
    """Do now what autovacuum would do in the middle of the next measurement, because of the one before."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()


async def rate(url: str, batches: list[Batch], work: Callable[[asyncpg.Connection, Batch], Awaitable[None]]) -> float:
    """Rows per second of all batches over all connections."""
    await settle(url)
    connections = [await asyncpg.connect(url, server_settings=SERVER_SETTINGS) for _ in range(CONNECTIONS)]
    pending = iter(batches)

    async def lane(connection: asyncpg.Connection) -> None:
        for batch in pending:
            await work(connection, batch)

    gc.collect()
    gc.freeze()  # the prepared rows are many; looking through them is not part of the work
    start = time.perf_counter()
    await asyncio.gather(*(lane(connection) for connection in connections))
    seconds = time.perf_counter() - start
    gc.unfreeze()
    for connection in connections:
        await connection.close()
    return sum(len(batch.keys) for batch in batches) / seconds


async def _measure(url: str, workspace_id: int, users: int) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    await connection.execute(BARE_TABLE)
    await connection.close()
    figures: dict[str, float] = {}
    for name, plan in (("new", "free"), ("existing", "pro")):
        batches = [
            Batch(workspace_id, range(start, min(start + BATCH, users)), plan, new=name == "new")
            for start in range(0, users, BATCH)
        ]
        figures[f"bare_{name}"] = await rate(url, batches, write_bare)
        figures[f"raw_{name}"] = await rate(url, batches, write)
    return figures


def measure(url: str, workspace_id: int, users: int) -> dict[str, float]:
    """New and existing rows, through the write path's statements and through the bare upsert; rows per second."""
    return uvloop.run(_measure(url, workspace_id, users))
