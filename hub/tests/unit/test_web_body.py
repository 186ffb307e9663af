"""Bodies are read within a time, a size and a budget that all share."""

import asyncio
from collections.abc import Iterable

import pytest
from suprsend_hub.domain.errors import InvalidRequest, TimedOut, TooLarge, Unavailable
from suprsend_hub.web.body import BodyReader, Receive

pytestmark = pytest.mark.anyio


def sending(chunks: Iterable[bytes], *, end: bool = True, disconnect: bool = False) -> Receive:
    """What a server hands over of a body in these chunks; without an end the client stalls, or goes away."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if disconnect:
        messages.append({"type": "http.disconnect"})
    elif end:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> object:
        await asyncio.sleep(0)
        return messages.pop(0) if messages else await asyncio.sleep(3600)

    return receive


async def test_a_body_is_its_chunks() -> None:
    reader = BodyReader(timeout_s=5)
    assert await reader.read(sending([b"ab", b"", b"c"]), 3) == b"abc"
    seen: list[bytes] = []
    assert await reader.pass_by(sending([b"ab", b"c"]), 3, seen.append) is None
    assert seen == [b"ab", b"c", b""]


async def test_what_is_wrong_with_a_body_is_told_apart() -> None:
    reader = BodyReader(timeout_s=0.05)
    with pytest.raises(TooLarge):
        await reader.read(sending([b"abcd"]), 3)
    with pytest.raises(TimedOut):
        await reader.read(sending([b"ab"], end=False), 3)
    with pytest.raises(InvalidRequest):
        await reader.read(sending([b"ab"], disconnect=True), 3)


async def test_all_bodies_together_keep_within_the_budget_and_give_it_back() -> None:
    """Whatever became of them: read, too large, too slow, gone, cancelled."""
    reader = BodyReader(timeout_s=0.2, budget_bytes=100)
    slow = [asyncio.create_task(reader.read(sending([b"x" * 30], end=False), 1000)) for _ in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await reader.read(sending([b"x" * 30]), 1000)
    assert await reader.read(sending([b"x" * 10]), 1000) == b"x" * 10
    seen: list[int] = []
    await reader.pass_by(sending([b"x" * 1000]), 1000, lambda chunk: seen.append(len(chunk)))
    assert seen == [1000, 0]
    slow[0].cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    for chunks, disconnect in (([b"x" * 90] * 3, False), ([b"x" * 90], True)):
        with pytest.raises((TooLarge, InvalidRequest)):
            await reader.read(sending(chunks, disconnect=disconnect), 100)
    assert await reader.read(sending([b"x" * 100]), 1000) == b"x" * 100
