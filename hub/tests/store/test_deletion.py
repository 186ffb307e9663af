"""Deletion by sets: what goes, what stays, and that it neither blocks nor deadlocks with what others do meanwhile."""

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from cast import TESTER
from interleaving import DONE_S, held, until_waiting
from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.subscriptions import SubscriptionService
from suprsend_hub.service.writing import Edit, RateLimits

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1
TEAM = RecipientKey(WORKSPACE, "teams", "core")


def user(distinct_id: str) -> RecipientKey:
    return RecipientKey.user(WORKSPACE, distinct_id)


async def create(hub: Services, *keys: RecipientKey) -> None:
    await hub.batcher.submit(WORKSPACE, [Edit(key, uuid.uuid4(), [{"$set": {"n": 1}}], TESTER) for key in keys])


async def subscribe(
    hub: Services, *names: str, parent: RecipientKey = TEAM, service: SubscriptionService | None = None
) -> None:
    for start in range(0, len(names), 100):
        recipients = tuple(Recipient("", name) for name in names[start : start + 100])
        await (service or hub.subscriptions).create(TESTER, parent, SubscribeRequest(recipients, {}, None))


async def unsubscribe(hub: Services, *names: str) -> None:
    await hub.subscriptions.delete(TESTER, TEAM, [Recipient("", name) for name in names])


async def subscribers(hub: Services, parent: RecipientKey = TEAM) -> list[str]:
    """Names, after checking that the counter says the same as the rows."""
    page = await hub.subscriptions.page(parent, PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return sorted(view.subscription.subscriber.recipient_id for view in page.rows)


async def teams_of(hub: Services, name: str) -> list[str]:
    page = await hub.subscriptions.page_of_subscriber(user(name), PageRequest(limit=1000))
    assert page.count == len(page.rows)
    return [view.parent.key.recipient_id for view in page.rows]


async def user_count(hub: Services) -> int:
    return (await hub.recipients.page(WORKSPACE, PageRequest())).count


async def sweep_all(hub: Services) -> None:
    while await sweep_dead_objects(hub.database):
        pass


@pytest.fixture(autouse=True)
async def slow_deadlocks(database_url: str) -> None:
    """PostgreSQL takes a minute to resolve a deadlock here, so that one cannot pass unnoticed."""
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '60s'")
    await connection.close()


async def test_a_deletion_under_way_keeps_nobody_from_creating_or_deleting_others(
    hub: Services, database_url: str
) -> None:
    """A large deletion that has come as far as the history holds no counter yet, so everybody else goes on."""
    names = [f"user-{n:03d}" for n in range(300)]
    await create(hub, *map(user, names), user("other"))
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "SELECT FROM history WHERE recipient_id = $1 FOR UPDATE", names[-1]):
            deletion = asyncio.create_task(
                hub.recipients.bulk_delete(TESTER, WORKSPACE, [user(name) for name in names])
            )
            await until_waiting(database_url, "UPDATE history")
            for n in range(40):  # more than there are slots
                await create(hub, user(f"new-{n}"))
            assert await hub.recipients.bulk_delete(TESTER, WORKSPACE, [user("other")]) == 1
        assert await deletion == len(names)
    assert await user_count(hub) == 40
    assert await hub.maintenance.check() == []


async def test_concurrent_deletions_of_disjoint_users_never_deadlock(
    hub: Services, make_hub: Callable[[], Services]
) -> None:
    names = [f"user-{n:04d}" for n in range(800)]
    await create(hub, *map(user, names))
    await create(hub, TEAM)
    await subscribe(hub, *names[:200])
    other = make_hub()
    async with other.database, asyncio.timeout(DONE_S):
        deleted = await asyncio.gather(
            *(
                each.recipients.bulk_delete(TESTER, WORKSPACE, [user(name) for name in names[start::4]])
                for start, each in enumerate((hub, other, hub, other))
            )
        )
    assert deleted == [200] * 4
    assert await user_count(hub) == 0
    assert await subscribers(hub) == []
    assert await hub.maintenance.check() == []


async def test_both_ends_of_subscriptions_end_in_one_order(hub: Services, make_hub: Callable[[], Services]) -> None:
    """Unsubscribing, deleting the subscriber, deleting the object and sweeping never deadlock with each other."""
    other = make_hub()
    async with other.database:
        for _ in range(12):
            names = [f"user-{n}" for n in range(6)]
            await create(hub, TEAM, *map(user, names))
            await subscribe(hub, *names)
            async with asyncio.timeout(DONE_S):
                await asyncio.gather(
                    unsubscribe(hub, *names[:4]),
                    other.recipients.bulk_delete(TESTER, WORKSPACE, [user(name) for name in reversed(names[2:])]),
                    hub.recipients.bulk_delete(TESTER, WORKSPACE, [TEAM]),
                    sweep_dead_objects(other.database),
                    return_exceptions=True,
                )
            await hub.recipients.bulk_delete(TESTER, WORKSPACE, [TEAM, *map(user, names)])
            await sweep_all(hub)
            assert await hub.maintenance.check() == []


