"""Random use of two workspaces, against a model in plain Python: merges, reversals, renames, edits and choices for tenants,
deletions of users and tenants, subscriptions and memberships. After each step, all that is stored is what the model says.
"""

import random
import uuid
from typing import Any

import msgspec
import pytest
from cast import TESTER
from directory_model import GLOBAL, Content, Doc, Model
from suprsend_hub.domain.choices import RestrictChannels, of_text
from suprsend_hub.domain.errors import Conflict, NotFound
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.merging import AFTER_MERGE, ALIAS
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.service.credentials import Workspace
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import Edit

pytestmark = pytest.mark.anyio

NAMES = [f"user-{n}" for n in range(5)]
TEAMS = ["core", "crew"]
TENANTS = ["acme", "globex"]
LIST = "news"
CHANNELS = [Channel.EMAIL, Channel.SMS]
STEPS = 80


class Directory:
    """A workspace of the hub, with its model. Both have the same names, so that a mix-up shows."""

    def __init__(self, hub: Services, workspace: Workspace, chance: random.Random, *, makes_alias: bool) -> None:
        self.hub, self.workspace, self.chance = hub, workspace, chance
        self.model = Model(makes_alias=makes_alias)
        self.model.groups = {name: set() for name in (*TEAMS, LIST)}

    def user(self, name: str) -> RecipientKey:
        return RecipientKey.user(self.workspace.workspace_id, name)

    def team(self, name: str) -> RecipientKey:
        return RecipientKey(self.workspace.workspace_id, "teams", name)

    async def prepare(self) -> None:
        await self.hub.lists.save(TESTER, self.workspace.workspace_id, ListDefinition(LIST, None, None, None, None))
        edits = [Edit(self.team(name), uuid.uuid4(), [{"$set": {"n": 1}}], TESTER) for name in TEAMS]
        await self.hub.batcher.submit(self.workspace.workspace_id, edits)

    async def step(self) -> None:
        """Do one thing, which succeeds exactly if the model says so."""
        steps = [
            self.edit, self.edit, self.edit, self.choose, self.choose, self.choose, self.merge, self.unmerge, self.unmerge, self.rename,
            self.delete, self.subscribe, self.add_to_list, self.unlink, self.change_tenant,
        ]  # fmt: skip
        name, other = self.chance.sample(NAMES, 2)
        await self.chance.choice(steps)(name, other)

    def some_tenant(self) -> str | None:
        return self.chance.choice([None, None, *TENANTS])

    async def edit(self, name: str, _other: str) -> None:
        """An event; it creates the user whom it names, unless the tenant is unknown."""
        key, value, tenant = self.chance.choice("abc"), self.chance.randrange(3), self.some_tenant()
        email = f"{name}-{tenant}@a.example"
        operations = [{"$set": {key: value}}, {"$append": {"$email": email}}]
        event = IdentityEvent(name, uuid.uuid4(), operations, None, tenant, 0)
        applying = self.hub.events.apply_one(TESTER, self.workspace, event, size_bytes=0)
        if tenant is not None and tenant not in self.model.tenants:
            await expect(applying, False)
            return
        outcome = await applying
        assert outcome.error is None
        assert outcome.profile is not None
        assert outcome.profile.key.recipient_id == self.model.reach(name)
        content = self.model.doc(name, self.model.tenants[tenant] if tenant else GLOBAL).content
        self.model.doc(name)
        content.properties[key] = value
        if email not in content.emails:
            content.emails.append(email)

    async def choose(self, name: str, _other: str) -> None:
        """A choice for a channel needs its user and its tenant."""
        channel, restricted, tenant = self.chance.choice(CHANNELS), self.chance.random() < 0.5, self.some_tenant()
        exists = self.model.reach(name) in self.model.users and (tenant is None or tenant in self.model.tenants)

        async def call() -> None:
            view = await self.hub.preferences.tenant_view(self.workspace.workspace_id, tenant)
            await self.hub.preferences.choose(TESTER, self.user(name), [RestrictChannels({channel: restricted})], view)

        await expect(call(), exists)
        if exists:
            number = self.model.tenants[tenant] if tenant else GLOBAL
            self.model.doc(name, number, linked=False).content.choices[channel.value] = restricted

    async def merge(self, name: str, other: str) -> None:
        both = {name, other} <= self.model.users.keys()
        await expect(self.hub.merging.merge(TESTER, self.user(name), self.user(other)), both)
        if both:
            self.model.merge(name, other)

    async def unmerge(self, name: str, other: str) -> None:
        """Take back a merge that there was, more often than not."""
        if self.model.merges and self.chance.random() < 0.7:
            other = self.chance.choice(list(self.model.merges))
            name = self.model.merges[other].primary
        possible, before = self.model.can_unmerge(name, other), self.groups_of(name)
        await expect(self.hub.unmerging.unmerge(TESTER, self.user(name), self.user(other)), possible)
        if not possible:
            return
        were = self.model.merges[other].groups
        self.model.unmerge(name, other)
        stored = await self.stored_groups()
        assert {group for group, names in stored.items() if other in names} == were
        kept = {group for group, names in stored.items() if name in names}
        assert before - were <= kept <= before
        self.model.groups = stored

    async def rename(self, name: str, other: str) -> None:
        possible = self.model.can_rename(name, other)
        await expect(self.hub.renaming.rename(TESTER, self.user(name), self.user(other)), possible)
        if possible:
            self.model.rename(name, other)

    async def delete(self, name: str, _other: str) -> None:
        await expect(self.hub.recipients.delete(TESTER, self.user(name)), name in self.model.users)
        if name in self.model.users:
            self.model.end(name)

    async def subscribe(self, name: str, _other: str) -> None:
        """Creates the user, or follows an alias."""
        team = self.chance.choice(TEAMS)
        request = SubscribeRequest((Recipient("", name),), {}, None)
        await self.hub.subscriptions.create(TESTER, self.team(team), request)
        self.model.doc(name)
        self.model.groups[team].add(self.model.reach(name))

    async def add_to_list(self, name: str, _other: str) -> None:
        """Skips ids that no user has."""
        await self.hub.lists.add(TESTER, self.workspace.workspace_id, LIST, [name])
        if name in self.model.users:
            self.model.groups[LIST].add(name)

    async def unlink(self, name: str, _other: str) -> None:
        tenant = self.chance.choice(TENANTS)
        linked = tenant in self.model.tenants and self.model.unlink(name, self.model.tenants[tenant])
        await expect(self.hub.tenant_profiles.unlink(TESTER, self.user(name), tenant), linked)

    async def change_tenant(self, _name: str, _other: str) -> None:
        """Create a tenant, or rarely delete one; a tenant that is created again begins empty."""
        tenant, workspace_id = self.chance.choice(TENANTS), self.workspace.workspace_id
        if self.chance.random() < 0.3:
            exists = tenant in self.model.tenants
            await expect(self.hub.tenants.delete(TESTER, workspace_id, tenant), exists)
            if exists:
                self.model.end_tenant(tenant)
        else:
            row = await self.hub.tenants.save(TESTER, workspace_id, tenant, TenantChange(tenant_name=tenant))
            self.model.tenants[tenant] = row.tenant_no

    def groups_of(self, name: str) -> set[str]:
        return {group for group, names in self.model.groups.items() if name in names}

    async def check(self) -> None:
        """Compare all that is stored with the model."""
        assert await self.stored_users() == self.model.users
        assert await self.stored_groups() == self.model.groups
        workspace_id = self.workspace.workspace_id
        aliases = await self.fetch("SELECT alias_id, recipient_id FROM alias WHERE workspace_id = $1")
        assert dict(map(tuple, aliases)) == self.model.aliases
        assert (await self.hub.recipients.page(workspace_id, PageRequest())).count == len(self.model.users)
        links = self.model.links()
        for tenant, number in self.model.tenants.items():
            page = await self.hub.tenant_profiles.page_of_tenant(workspace_id, tenant, PageRequest(limit=100))
            assert (page.count, len(page.rows)) == (links[number], links[number])

    async def stored_users(self) -> dict[str, dict[int, Doc]]:
        """Read all profiles of users, without those of tenants that are gone, which wait for the sweeper."""
        rows = await self.fetch(
            "SELECT recipient_id, tenant_no, linked, properties, channels, preferences FROM profile "
            "WHERE workspace_id = $1 AND object_type = ''"
        )
        found: dict[str, dict[int, Doc]] = {}
        for row in rows:
            if row["tenant_no"] in {GLOBAL, *self.model.tenants.values()}:
                emails = [each["value"] for each in msgspec.json.decode(row["channels"]).get("$email", [])]
                chosen = {channel.value: value for channel, value in of_text(row["preferences"]).restricted.items()}
                content = Content(msgspec.json.decode(row["properties"]), emails, chosen)
                found.setdefault(row["recipient_id"], {})[row["tenant_no"]] = Doc(content, row["linked"])
        return found

    async def stored_groups(self) -> dict[str, set[str]]:
        """Read subscribers and members; counts agree with them."""
        found = {}
        for name in TEAMS:
            page = await self.hub.subscriptions.page(self.team(name), PageRequest(limit=100))
            found[name] = {view.subscription.subscriber.recipient_id for view in page.rows}
            assert page.count == len(found[name])
        members = await self.hub.lists.page_members(self.workspace.workspace_id, LIST, PageRequest(limit=100))
        found[LIST] = {row.distinct_id for row in members.rows}
        assert members.count == len(found[LIST])
        return found

    async def fetch(self, statement: str) -> list[Any]:
        async with self.hub.database.connection() as connection:
            return await connection.fetch(statement, self.workspace.workspace_id)


