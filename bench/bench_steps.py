"""Where the time of an edit goes: each step of the hub's Python, each statement, a request without its network.

    .venv/bin/python bench/bench_steps.py [--rows 40000]

Prints microseconds per edit, row or request. Steps in Python are the best of several passes; statements run on one
connection in batches of 400, with the mean, the best batch, and the processor time of both ends; requests go to the
ASGI application in this process.
"""

import argparse
import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import hub_load
import hub_raw
import idle_app
import psutil
import uvloop
from bench_hub import prepare
from pydantic import SecretStr
from suprsend_hub.api.bodies.event import parse_event
from suprsend_hub.app import build_asgi, build_services
from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import decode_profile, encode_channels, encode_properties
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.settings import Settings
from suprsend_hub.store import profiles
from suprsend_hub.store.connect import SERVER_SETTINGS
from suprsend_hub.store.embedded import embedded_postgres

PASSES = 7
CALLS = 3_000


def best_us(call: Callable[[], object]) -> float:
    """Microseconds of one call, best of several passes."""
    passes = []
    for _ in range(PASSES):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        passes.append((time.perf_counter() - start) / CALLS * 1e6)
    return min(passes)


def python_steps() -> Iterator[tuple[str, float]]:
    """The pure steps of one edit of the pinned workload."""
    text = json.dumps(hub_load.event(5, "free"), separators=(",", ":")).encode()
    other = parse_event(json.dumps(hub_load.event(5, "pro")).encode()).operations
    operations = parse_event(text).operations
    folded = fold(None, operations).profile
    properties, channels = encode_properties(folded), encode_channels(folded)
    stored = decode_profile(properties, channels)
    yield "parse the event", best_us(lambda: parse_event(text))
    yield "fold, new user", best_us(lambda: fold(None, operations, edit_bytes=len(text)))
    yield "read the stored profile", best_us(lambda: decode_profile(properties, channels))
    yield "fold, existing user, one property changed", best_us(lambda: fold(stored, other, edit_bytes=len(text)))
    yield "fold, existing user, nothing changed", best_us(lambda: fold(stored, operations, edit_bytes=len(text)))
    yield "encode the profile", best_us(lambda: (encode_properties(folded), encode_channels(folded)))
    yield "addresses for the search", best_us(lambda: addresses(folded.channels))


