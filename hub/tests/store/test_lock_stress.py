"""Everything that writes, at random and at once, on a few ids: PostgreSQL never has to abort a transaction."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from cast import TESTER
from suprsend_hub.domain.errors import DomainError
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.domain.tenancy import Tenancy, TenancyMode
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.service.credentials import Workspace
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import Edit

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

SECONDS = 5
WORKERS = 6
USERS = [f"u{n:02d}" for n in range(10)]
OBJECTS = [f"o{n}" for n in range(6)]
TENANTS = ["acme", "umbrella"]
EXCLUSIVE = Tenancy(mode=TenancyMode.EXCLUSIVE)


@pytest.fixture
def fast_path_edits() -> int:
    """Batches of so many edits take the fast path, smaller ones the slow path."""
    return 6


class Actions:
    """What a worker may do next; each picks its ids at random."""

    def __init__(self, hub: Services, workspace: Workspace, chance: random.Random) -> None:
        self.hub = hub
        self.workspace = workspace
        self.id = workspace.workspace_id
        self.chance = chance
        self.all: list[Callable[[], Awaitable[object]]] = [
            self.edit_few, self.edit_many, self.repeat, self.delete, self.subscribe, self.nest, self.unsubscribe,
            self.event, self.link, self.unlink, self.replace_tenant, self.merge, self.unmerge, self.rename, self.members,
            self.sync, self.sweep,
        ]  # fmt: skip

    def users(self, count: int) -> list[RecipientKey]:
        return [RecipientKey.user(self.id, name) for name in self.chance.sample(USERS, count)]

    def objects(self, count: int) -> list[RecipientKey]:
        return [RecipientKey(self.id, "teams", name) for name in self.chance.sample(OBJECTS, count)]

    async def _edit(self, keys: list[RecipientKey], value: object) -> None:
        await self.hub.batcher.submit(
            self.id, [Edit(key, uuid.uuid4(), [{"$set": {"n": value}}], TESTER) for key in keys]
        )

    async def edit_few(self) -> None:
        await self._edit([*self.users(2), *self.objects(1)], self.chance.random())

    async def edit_many(self) -> None:
        await self._edit([*self.users(6), *self.objects(3)], self.chance.random())

    async def repeat(self) -> None:
        await self._edit([*self.users(4), *self.objects(2)], 0)

    async def delete(self) -> None:
        await self.hub.recipients.bulk_delete(
            TESTER, self.id, [*self.users(self.chance.choice([0, 1, 4])), *self.objects(self.chance.choice([0, 1, 3]))]
        )

    async def _subscribe(self, parent: RecipientKey, keys: list[RecipientKey]) -> None:
        recipients = tuple(Recipient(key.object_type, key.recipient_id) for key in keys)
        await self.hub.subscriptions.create(TESTER, parent, SubscribeRequest(recipients, {}, []))

    async def subscribe(self) -> None:
        await self._subscribe(self.objects(1)[0], self.users(4))

    async def nest(self) -> None:
        parent, *children = self.objects(3)
        await self._subscribe(parent, children)

    async def unsubscribe(self) -> None:
        parent, child = self.objects(2)
        keys = [*self.users(4), child]
        await self.hub.subscriptions.delete(
            TESTER, parent, [Recipient(key.object_type, key.recipient_id) for key in keys]
        )

    async def event(self) -> None:
        for key in self.users(2):
            sent = IdentityEvent(
                key.recipient_id, uuid.uuid4(), [{"$set": {"n": 1}}], None, self.chance.choice(TENANTS), 0
            )
            await self.hub.events.apply_one(TESTER, self.workspace, sent, size_bytes=0)

    async def link(self) -> None:
        await self.hub.tenant_profiles.edit(
            TESTER, self.users(1)[0], self.chance.choice(TENANTS), [{"$set": {"n": self.chance.random()}}],
            tenancy=EXCLUSIVE, request=lambda _key: None, size_bytes=0,
        )  # fmt: skip

    async def unlink(self) -> None:
        await self.hub.tenant_profiles.unlink(TESTER, self.users(1)[0], self.chance.choice(TENANTS))

    async def replace_tenant(self) -> None:
        await self.hub.tenants.delete(TESTER, self.id, "acme")
        await self.hub.tenants.save(TESTER, self.id, "acme", TenantChange(tenant_name="acme"))

    async def merge(self) -> None:
        await self.hub.merging.merge(TESTER, *self.users(2))

    async def unmerge(self) -> None:
        primary = self.users(1)[0]
        async with self.hub.database.connection() as connection:
            former = await connection.fetchval(
                "SELECT recipient_id FROM tombstone WHERE merged_into = $1 LIMIT 1", primary.recipient_id
            )
        if former is not None:
            await self.hub.unmerging.unmerge(TESTER, primary, RecipientKey.user(self.id, former))

    async def rename(self) -> None:
        await self.hub.renaming.rename(TESTER, *self.users(2))

    async def members(self) -> None:
        change = self.chance.choice([self.hub.lists.add, self.hub.lists.remove])
        await change(TESTER, self.id, self.chance.choice(["a", "b"]), sorted(self.chance.sample(USERS, 5)))

    async def sync(self) -> None:
        draft = await self.hub.lists.start_sync(TESTER, self.id, "a")
        assert draft.version_id is not None
        version = ulid_text(draft.version_id)
        await self.hub.lists.add(TESTER, self.id, "a", sorted(self.chance.sample(USERS, 5)), version_id=version)
        await self.hub.lists.finish_sync(TESTER, self.id, "a", version)

    async def sweep(self) -> None:
        await sweep_dead_objects(self.hub.database)
        await self.hub.lists.sweep()
        await self.hub.tenants.sweep()


async def _deadlocks(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        await asyncio.sleep(1.1)  # backends report what they counted once a second
        return await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    finally:
        await connection.close()


async def test_whatever_happens_at_once_no_transaction_is_aborted(
    hub: Services, make_hub: Callable[[], Services], workspace_a: NewWorkspace, database_url: str
) -> None:
    """Two processes, each with several workers, for a few seconds."""
    workspace = Workspace(
        workspace_a.workspace_id, workspace_a.workspace_uid, workspace_a.workspace_key, workspace_a.name
    )
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '50ms'")
    await connection.close()
    for list_id in ("a", "b"):
        await hub.lists.save(TESTER, workspace.workspace_id, ListDefinition(list_id, None, None, None, None))
    for tenant_id in TENANTS:
        await hub.tenants.save(TESTER, workspace.workspace_id, tenant_id, TenantChange(tenant_name=tenant_id))
    other = make_hub()
    done: dict[str, int] = {}
    end = asyncio.get_running_loop().time() + SECONDS

    async def work(actions: Actions) -> None:
        while asyncio.get_running_loop().time() < end:
            action = actions.chance.choice(actions.all)
            try:
                await action()
            except DomainError:  # gone, refused, too late: whatever is true of that id by now
                continue
            done[action.__name__] = done.get(action.__name__, 0) + 1

    async with other.database:
        other.batcher.start()
        await asyncio.gather(
            *(work(Actions(each, workspace, random.Random(n))) for n in range(WORKERS) for each in (hub, other))
        )
        await other.batcher.stop()
    assert await _deadlocks(database_url) == 0
    assert len(done) >= len(Actions(hub, workspace, random.Random(0)).all) - 2, done  # hardly any was refused each time
    assert await hub.maintenance.check() == []