async def expect(call: Any, succeeds: bool) -> None:
    if succeeds:
        await call
    else:
        with pytest.raises((NotFound, Conflict)):
            await call


async def start(hub: Services, name: str, after_merge: str, chance: random.Random) -> Directory:
    made = await hub.workspaces.create(TESTER, name)
    await hub.workspaces.set_after_merge(TESTER, name, after_merge)
    workspace = Workspace(made.workspace_id, made.workspace_uid, made.workspace_key, name)
    directory = Directory(hub, workspace, chance, makes_alias=after_merge == ALIAS)
    await directory.prepare()
    return directory


@pytest.mark.parametrize("postgres_version", [16, 18])
@pytest.mark.parametrize("after_merge", AFTER_MERGE)
@pytest.mark.parametrize("seed", range(4))
async def test_random_use_leaves_every_promise_kept(hub: Services, after_merge: str, seed: int) -> None:
    chance = random.Random(seed)
    directories = [await start(hub, name, after_merge, chance) for name in ("shop", "bank")]
    for _ in range(STEPS):
        await chance.choice(directories).step()
        for each in directories:
            await each.check()
    while await sweep_dead_objects(hub.database):
        pass
    assert await hub.maintenance.check() == []
    async with hub.database.connection() as connection:
        ends = await connection.fetch(
            "SELECT a.alias_id FROM alias AS a LEFT JOIN former_id AS f ON f.workspace_id = a.workspace_id "
            "AND f.recipient_id = a.recipient_id AND f.former_id = a.alias_id WHERE f.former_id IS NULL "
            "UNION ALL SELECT t.recipient_id FROM tombstone AS t LEFT JOIN former_id AS f "
            "ON f.workspace_id = t.workspace_id AND f.recipient_id = t.merged_into AND f.former_id = t.recipient_id "
            "WHERE f.former_id IS NULL "
            "UNION ALL SELECT f.former_id FROM former_id AS f WHERE NOT EXISTS "
            "(SELECT FROM alias AS a WHERE a.workspace_id = f.workspace_id AND a.alias_id = f.former_id "
            "AND a.recipient_id = f.recipient_id) AND NOT EXISTS "
            "(SELECT FROM tombstone AS t WHERE t.workspace_id = f.workspace_id AND t.recipient_id = f.former_id "
            "AND t.merged_into = f.recipient_id)"
        )
    assert ends == []
