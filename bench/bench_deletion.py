"""What deleting many users at once costs, and those who create users meanwhile.

    .venv/bin/python bench/bench_deletion.py [--rounds 5]

In each round: users are created one by one on an idle hub; then 1,000 users are deleted in one call while the creating
goes on; then four calls delete 500 other users each, at once. Prints the median round, and the goals next to it.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import hub_load
from servers import serving
from suprsend_hub.cli.server import chosen_port

DELETED = 1_000
CONCURRENT, OF_EACH = 4, 500
ALONE = 300
"""Users created on the idle hub."""


@dataclass
class Round:
    """Milliseconds."""

    creation_alone_ms: float
    deletion_ms: float
    creation_beside_ms: float
    """The longest creation next to the deletion."""
    concurrent_ms: float
    """Until the last of the concurrent deletions was answered."""


async def request(port: int, data: bytes) -> float:
    """Send one request over a connection of its own; milliseconds until it was answered with success."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = time.perf_counter()
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    taken = (time.perf_counter() - start) * 1000
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    writer.close()
    return taken


def created(numbers: range) -> list[bytes]:
    """Requests that create users, 250 in each."""
    return [
        hub_load.signed(
            "POST", "/event/", json.dumps([hub_load.event(n, "free") for n in numbers[at : at + 250]]).encode()
        )
        for at in range(0, len(numbers), 250)
    ]


def deleted(numbers: range) -> bytes:
    """A request that deletes users."""
    ids = [f"user-{number:08d}" for number in numbers]
    return hub_load.signed("DELETE", "/v1/bulk/user/", json.dumps({"distinct_ids": ids}).encode())


async def measure(port: int, first: int) -> Round:
    """One round, with users that no other round has."""
    total = DELETED + CONCURRENT * OF_EACH
    for each in created(range(first, first + total)):
        await request(port, each)
    singles = iter(range(first + total, first + total + 100_000))

    async def create() -> float:
        return await request(port, hub_load.edit_requests([next(singles)], "free")[0])

    alone = [await create() for _ in range(ALONE)]
    deletion = asyncio.create_task(request(port, deleted(range(first, first + DELETED))))
    beside = [await create()]
    while not deletion.done():
        beside.append(await create())
    start = first + DELETED
    began = time.perf_counter()
    await asyncio.gather(
        *(request(port, deleted(range(start + n * OF_EACH, start + (n + 1) * OF_EACH))) for n in range(CONCURRENT))
    )
    concurrent = (time.perf_counter() - began) * 1000
    return Round(statistics.median(alone), await deletion, max(beside), concurrent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        port = chosen_port("127.0.0.1", 0)
        command = [
            str(Path(sys.executable).parent / "suprsend-hub"),
            "dev",
            "--port",
            str(port),
            "--data-dir",
            f"{folder}/data",
        ]
        with serving(command, port, {}, log=Path(folder) / "log"):
            found = [asyncio.run(measure(port, 1 + number * 1_000_000)) for number in range(rounds)]

    def median(name: str) -> float:
        return statistics.median(getattr(each, name) for each in found)

    longer = statistics.median(each.creation_beside_ms - each.creation_alone_ms for each in found)
    print(f"deleting {DELETED} users in one call          {median('deletion_ms'):8.1f} ms   at most 1000")
    print(f"creating a user, alone                   {median('creation_alone_ms'):8.1f} ms")
    print(f"the longest next to the deletion, longer by {longer:5.1f} ms   at most 100")
    print(f"{CONCURRENT} deletions of {OF_EACH} users at once          {median('concurrent_ms'):8.1f} ms")


if __name__ == "__main__":
    main()