async def test_unsubscribing_waits_for_the_deletion_of_the_subscriber(hub: Services, database_url: str) -> None:
    """The deletion is stopped between the two ends; unsubscribing, begun meanwhile, must not hold the other one."""
    await create(hub, TEAM, user("ada"))
    await subscribe(hub, "ada")
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "SELECT FROM subscription WHERE subscriber_id = 'ada' FOR UPDATE"):
            deletion = asyncio.create_task(hub.recipients.bulk_delete(TESTER, WORKSPACE, [user("ada")]))
            await until_waiting(database_url, "DELETE FROM subscription ")
            unsubscribing = asyncio.create_task(unsubscribe(hub, "ada"))
            await until_waiting(database_url, "DELETE FROM subscribed_to")
        assert await deletion == 1
        await unsubscribing
    assert await subscribers(hub) == []


async def test_unsubscribing_leaves_alone_who_is_subscribed_while_it_waits(hub: Services, database_url: str) -> None:
    """Its first statement waits for bob and does not see ada, who is subscribed meanwhile; its second one would."""
    await create(hub, TEAM, user("ada"), user("bob"))
    await subscribe(hub, "bob")
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "SELECT FROM subscribed_to WHERE subscriber_id = 'bob' FOR UPDATE"):
            unsubscribing = asyncio.create_task(unsubscribe(hub, "ada", "bob"))
            await until_waiting(database_url, "DELETE FROM subscribed_to")
            await subscribe(hub, "ada")
        await unsubscribing
    assert await subscribers(hub) == ["ada"]
    assert await hub.maintenance.check() == []


async def test_the_subscribers_of_a_deleted_object_are_left_to_the_sweeper_and_shown_to_nobody(hub: Services) -> None:
    names = [f"user-{n:03d}" for n in range(250)]
    await create(hub, TEAM, *map(user, names))
    await subscribe(hub, *names)
    await hub.recipients.delete(TESTER, TEAM)
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subscription") == 250  # the deletion touched none
    assert await teams_of(hub, names[0]) == []
    with pytest.raises(NotFound):
        await subscribers(hub)
    assert await hub.maintenance.check() == []
    await sweep_all(hub)
    async with hub.database.connection() as connection:
        for table in ("subscription", "subscribed_to", "dead_object"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await hub.maintenance.check() == []


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(hours=2)], ids=["same clock", "a clock that is behind"])
async def test_a_new_life_of_an_object_never_shows_the_subscribers_of_the_old_one(
    hub: Services, behind: timedelta
) -> None:
    """Also if it is subscribed to through a host whose clock is behind, and before, while and after it is swept."""

    def now() -> datetime:
        return datetime.now(UTC) - behind

    ulids = UlidFactory(lambda: int(now().timestamp() * 1000), bytes)
    late = SubscriptionService(
        hub.database, hub.batcher, hub.audit, RateLimits(monotonic=time.monotonic), now=now, ulids=ulids
    )
    await create(hub, TEAM, user("ada"), user("bo"), user("cy"))
    await subscribe(hub, "ada", "bo")
    await hub.recipients.delete(TESTER, TEAM)
    await create(hub, TEAM)
    assert await subscribers(hub) == []
    await subscribe(hub, "bo", "cy", service=late)
    for _ in range(3):
        assert await subscribers(hub) == ["bo", "cy"]
        assert [await teams_of(hub, name) for name in ("ada", "bo", "cy")] == [[], ["core"], ["core"]]
        assert await hub.maintenance.check() == []
        await sweep_dead_objects(hub.database)
    await hub.recipients.delete(TESTER, user("bo"))
    await hub.recipients.delete(TESTER, user("ada"))
    assert await subscribers(hub) == ["cy"]
    assert await hub.maintenance.check() == []


async def test_deleting_a_subscriber_of_an_earlier_life_leaves_the_count_of_the_new_one(hub: Services) -> None:
    await create(hub, TEAM, user("ada"), user("bo"))
    await subscribe(hub, "ada")
    await hub.recipients.delete(TESTER, TEAM)
    await create(hub, TEAM)
    await subscribe(hub, "bo")
    await hub.recipients.delete(TESTER, user("ada"))  # the sweeper has not come yet
    await unsubscribe(hub, "ada")
    assert await subscribers(hub) == ["bo"]
    assert await hub.maintenance.check() == []


async def test_nested_objects_of_an_earlier_life_do_not_count_as_nesting(hub: Services) -> None:
    chain = [RecipientKey(WORKSPACE, "teams", name) for name in "abcd"]
    await create(hub, *chain)

    async def nest(parent: RecipientKey, child: RecipientKey) -> None:
        request = SubscribeRequest((Recipient(child.object_type, child.recipient_id),), {}, None)
        await hub.subscriptions.create(TESTER, parent, request)

    await nest(chain[0], chain[1])
    await nest(chain[1], chain[2])
    await hub.recipients.delete(TESTER, chain[1])
    await create(hub, chain[1])
    await nest(chain[2], chain[3])  # c is no longer below b
    await nest(chain[3], chain[1])  # and so may be above it


async def test_a_deletion_takes_everything_that_names_the_recipients(hub: Services) -> None:
    await create(hub, TEAM, user("ada"), user("bo"))
    await subscribe(hub, "ada", "bo")
    await hub.lists.save(TESTER, WORKSPACE, ListDefinition("news", None, None, None, None))
    await hub.lists.add(TESTER, WORKSPACE, "news", ["ada", "bo"])
    gone = await hub.recipients.bulk_delete(TESTER, WORKSPACE, [user("ada"), user("nobody"), user("ada"), TEAM])
    assert gone == 2
    assert (await hub.lists.get(WORKSPACE, "news")).subscribers_count == 1
    assert await teams_of(hub, "bo") == []
    assert await user_count(hub) == 1
    assert await hub.maintenance.check() == []
