"""Load for the hub's benchmark: records of the pinned workload, signed requests, a client that does little itself."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KEY, SECRET = "workspace_key", "workspace_secret"
"""Those of a development hub; a benchmark that creates its workspace gives it the same."""
DATE = "Tue, 03 Jun 2025 10:00:00 GMT"


def operations(number: int, plan: str) -> list[dict]:
    """E-mail, phone and six properties: about 400 bytes a record as an event."""
    return [
        {"$append": {"$email": f"user{number}@example.com"}},
        {"$append": {"$sms": f"+1555{number:07d}"}},
        {
            "$set": {
                "name": f"User Number {number}",
                "plan": plan,
                "age": number % 90,
                "city": "Bengaluru",
                "score": number * 1.5,
                "vip": number % 2 == 0,
            }
        },
    ]


def event(number: int, plan: str) -> dict:
    """One identity event, as an SDK sends it."""
    return {
        "$schema": "2",
        "$insert_id": str(uuid.uuid4()),
        "$time": 1748944800000,
        "env": KEY,
        "distinct_id": f"user-{number:08d}",
        "$user_operations": operations(number, plan),
        "properties": {"$ss_sdk_version": "suprsend-py-sdk/0.20.0 (python/3.11.7; linux)"},
    }


def signed(method: str, path: str, body: bytes = b"") -> bytes:
    """A whole HTTP request, signed with workspace key and secret."""
    content_type = "application/json; charset=utf-8"
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest() if body else ""
    text = f"{method}\n{md5}\n{content_type}\n{DATE}\n{path}"
    signature = b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha256")).decode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nDate: {DATE}\r\n"
        f"Authorization: {KEY}:{signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def edit_requests(numbers: Sequence[int], plan: str) -> list[bytes]:
    """Requests of one edit each."""
    return [signed("POST", "/event/", json.dumps(event(number, plan)).encode()) for number in numbers]


def patch_requests(numbers: Sequence[int], plan: str) -> list[bytes]:
    """Requests of one synchronous edit each, whose answer is the profile."""
    return [
        signed("PATCH", f"/v1/user/user-{number:08d}/", json.dumps({"operations": operations(number, plan)}).encode())
        for number in numbers
    ]


def read_requests(numbers: Sequence[int]) -> list[bytes]:
    """Requests for one user each."""
    return [signed("GET", f"/v1/user/user-{number:08d}/") for number in numbers]


CATEGORY = "news"
"""The category of the workspace, which `bench_hub.prepare` commits."""


def resolve_request(numbers: Sequence[int]) -> bytes:
    """A sender's question about users."""
    ids = [f"user-{number:08d}" for number in numbers]
    return signed("POST", "/hub/v1/resolve/", json.dumps({"distinct_ids": ids, "category": CATEGORY}).encode())


@dataclass
class Timing:
    """What a run of requests took."""

    per_second: float
    p50_ms: float
    p99_ms: float


async def run(port: int, requests: Sequence[bytes], connections: int) -> Timing:
    """Send every request once over kept-alive connections, each sending its next when the last was answered."""
    pending: Iterator[bytes] = iter(requests)
    latencies: list[float] = []

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in pending:
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
                raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
            at = head.lower().index(b"content-length:")
            await reader.readexactly(int(head[at + 15 :].split(b"\r\n", 1)[0]))
            latencies.append(time.perf_counter() - start)
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    seconds = time.perf_counter() - start
    latencies.sort()
    return Timing(
        len(latencies) / seconds,
        latencies[len(latencies) // 2] * 1000,
        latencies[int(len(latencies) * 0.99)] * 1000,
    )