def processor_s(pid: int) -> float:
    """Processor time that a process has taken."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def statement(
    connection: asyncpg.Connection, name: str, batches: Sequence[hub_raw.Batch],
    work: Callable[[hub_raw.Batch], Awaitable[object]],
) -> str:  # fmt: skip
    """Run one statement over all batches, each in a transaction of its own; a line of the table."""
    server = connection.get_server_pid()
    rows = sum(len(batch.keys) for batch in batches)
    started, client_s, server_s = time.perf_counter(), processor_s(os.getpid()), processor_s(server)
    best = float("inf")
    for batch in batches:
        start = time.perf_counter()
        async with connection.transaction():
            await work(batch)
        best = min(best, (time.perf_counter() - start) / len(batch.keys))
    mean = (time.perf_counter() - started) / rows
    client_s, server_s = processor_s(os.getpid()) - client_s, processor_s(server) - server_s
    figures = "".join(f"{seconds * 1e6:9.1f}" for seconds in (mean, best, client_s / rows, server_s / rows))
    return f"{name:<58}{figures}"


async def statements(url: str, workspace_id: int, rows: int) -> None:
    """The statements of the fast path and of the slow path, and a bare upsert of the same rows."""
    connection = await asyncpg.connect(url, server_settings=SERVER_SETTINGS)
    await connection.execute(hub_raw.BARE_TABLE)
    now = datetime.now(UTC)

    def made(plan: str, *, version: int, new: bool) -> list[hub_raw.Batch]:
        starts = range(0, rows, hub_raw.BATCH)
        numbers = (range(start, min(start + hub_raw.BATCH, rows)) for start in starts)
        batches = [hub_raw.Batch(workspace_id, each, plan, new=new) for each in numbers]
        for batch in batches:
            batch.profiles = [
                profiles.ProfileWrite(
                    row.key, row.fresh_id, hub_raw.FIRST_VERSION + version, row.properties, row.channels, row.addresses
                )
                for row in batch.profiles
            ]  # fmt: skip
        return batches

    async def line(
        name: str, batches: Sequence[hub_raw.Batch], work: Callable[[hub_raw.Batch], Awaitable[object]]
    ) -> None:
        print(await statement(connection, name, batches, work), flush=True)

    first, second, third = (
        made("free", version=0, new=True),
        made("pro", version=1, new=False),
        made("x", version=2, new=False),
    )
    gc.collect()
    gc.freeze()
    await line("begin and commit", first, lambda _batch: connection.execute("SELECT 1"))
    await line("read, nobody there", first, lambda batch: profiles.read(connection, batch.keys))
    await line("history, fast path (COPY)", first, lambda batch: profiles.copy_history(connection, batch.history))
    await line(
        "new profiles, fast path (COPY)", first, lambda batch: profiles.copy_new(connection, batch.profiles, now)
    )
    await line("read, all there", second, lambda batch: profiles.read(connection, batch.keys))
    await line(
        "history, slow path (INSERT … ON CONFLICT)",
        second,
        lambda batch: profiles.insert_history(connection, batch.history),
    )
    await line(
        "existing profiles, fast path (UPDATE)", second, lambda batch: profiles.update(connection, batch.profiles, now)
    )
    await line(
        "existing profiles, slow path (upsert with RETURNING)",
        third,
        lambda batch: profiles.upsert(connection, batch.profiles, now),
    )
    await line("bare upsert, new", first, lambda batch: hub_raw.write_bare(connection, batch))
    await line("bare upsert, existing", second, lambda batch: hub_raw.write_bare(connection, batch))
    await connection.execute("TRUNCATE profile")
    await line(
        "new profiles, slow path (upsert with RETURNING)",
        first,
        lambda batch: profiles.upsert(connection, batch.profiles, now),
    )
    await connection.close()


def scopes(requests: Sequence[bytes]) -> list[tuple[dict[str, object], bytes]]:
    """Requests of hub_load as ASGI scopes with their bodies."""
    made = []
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, path, _version = first.decode().split(" ")
        headers = [tuple(part.strip() for part in line.split(b":", 1)) for line in lines]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        made.append((scope, body))
    return made


async def request_us(app: Callable[..., Awaitable[None]], requests: Sequence[bytes], connections: int) -> float:
    """Processor time of this process for one request, with as many in flight as there are connections."""
    pending = iter(scopes(requests))

    async def caller() -> None:
        for scope, body in pending:
            statuses: list[int] = []

            async def receive(body: bytes = body) -> dict[str, object]:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message: dict[str, object], statuses: list[int] = statuses) -> None:
                statuses.append(message.get("status", 0))  # type: ignore[arg-type]

            await app({**scope, "state": {}}, receive, send)
            if statuses[0] not in (200, 202):
                raise RuntimeError(f"a request was answered with {statuses[0]}")

    start = processor_s(os.getpid())
    await asyncio.gather(*(caller() for _ in range(connections)))
    return (processor_s(os.getpid()) - start) / len(requests) * 1e6


@asynccontextmanager
async def application(url: str, master_key: str):
    """The hub's application in this process."""
    hub = build_services(Settings(database_url=SecretStr(url), master_key=SecretStr(master_key)))
    async with hub.database:
        hub.batcher.start()
        try:
            yield build_asgi(hub)
        finally:
            await hub.batcher.stop()


async def requests(url: str, master_key: str) -> None:
    """Single edits and reads, compared with a framework that does nothing."""
    users = 5_000
    reads = [hub_load.signed("GET", f"/v1/user/user-{n % users:08d}/") for n in range(20_000)]
    idle = idle_app.create_app()
    async with application(url, master_key) as app:
        await request_us(app, hub_load.edit_requests(range(users), "free"), 64)
        edits = hub_load.edit_requests([n % users for n in range(15_000)], "pro")
        for name, target, load, connections in (
            ("an answer without work", idle, reads, 64),
            ("read a user, 64 at once", app, reads, 64),
            ("202 without work", idle, edits, 64),
            ("edit a user, 64 at once", app, edits, 64),
        ):
            print(f"{name:<58}{await request_us(target, load, connections):9.1f}", flush=True)


def main() -> None:
    """Print all three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=40_000)
    arguments = parser.parse_args()
    print(f"{'in Python, us an edit':<58}{'best':>9}")
    for name, figure in python_steps():
        print(f"{name:<58}{figure:9.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-steps-") as directory, embedded_postgres(Path(directory)) as url:
        master_key = generate_master_key()
        workspace_id = asyncio.run(prepare(url, master_key))
        print(f"\n{'statements, us a row':<58}{'mean':>9}{'best':>9}{'client':>9}{'server':>9}")
        uvloop.run(statements(url, workspace_id, arguments.rows))
        print(f"\n{'requests without network, us of this process':<58}{'mean':>9}")
        uvloop.run(requests(url, master_key))


if __name__ == "__main__":
    main()
