"""A clock that jumps back: nothing is lost or doubled, order and versions still only go forward."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cast import TESTER
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import Edit, EditStatus, Outcome, Writer

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1
ADA = RecipientKey.user(WORKSPACE, "ada")


class Clock:
    """Says what it is set to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, tzinfo=UTC)

    def jump(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def edits(hub: Services, clock: Clock) -> Writer:
    """The write path of a process with that clock."""
    ulids = UlidFactory(lambda: int(clock.now.timestamp() * 1000), bytes)
    return Writer(hub.database, now=lambda: clock.now, ulids=ulids)


async def increment(edits: Writer, key: RecipientKey = ADA, insert_key: uuid.UUID | None = None) -> Outcome:
    [outcome] = await edits.apply([Edit(key, insert_key or uuid.uuid4(), [{"$add": {"n": 1}}], TESTER)])
    return outcome


def count(outcome: Outcome) -> int:
    assert outcome.profile is not None
    return msgspec.json.decode(outcome.profile.properties)["n"]


async def history(hub: Services) -> Sequence[uuid.UUID]:
    return [entry.edit_id for entry in await hub.recipients.history(ADA)]


async def test_edits_before_and_after_a_jump_all_count_and_stay_in_order(
    hub: Services, clock: Clock, edits: Writer
) -> None:
    results = [await increment(edits)]
    for _ in range(3):
        clock.jump(hours=-7)
        results.append(await increment(edits))
    assert [count(outcome) for outcome in results] == [1, 2, 3, 4]
    profiles = [outcome.profile for outcome in results if outcome.profile is not None]
    assert [profile.version for profile in profiles] == sorted({profile.version for profile in profiles})
    assert len({profile.updated_at for profile in profiles}) == 1  # never earlier than it was
    ids = await history(hub)
    assert len(ids) == 4
    assert list(ids) == sorted(ids, reverse=True)
    assert await hub.maintenance.check() == []


async def test_a_resend_after_a_jump_counts_once(hub: Services, clock: Clock, edits: Writer) -> None:
    key = uuid.uuid4()
    await increment(edits, insert_key=key)
    clock.jump(days=-1)
    again = await increment(edits, insert_key=key)
    assert (again.status, count(again)) == (EditStatus.DUPLICATE, 1)


async def test_a_second_life_that_begins_before_the_first_inherits_nothing(
    hub: Services, clock: Clock, edits: Writer
) -> None:
    """Deleted and created again by a process whose clock is behind; even at the very same microsecond."""
    for back in (timedelta(0), timedelta(hours=1)):
        await increment(edits)
        await increment(edits)
        await hub.recipients.delete(TESTER, ADA)
        clock.now -= back
        assert count(await increment(edits)) == 1
        assert count(await increment(edits)) == 2
        await hub.recipients.delete(TESTER, ADA)
    assert await hub.maintenance.check() == []


async def test_pages_hold_users_created_after_a_jump(hub: Services, clock: Clock, edits: Writer) -> None:
    names = [f"user-{number}" for number in range(6)]
    for name in names:
        await increment(edits, RecipientKey.user(WORKSPACE, name))
        clock.jump(minutes=-10)
    page = await hub.recipients.page(WORKSPACE, PageRequest(limit=100))
    assert [row.key.recipient_id for row in page.rows] == names[::-1]
    assert page.count == len(names)
