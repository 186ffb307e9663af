"""What Datasette makes of the same records: its JSON API's blind upsert into SQLite, no operators, history, signatures.

    .venv/bin/python bench/datasette_upsert.py [USERS]

Set up as Datasette's documentation says, and to its advantage where there is a choice:

- a column for each property, which is what its filters and facets work on; nothing but the primary key is indexed;
- SQLite's write-ahead log, mostly faster here than the default journal;
- one kept-alive connection, then two with a fresh database, since either may be faster: the better figure counts.
"""

import asyncio
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from hub_load import operations
from servers import serving
from suprsend_hub.cli.server import chosen_port

PROGRAM = Path(__file__).parent.parent / ".venv-datasette" / "bin" / "datasette"
ROWS_PER_CALL = 1_000
CONNECTIONS = (1, 2)
ACTOR = "bench"
TABLE = """
CREATE TABLE users (distinct_id TEXT PRIMARY KEY, email TEXT, sms TEXT, name TEXT, plan TEXT, age INTEGER, city TEXT,
                    score REAL, vip INTEGER)"""
MAY_WRITE = {"insert-row": {"id": ACTOR}, "update-row": {"id": ACTOR}}
CONFIG = {
    "settings": {"max_insert_rows": ROWS_PER_CALL},  # 100 unless told
    "databases": {"bench": {"tables": {"users": {"permissions": MAY_WRITE}}}},
}


def row(number: int, plan: str) -> dict[str, object]:
    """The record of `hub_load.operations` as a row."""
    email, sms, properties = operations(number, plan)
    return {
        "distinct_id": f"user-{number:08d}",
        "email": email["$append"]["$email"],
        "sms": sms["$append"]["$sms"],
        **properties["$set"],
    }


def new_token(secret: dict[str, str]) -> str:
    """A signed token for the actor that may write."""
    command = [str(PROGRAM), "create-token", ACTOR]
    return subprocess.check_output(command, env={**os.environ, **secret}, text=True).strip()


def upserts(users: int, plan: str, token: str) -> list[bytes]:
    """Whole HTTP requests that upsert users 0 to `users`, made before the clock starts."""
    requests = []
    for start in range(0, users, ROWS_PER_CALL):
        rows = [row(number, plan) for number in range(start, min(start + ROWS_PER_CALL, users))]
        body = json.dumps({"rows": rows}, separators=(",", ":")).encode()
        head = (
            f"POST /bench/users/-/upsert HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


async def send(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Seconds of all requests over kept-alive connections, each sending its next when the last was answered."""
    pending = iter(requests)

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in pending:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readuntil(b"\r\n0\r\n\r\n")  # Datasette answers in chunks; this is the last
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"Datasette refused an upsert: {(head + body).decode()}")
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return time.perf_counter() - start


def check(database: Path, users: int, plan: str) -> None:
    """Fail if a run did not store every row with the plan, because it measures nothing."""
    with closing(sqlite3.connect(database)) as connection:
        rows, with_plan = connection.execute("SELECT count(*), total(plan = ?) FROM users", [plan]).fetchone()
    if (rows, with_plan) != (users, users):
        raise RuntimeError(f"Datasette stored {rows} rows of {users}, {with_plan:.0f} of them with plan {plan}")


def one_run(users: int, connections: int) -> dict[str, float]:
    """A fresh database: new rows, then the same rows with another plan; rows per second."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-datasette-") as directory:
        database, config = Path(directory) / "bench.db", Path(directory) / "datasette.json"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute(TABLE)
        config.write_text(json.dumps(CONFIG))
        secret = {"DATASETTE_SECRET": secrets.token_hex(32)}  # signs the token; both commands read it from here
        token = new_token(secret)
        port = chosen_port("127.0.0.1", 0)
        command = [str(PROGRAM), "serve", str(database), "--config", str(config), "--port", str(port)]
        with serving(command, port, secret, log=Path(directory) / "log"):
            for name, plan in (("new", "free"), ("existing", "pro")):
                requests = upserts(users, plan, token)
                figures[name] = users / asyncio.run(send(port, requests, connections))
                check(database, users, plan)
    return figures


def measure(users: int) -> dict[str, float]:
    """Rows per second, new and existing, each the fastest of the numbers of connections."""
    runs = [one_run(users, connections) for connections in CONNECTIONS]
    return {name: max(run[name] for run in runs) for name in ("new", "existing")}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
