"""Random merges, reversals, renames, edits, deletions and subscriptions, against a model that only knows who is who."""

import random
import uuid

import pytest
from cast import TESTER
from suprsend_hub.domain.errors import Conflict, NotFound
from suprsend_hub.domain.merging import AFTER_MERGE, ALIAS
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import Edit

pytestmark = pytest.mark.anyio

NAMES = [f"user-{n}" for n in range(6)]
TEAMS = [RecipientKey(1, "teams", name) for name in ("core", "crew")]
STEPS = 70


def user(name: str) -> RecipientKey:
    return RecipientKey.user(1, name)


class Model:
    """The users that exist, and where the ids lead that lead anywhere."""

    def __init__(self) -> None:
        self.users: set[str] = set()
        self.aliases: dict[str, str] = {}

    def reach(self, name: str) -> str:
        """The user that an edit for the id reaches or creates."""
        return name if name in self.users else self.aliases.get(name, name)

    def end(self, name: str) -> None:
        self.users.discard(name)
        self.aliases = {old: new for old, new in self.aliases.items() if new != name}

    def replace(self, old: str, new: str, *, makes_alias: bool) -> None:
        self.users = (self.users - {old}) | {new}
        self.aliases = {each: new if to == old else to for each, to in self.aliases.items()}
        self.aliases.pop(new, None)
        if makes_alias:
            self.aliases[old] = new


async def step(hub: Services, model: Model, chance: random.Random, *, makes_alias: bool) -> None:
    """Do one thing, which succeeds exactly if the model says so, except for reversals, which the hub may refuse."""
    name, other = chance.sample(NAMES, 2)
    match chance.randrange(8):
        case 0 | 1:
            operations = [
                {"$set": {chance.choice("abc"): chance.randrange(3)}},
                {"$append": {"$email": f"{name}@a.example"}},
            ]
            [outcome] = await hub.batcher.submit(1, [Edit(user(name), uuid.uuid4(), operations, TESTER)])
            model.users.add(model.reach(name))
            assert outcome.profile is not None
            assert outcome.profile.key == user(model.reach(name))
        case 2:
            await expect(hub.merging.merge(TESTER, user(name), user(other)), {name, other} <= model.users)
            if {name, other} <= model.users:
                model.replace(other, name, makes_alias=makes_alias)
        case 3:
            try:
                await hub.unmerging.unmerge(TESTER, user(name), user(other))
            except (NotFound, Conflict):
                return
            assert name in model.users
            assert other not in model.users
            model.aliases.pop(other, None)
            model.users.add(other)
            await resync(hub, model)
        case 4:
            free = other not in model.users and model.aliases.get(other, name) == name
            await expect(hub.renaming.rename(TESTER, user(name), user(other)), name in model.users and free)
            if name in model.users and free:
                model.replace(name, other, makes_alias=True)
        case 5:
            await expect(hub.recipients.delete(TESTER, user(name)), name in model.users)
            model.end(name)
        case 6:
            request = SubscribeRequest((Recipient("", name),), {}, None)
            await hub.subscriptions.create(TESTER, chance.choice(TEAMS), request)
            model.users.add(model.reach(name))
        case _:
            await hub.lists.add(TESTER, 1, "news", [name])


async def resync(hub: Services, model: Model) -> None:
    """After a reversal, aliases of the restored user lead there again; the table says which these are."""
    async with hub.database.connection() as connection:
        records = await connection.fetch("SELECT alias_id, recipient_id FROM alias")
    assert {record[1] for record in records} <= model.users
    model.aliases = dict(map(tuple, records))


async def expect(call: object, succeeds: bool) -> None:
    if succeeds:
        await call  # type: ignore[misc]
    else:
        with pytest.raises((NotFound, Conflict)):
            await call  # type: ignore[misc]


@pytest.mark.parametrize("postgres_version", [16, 18])
@pytest.mark.parametrize("after_merge", AFTER_MERGE)
@pytest.mark.parametrize("seed", range(4))
async def test_random_use_leaves_every_promise_kept(hub: Services, after_merge: str, seed: int) -> None:
    await hub.workspaces.create(TESTER, "shop")
    await hub.workspaces.set_after_merge(TESTER, "shop", after_merge)
    await hub.lists.save(TESTER, 1, ListDefinition("news", None, None, None, None))
    await hub.batcher.submit(1, [Edit(key, uuid.uuid4(), [{"$set": {"n": 1}}], TESTER) for key in TEAMS])
    model, chance = Model(), random.Random(seed)
    for _ in range(STEPS):
        await step(hub, model, chance, makes_alias=after_merge == ALIAS)
        page = await hub.recipients.page(1, PageRequest(limit=100))
        assert {row.key.recipient_id for row in page.rows} == model.users
        assert page.count == len(model.users)
    while await sweep_dead_objects(hub.database):
        pass
    assert await hub.maintenance.check() == []
    async with hub.database.connection() as connection:
        ends = await connection.fetch(
            "SELECT a.alias_id FROM alias AS a LEFT JOIN former_id AS f ON f.recipient_id = a.recipient_id "
            "AND f.former_id = a.alias_id WHERE f.former_id IS NULL "
            "UNION ALL SELECT t.recipient_id FROM tombstone AS t LEFT JOIN former_id AS f "
            "ON f.recipient_id = t.merged_into AND f.former_id = t.recipient_id WHERE f.former_id IS NULL "
            "UNION ALL SELECT f.former_id FROM former_id AS f WHERE NOT EXISTS "
            "(SELECT FROM alias AS a WHERE a.alias_id = f.former_id AND a.recipient_id = f.recipient_id) AND NOT EXISTS "
            "(SELECT FROM tombstone AS t WHERE t.recipient_id = f.former_id AND t.merged_into = f.recipient_id)"
        )
    assert ends == []
