"""The history says in which order edits were applied, whoever raced whom, on both write paths and every PostgreSQL."""

import asyncio
import itertools
import uuid
from collections.abc import Callable

import msgspec
import pytest
from cast import TESTER
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import FAST_PATH_EDITS, Edit
from suprsend_hub.store import profiles

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

ADA = RecipientKey.user(1, "ada")


@pytest.fixture(params=[FAST_PATH_EDITS, 1], ids=["slow", "fast"])
def fast_path_edits(request: pytest.FixtureRequest) -> int:
    return request.param


def appending(number: int) -> Edit:
    return Edit(ADA, uuid.uuid4(), [{"$append": {"all": number}}], TESTER)


async def test_history_is_the_order_of_application(hub: Services, make_hub: Callable[[], Services]) -> None:
    """Two hubs append to one array. The array tells the order in which they really took turns."""
    other = make_hub()
    numbers = itertools.count()
    async with other.database:
        other.batcher.start()
        for _ in range(8):
            batches = [[appending(next(numbers)) for _ in range(size)] for size in (1, 3, 1, 2)]
            await asyncio.gather(
                *(each.batcher.submit(1, batch) for each, batch in zip([hub, other] * 2, batches, strict=True))
            )
        await other.batcher.stop()
    async with hub.database.connection() as connection:
        stored = await profiles.find(connection, ADA)
    assert stored is not None
    entries = await hub.recipients.history(ADA, limit=1000)
    told = [msgspec.json.decode(entry.operations)[0]["$append"]["all"] for entry in reversed(entries)]
    assert told == msgspec.json.decode(stored.properties)["all"]
    assert sorted(told) == list(range(next(numbers)))
    positions = [(entry.version, entry.position) for entry in reversed(entries)]
    assert positions == sorted(set(positions))
    assert entries[0].version == stored.version


async def test_pages_of_the_history_show_each_edit_once(hub: Services) -> None:
    """Edits of one batch share a version; a page may end between them."""
    await hub.batcher.submit(1, [appending(number) for number in range(7)])
    await hub.batcher.submit(1, [Edit(ADA, uuid.uuid4(), [], TESTER), appending(7)])
    seen, before = [], None
    while page := await hub.recipients.history(ADA, before=before, limit=2):
        seen += page
        before = page[-1].edit_id
    assert len(seen) == len({entry.edit_id for entry in seen}) == 9
    assert [(entry.version, entry.position) for entry in seen] == sorted(
        ((entry.version, entry.position) for entry in seen), reverse=True
    )


async def test_an_edit_without_effect_keeps_the_version(hub: Services) -> None:
    await hub.batcher.submit(1, [appending(1)])
    await hub.batcher.submit(1, [Edit(ADA, uuid.uuid4(), [], TESTER)])
    last, first = await hub.recipients.history(ADA)
    assert last.version == first.version
    async with hub.database.connection() as connection:
        stored = await profiles.find(connection, ADA)
    assert stored is not None
    assert stored.version == last.version
