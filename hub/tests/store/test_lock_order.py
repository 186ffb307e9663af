"""One lock order for everybody: transactions that meet wait for each other, and PostgreSQL never has to abort one.

Each test stops transactions at rows that somebody else holds, in an order that once made them wait in a circle. A
deadlock is resolved after a minute only, so a circle makes the test time out.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from cast import TESTER
from interleaving import DONE_S, held, until_waiting
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import FAST_PATH_EDITS, Edit

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

MakeHub = Callable[[], Services]


@pytest.fixture(params=[FAST_PATH_EDITS, 1], ids=["slow", "fast"])
def fast_path_edits(request: pytest.FixtureRequest) -> int:
    """Whether a batch takes the fast path first or not."""
    return request.param


@pytest.fixture(autouse=True)
async def slow_deadlocks(database_url: str) -> None:
    """PostgreSQL takes a minute to resolve a deadlock here, so that one cannot pass unnoticed."""
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '60s'")
    await connection.close()


@pytest.fixture
async def other(make_hub: MakeHub) -> AsyncIterator[Services]:
    """A second process."""
    wired = make_hub()
    async with wired.database:
        wired.batcher.start()
        yield wired
        await wired.batcher.stop()


def edit(key: RecipientKey, *operations: object) -> Edit:
    return Edit(key, uuid.uuid4(), list(operations) or [{"$set": {"n": 1}}], TESTER)


class Scene:
    """Short names for what the tests do in one workspace."""

    def __init__(self, hub: Services, workspace_id: int) -> None:
        self.hub = hub
        self.workspace_id = workspace_id

    def user(self, distinct_id: str, tenant_no: int = 0) -> RecipientKey:
        return RecipientKey.user(self.workspace_id, distinct_id)._replace(tenant_no=tenant_no)

    def team(self, name: str) -> RecipientKey:
        return RecipientKey(self.workspace_id, "teams", name)

    async def apply(self, *edits: Edit, hub: Services | None = None) -> None:
        for outcome in await (hub or self.hub).batcher.submit(self.workspace_id, edits):
            assert outcome.error is None

    async def create(self, *keys: RecipientKey, hub: Services | None = None) -> None:
        await self.apply(*map(edit, keys), hub=hub)

    async def subscribe(self, parent: RecipientKey, *keys: RecipientKey) -> None:
        recipients = tuple(Recipient(key.object_type, key.recipient_id) for key in keys)
        await self.hub.subscriptions.create(TESTER, parent, SubscribeRequest(recipients, {}, None))

    async def unsubscribe(self, parent: RecipientKey, key: RecipientKey) -> None:
        await self.hub.subscriptions.delete(TESTER, parent, [Recipient(key.object_type, key.recipient_id)])

    async def delete(self, *keys: RecipientKey) -> int:
        return await self.hub.recipients.bulk_delete(TESTER, self.workspace_id, keys)


@pytest.fixture
def scene(hub: Services, workspace_a: NewWorkspace) -> Scene:
    return Scene(hub, workspace_a.workspace_id)


def holding(database_url: str, key: RecipientKey, mode: str = "UPDATE") -> object:
    """Hold a profile."""
    return held(
        database_url,
        "SELECT FROM profile WHERE workspace_id = $1 AND object_type = $2 AND recipient_id = $3 AND tenant_no = $4 "
        f"FOR {mode}",
        *key,
    )


def before_its_history(database_url: str, stopped: Edit) -> object:
    """Stop whoever records this edit between reading its profile and writing, until the end of the block."""
    return held(
        database_url,
        "INSERT INTO history (workspace_id, object_type, recipient_id, tenant_no, insert_key, edit_id, version, position, "
        "source, actor) VALUES ($1, $2, $3, $4, $5, $5, 0, 0, 'gate', '')",
        *stopped.key,
        stopped.insert_key,
    )


async def test_a_batch_whose_new_user_exists_by_now_locks_in_key_order(
    scene: Scene, other: Services, database_url: str
) -> None:
    """It has read that n does not exist. The deletion holds a when the batch goes on, and wants n afterwards."""
    a, m, n = map(scene.user, "amn")
    await scene.create(a, m)
    first = edit(a, {"$set": {"n": 2}})
    async with asyncio.timeout(DONE_S):
        async with holding(database_url, m):
            async with before_its_history(database_url, first):
                writing = asyncio.create_task(scene.apply(first, edit(n)))
                await until_waiting(database_url)
                await scene.create(n, hub=other)
                deletion = asyncio.create_task(scene.delete(a, m, n))
                await until_waiting(database_url, "FOR UPDATE OF p")
            await until_waiting(database_url, "profile", sessions=2)
        assert await deletion >= 2
        await writing
    assert await scene.hub.maintenance.check() == []


@pytest.mark.parametrize("holds", ["an edit without effect", "an edit for a tenant"])
async def test_a_batch_that_holds_profiles_does_so_in_the_order_in_which_it_writes(
    scene: Scene, other: Services, database_url: str, holds: str
) -> None:
    """The batch needs z to stay, and n has been created meanwhile. The deletion holds n and wants z afterwards."""
    n, q, z = map(scene.user, "nqz")
    await scene.create(q, z)
    number = 0
    if holds == "an edit for a tenant":
        await scene.hub.tenants.save(TESTER, scene.workspace_id, "acme", TenantChange(tenant_name="acme"))
        number = (await scene.hub.tenants.get(scene.workspace_id, "acme")).tenant_no
    first = edit(n)
    async with asyncio.timeout(DONE_S):
        async with holding(database_url, q):
            async with before_its_history(database_url, first):
                writing = asyncio.create_task(scene.apply(first, edit(z._replace(tenant_no=number))))
                await until_waiting(database_url)
                await scene.create(n, hub=other)
                deletion = asyncio.create_task(scene.delete(n, q, z))
                await until_waiting(database_url, "FOR UPDATE OF p")
            await until_waiting(database_url, "profile", sessions=2)
        assert await deletion >= 2
        await writing
    assert await scene.hub.maintenance.check() == []


async def test_batches_that_create_and_change_the_same_users_wait_for_each_other(
    scene: Scene, other: Services, database_url: str
) -> None:
    """Both have read that a exists and n does not; one of them takes the fast path if there is one."""
    a, n = map(scene.user, "an")
    await scene.create(a)
    first = edit(a, {"$set": {"n": 2}})
    async with asyncio.timeout(DONE_S):
        async with holding(database_url, a, "NO KEY UPDATE"):
            writing = asyncio.create_task(scene.apply(first, edit(n)))
            await until_waiting(database_url)
            again = asyncio.create_task(scene.apply(edit(a, {"$set": {"n": 3}}), edit(n), hub=other))
            await until_waiting(database_url, sessions=2)
        await asyncio.gather(writing, again)
    assert await scene.hub.maintenance.check() == []


async def test_deletions_of_objects_that_are_subscribed_to_each_other_wait_for_each_other(
    scene: Scene, database_url: str
) -> None:
    """Each deletion deletes the parent of an object that the other one deletes."""
    a, b, d, e = map(scene.team, "abde")
    await scene.create(a, b, d, e)
    await scene.subscribe(b, a)
    await scene.subscribe(d, e)
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "SELECT FROM subscribed_to WHERE subscriber_id = 'a' FOR UPDATE"):
            one = asyncio.create_task(scene.delete(a, d))
            await until_waiting(database_url)
            two = asyncio.create_task(scene.delete(b, e))
            await until_waiting(database_url, sessions=2)
        assert [await one, await two] == [2, 2]
    assert await scene.hub.maintenance.check() == []


async def test_a_deletion_starts_over_if_its_object_is_subscribed_to_another_one_meanwhile(
    scene: Scene, other: Services, database_url: str
) -> None:
    """The new parent, whose key comes first, is held by another deletion, which waits for the object."""
    a, m, z = map(scene.team, "amz")
    await scene.create(a, m, z)
    async with asyncio.timeout(DONE_S):
        async with holding(database_url, m):
            deletion = asyncio.create_task(scene.delete(m, z))
            await until_waiting(database_url)
            await scene.subscribe(a, z)
            async with holding(database_url, z, "KEY SHARE"):
                another = asyncio.create_task(scene.delete(a, z))
                await until_waiting(database_url, sessions=2)
        assert sorted([await deletion, await another]) in ([1, 2], [0, 3])
    async with scene.hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subscribed_to") == 0
    assert await scene.hub.maintenance.check() == []


async def test_a_deletion_waits_for_the_sweeper_before_it_ends_subscriptions(scene: Scene, database_url: str) -> None:
    """The object was deleted and created again. Its subscriber zz, of the earlier life, goes with it now."""
    big, zz, ada = scene.team("big"), scene.team("zz"), scene.user("ada")
    await scene.create(big, zz, ada)
    await scene.subscribe(big, ada)
    await scene.subscribe(big, zz)
    await scene.delete(big)
    await scene.create(big)
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "SELECT FROM subscribed_to WHERE subscriber_id = 'ada' FOR UPDATE"):
            sweeping = asyncio.create_task(sweep_dead_objects(scene.hub.database))
            await until_waiting(database_url, "subscribed_to")
            deletion = asyncio.create_task(scene.delete(big, zz))
            await until_waiting(database_url, sessions=2)
        assert await sweeping
        assert await deletion == 2
    while await sweep_dead_objects(scene.hub.database):
        pass
    async with scene.hub.database.connection() as connection:
        for table in ("subscription", "subscribed_to", "dead_object"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await scene.hub.maintenance.check() == []


async def _merge(scene: Scene) -> object:
    return await scene.hub.merging.merge(TESTER, scene.user("ada"), scene.user("bo"))


async def _rename(scene: Scene) -> object:
    return await scene.hub.renaming.rename(TESTER, scene.user("bo"), scene.user("zoe"))


async def _unmerge(scene: Scene) -> object:
    return await scene.hub.unmerging.unmerge(TESTER, scene.user("bo"), scene.user("cy"))


async def _delete(scene: Scene) -> object:
    return await scene.delete(scene.user("bo"))


@pytest.mark.parametrize("change", [_delete, _merge, _rename, _unmerge])
async def test_objects_are_held_before_the_subscriptions_to_them_end_or_move(
    scene: Scene, database_url: str, change: Callable[[Scene], Awaitable[object]]
) -> None:
    """Unsubscribing holds q; a deletion holds o and waits for q; what happens to bo waits for o."""
    o, q = map(scene.team, "oq")
    bo = scene.user("bo")
    await scene.create(o, q, scene.user("ada"), bo, scene.user("cy"))
    for parent in (o, q):
        await scene.subscribe(parent, bo)
    if change is _unmerge:
        await scene.subscribe(o, scene.user("cy"))
        await scene.subscribe(q, scene.user("cy"))
        await scene.hub.merging.merge(TESTER, bo, scene.user("cy"))
    async with asyncio.timeout(DONE_S):
        async with holding(database_url, q, "KEY SHARE"):
            deletion = asyncio.create_task(scene.delete(o, q))
            await until_waiting(database_url)
            changing = asyncio.create_task(change(scene))
            await until_waiting(database_url, sessions=2)
            unsubscribing = asyncio.create_task(scene.unsubscribe(q, bo))
            await asyncio.wait([unsubscribing], timeout=0.5)
        assert await deletion == 2
        await asyncio.gather(changing, unsubscribing)
    assert await scene.hub.maintenance.check() == []


async def test_finishing_a_draft_waits_for_who_adds_to_it(scene: Scene, database_url: str) -> None:
    """Both take the list before the draft."""
    await scene.create(scene.user("ada"))
    await scene.hub.lists.save(TESTER, scene.workspace_id, ListDefinition("news", None, None, None, None))
    version_id = (await scene.hub.lists.start_sync(TESTER, scene.workspace_id, "news")).version_id
    assert version_id is not None
    draft = ulid_text(version_id)
    async with asyncio.timeout(DONE_S):
        async with held(database_url, "SELECT FROM list_draft FOR KEY SHARE"):
            finishing = asyncio.create_task(scene.hub.lists.finish_sync(TESTER, scene.workspace_id, "news", draft))
            await until_waiting(database_url)
            adding = asyncio.create_task(
                scene.hub.lists.add(TESTER, scene.workspace_id, "news", ["ada"], version_id=draft)
            )
            await until_waiting(database_url, sessions=2)
        await finishing
        await asyncio.gather(adding, return_exceptions=True)
    assert await scene.hub.maintenance.check() == []
