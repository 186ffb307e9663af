"""Bodies are read within a time, a size and a budget that all share."""

import asyncio
from collections.abc import Iterable

import pytest
from suprsend_hub.domain.errors import InvalidRequest, TimedOut, TooLarge, Unavailable
from suprsend_hub.web.body import BodyReader, Receive, is_unread, pass_by_unread

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
    assert await reader.read({}, sending([b"ab", b"", b"c"]), 3) == b"abc"


async def test_what_is_wrong_with_a_body_is_told_apart() -> None:
    reader = BodyReader(timeout_s=0.05)
    with pytest.raises(TooLarge):
        await reader.read({}, sending([b"abcd"]), 3)
    with pytest.raises(TimedOut):
        await reader.read({}, sending([b"ab"], end=False), 3)
    with pytest.raises(InvalidRequest):
        await reader.read({}, sending([b"ab"], disconnect=True), 3)


async def test_all_bodies_together_keep_within_the_budget_and_give_it_back() -> None:
    """Whatever became of them: read, too large, too slow, gone, cancelled."""
    reader = BodyReader(timeout_s=0.2, budget_bytes=100)
    slow = [asyncio.create_task(reader.read({}, sending([b"x" * 30], end=False), 1000)) for _ in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await reader.read({}, sending([b"x" * 30]), 1000)
    assert await reader.read({}, sending([b"x" * 10]), 1000) == b"x" * 10
    slow[0].cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    for chunks, disconnect in (([b"x" * 90] * 3, False), ([b"x" * 90], True)):
        with pytest.raises((TooLarge, InvalidRequest)):
            await reader.read({}, sending(chunks, disconnect=disconnect), 100)
    assert await reader.read({}, sending([b"x" * 100]), 1000) == b"x" * 100


async def test_a_body_above_the_budget_leaves_the_room_to_others_and_is_read_to_its_end() -> None:
    """Its client is still sending, and would see a reset instead of the answer."""
    reader = BodyReader(timeout_s=5, budget_bytes=100)
    receive = sending([b"x" * 60, b"x" * 60, b"x" * 10])
    with pytest.raises(Unavailable):
        await reader.read({}, receive, 1000)
    assert (await asyncio.wait_for(reader.read({}, sending([b"x" * 100]), 1000), 1)) == b"x" * 100
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(receive(), 0.05)  # nothing is left


async def test_a_body_that_nobody_read_is_passed_by_once() -> None:
    reader = BodyReader(timeout_s=5)
    scope: dict = {}
    assert not is_unread(scope)
    reader.leave_unread(scope)
    assert is_unread(scope)
    receive = sending([b"x" * 60] * 3)
    await pass_by_unread(scope, receive)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(receive(), 0.05)
    reader.leave_unread(scope)
    await reader.read(scope, sending([b"x"]), 10)
    assert not is_unread(scope)
    await pass_by_unread(scope, sending([b"x"], end=False))  # returns, because nothing is unread


async def test_a_process_that_is_to_stop_waits_moments_for_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """For those that are being read, and for those that come."""
    monkeypatch.setattr("suprsend_hub.web.body._STOP_S", 0.05)
    reader = BodyReader(timeout_s=60)
    slow = asyncio.create_task(reader.read({}, sending([b"x"], end=False), 1000))
    await asyncio.sleep(0.01)
    reader.stop()
    for late in (slow, reader.read({}, sending([b"x"], end=False), 1000)):
        with pytest.raises(TimedOut):
            await asyncio.wait_for(late, 2)


async def test_late_bodies_are_noticed_whatever_was_read_before() -> None:
    """All bodies share one timer, which rests while none is being read."""
    reader = BodyReader(timeout_s=0.05)
    for _ in range(2):
        assert await reader.read({}, sending([b"ab"]), 3) == b"ab"
        await asyncio.sleep(0.05)
        late = [reader.read({}, sending([b"x"], end=False), 1000) for _ in range(3)]
        outcomes = await asyncio.wait_for(asyncio.gather(*late, return_exceptions=True), 2)
        assert [type(outcome) for outcome in outcomes] == [TimedOut] * 3


def test_a_reader_that_an_event_loop_has_left_works_on_the_next_one() -> None:
    """The timer belongs to the loop, and ends with it."""
    reader = BodyReader(timeout_s=0.05)
    assert asyncio.run(reader.read({}, sending([b"ab"]), 3)) == b"ab"
    with pytest.raises(TimedOut):
        asyncio.run(asyncio.wait_for(reader.read({}, sending([b"x"], end=False), 1000), 2))
