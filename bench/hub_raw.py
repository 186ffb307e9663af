"""What PostgreSQL alone makes of the workload: the write path's statements from prepared batches, and a bare upsert."""

import asyncio
import json
import time
import uuid
from datetime import UTC, datetime

import asyncpg
from hub_load import operations
from suprsend_hub.domain.channels import addresses
from suprsend_hub.domain.operation import fold
from suprsend_hub.domain.profile import encode_channels, encode_properties
from suprsend_hub.service.edits import first_version
from suprsend_hub.store.database import SERVER_SETTINGS
from suprsend_hub.store.profiles import indexed_address
from suprsend_hub.store.queries import sql

BATCH = 400
CONNECTIONS = 2

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
    """The columns of one batch, made before the clock starts."""

    def __init__(self, workspace_id: int, numbers: range, plan: str, *, new: bool) -> None:
        count = len(numbers)
        self.keys = ([workspace_id] * count, [""] * count, [f"raw-{number:08d}" for number in numbers])
        edits = [operations(number, plan) for number in numbers]
        profiles = [fold(None, edit).profile for edit in edits]
        self.properties = [encode_properties(profile) for profile in profiles]
        self.channels = [encode_channels(profile) for profile in profiles]
        self.addresses = [
            "\n".join(indexed_address(workspace_id, each) for each in addresses(profile.channels))
            for profile in profiles
        ]
        self.insert_keys = [uuid.uuid4() for _ in numbers]
        self.edit_ids = [uuid.uuid4() for _ in numbers]
        self.operations = [json.dumps(edit, separators=(",", ":")) for edit in edits]
        before = None if new else json.dumps({"plan": "free", "name": "User"})
        self.before = [before] * count
        self.new = new


async def write(connection: asyncpg.Connection, batch: Batch) -> None:
    """The round trips of service/edits.py for one batch."""
    now = datetime.now(UTC)
    found = await connection.fetch(sql("read_profiles"), *batch.keys)
    versions = {record[0]: record[2] + 1 for record in found}
    count = len(batch.keys[2])
    async with connection.transaction():
        await connection.execute(
            sql("insert_history"), *batch.keys, batch.insert_keys, batch.edit_ids, ["bench"] * count, batch.operations,
            batch.before,
        )  # fmt: skip
        await connection.fetch(
            sql("upsert_profiles"), *batch.keys, batch.edit_ids,
            [versions.get(position, first_version(now)) for position in range(1, count + 1)],
            batch.properties, batch.channels, batch.addresses, now,
        )  # fmt: skip
        if batch.new:
            await connection.execute(
                sql("add_to_counters"), batch.keys[0][:1], ["users"], [uuid.uuid4().int % 16], [count]
            )


async def write_bare(connection: asyncpg.Connection, batch: Batch) -> None:
    """The least that could store the same rows."""
    await connection.execute(
        BARE_UPSERT, *batch.keys, batch.edit_ids, batch.properties, batch.channels, batch.addresses, datetime.now(UTC)
    )


async def rate(url: str, batches: list[Batch], work: object) -> float:
    """Rows per second of all batches over two connections."""
    connections = [await asyncpg.connect(url, server_settings=SERVER_SETTINGS) for _ in range(CONNECTIONS)]
    pending = iter(batches)

    async def lane(connection: asyncpg.Connection) -> None:
        for batch in pending:
            await work(connection, batch)  # type: ignore[operator]

    start = time.perf_counter()
    await asyncio.gather(*(lane(connection) for connection in connections))
    seconds = time.perf_counter() - start
    for connection in connections:
        await connection.close()
    return sum(len(batch.keys[2]) for batch in batches) / seconds


async def measure(url: str, workspace_id: int, users: int) -> dict[str, float]:
    """New and existing rows, through the write path's statements and through the bare upsert."""
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
