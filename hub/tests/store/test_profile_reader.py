"""Reads that share statements are each as good as a read alone."""

import asyncio
import uuid

import pytest
from cast import TESTER
from suprsend_hub.domain.errors import NotFound, Unavailable
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service import profile_reader
from suprsend_hub.service.profile_reader import MAX_KEYS, ProfileReader
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import Edit
from suprsend_hub.store.database import Database

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1
USERS = 300
"""More than one statement takes."""


def key(number: int) -> RecipientKey:
    return RecipientKey.user(WORKSPACE, f"user-{number}")


async def set_number(hub: Services, numbers: range, value: int) -> None:
    edits = [Edit(key(number), uuid.uuid4(), [{"$set": {"n": value}}], TESTER) for number in numbers]
    await hub.batcher.submit(WORKSPACE, edits)


async def test_everybody_gets_the_profile_asked_for(hub: Services) -> None:
    """Known and unknown users, the same one many times, more than fit one statement; of one workspace only."""
    assert USERS > MAX_KEYS
    await set_number(hub, range(USERS), 7)
    reader = ProfileReader(hub.database)
    asked = [*(key(number) for number in range(USERS + 50)), *[key(5)] * 50, RecipientKey.user(2, "user-5")]
    found = await asyncio.gather(*map(reader.find, asked))
    assert [None if row is None else row.key for row in found[:USERS]] == asked[:USERS]
    assert found[USERS : USERS + 50] == [None] * 50
    assert {row.key for row in found[USERS + 50 : -1] if row is not None} == {key(5)}
    assert found[-1] is None


async def test_a_read_sees_what_was_answered_before_it_was_asked_for(hub: Services) -> None:
    """Also when statements for others are under way all the time."""
    busy = True

    async def others() -> None:
        while busy:
            await asyncio.gather(*(hub.recipients.get(key(number)) for number in range(20)))

    await set_number(hub, range(20), 0)
    noise = [asyncio.create_task(others()) for _ in range(3)]
    for value in range(1, 100):
        await set_number(hub, range(1), value)
        assert (await hub.recipients.get(key(0))).properties == f'{{"n":{value}}}'
    busy = False
    await asyncio.gather(*noise)


async def test_a_caller_who_goes_away_takes_nobody_along(hub: Services) -> None:
    await set_number(hub, range(100), 1)
    reads = [asyncio.create_task(hub.recipients.get(key(number))) for number in range(100)]
    await asyncio.sleep(0)
    for read in reads[::2]:
        read.cancel()
    results = await asyncio.gather(*reads, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
    assert [result.key for result in results[1::2]] == [key(number) for number in range(1, 100, 2)]  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        await hub.recipients.get(key(100))


async def test_without_a_database_everybody_is_told_and_later_reads_work(database_url: str) -> None:
    database = Database(database_url, max_size=2)
    reader = ProfileReader(database)
    async with Database(f"{database_url}&port=1", max_size=2) as away:
        nowhere = ProfileReader(away)
        results = await asyncio.gather(*(nowhere.find(key(n)) for n in range(10)), return_exceptions=True)
        assert all(isinstance(result, Unavailable) for result in results)
    async with database:
        assert await reader.find(key(1)) is None


async def test_a_read_asked_for_as_a_lane_ends_does_not_wait_for_ever(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is woken by the lane's last answer, before the loop tells anyone that the lane is over.

    With one lane it is so every time; with two, when both end in the same turn. Also when the answer is an error.
    """
    monkeypatch.setattr(profile_reader, "LANES", 1)
    async with Database(database_url) as database, Database(f"{database_url}&port=1") as away:
        there, nowhere = ProfileReader(database), ProfileReader(away)
        async with asyncio.timeout(20):
            for _ in range(5):
                assert await there.find(key(1)) is None
                with pytest.raises(Unavailable):
                    await nowhere.find(key(1))
                with pytest.raises(Unavailable):
                    await nowhere.find(key(1))


async def test_a_lane_that_is_cancelled_leaves_its_place(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_reader, "LANES", 1)
    async with Database(database_url) as database:
        reader = ProfileReader(database)
        read = asyncio.create_task(reader.find(key(1)))
        await asyncio.sleep(0)
        [lane] = reader._lanes
        await asyncio.sleep(0)
        lane.cancel()
        await asyncio.gather(read, return_exceptions=True)
        async with asyncio.timeout(20):
            assert await reader.find(key(1)) is None
