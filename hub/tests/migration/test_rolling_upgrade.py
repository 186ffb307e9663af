"""A rolling upgrade, seen by the previous release, which is this code: it works on while a newer release's pre steps run
and afterwards, and says that it is too old once a post step has run.
"""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cast import TESTER
from pre_step_lint import complaints
from releases import Post, Pre, following, release
from suprsend_hub.api.bodies.subscriber_list import parse_definition
from suprsend_hub.api.bodies.subscription import parse_subscribe
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import Conflict, NotFound
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscription import Recipient
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import FAST_PATH_EDITS, Edit, Outcome, Writer
from suprsend_hub.service.writing.batch import Batch
from suprsend_hub.store.migrate import migrate
from suprsend_hub.store.schema_version import HEAD

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

MakeHub = Callable[[], Services]

_GROWING_TABLES = [  # in the order in which the hub locks them, so that no deadlock decides a test
    "workspace", "api_key", "idempotency_key", "history", "profile", "list", "list_draft", "list_member", "list_membership",
    "dead_list_version", "dead_object", "subscription", "subscribed_to", "audit", "counter", "rejected",
]  # fmt: skip
PRE = Pre(
    "".join(
        f"ALTER TABLE {table} ADD COLUMN added_text text NOT NULL DEFAULT 'none';\n"
        f"ALTER TABLE {table} ADD COLUMN added_json json;\n"
        for table in _GROWING_TABLES
    )
    + "CREATE TABLE profile_note (workspace_id integer, recipient_id text, note text NOT NULL);\n"
    "CREATE INDEX profile_by_update ON profile ((workspace_id::bigint), object_type, updated_at);\n"
    "CREATE INDEX history_by_edit ON history ((workspace_id::bigint), edit_id);\n"
)
POST = Post("ALTER TABLE profile DROP COLUMN addresses")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of the next release: every table grows, and in the end a column of profiles goes."""
    return release(tmp_path, PRE, POST)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many profiles each batch had that was written the fast path."""
    written: list[int] = []
    write_fast = Writer._write_fast

    async def write(self: Writer, connection: object, batch: Batch) -> None:
        await write_fast(self, connection, batch)
        written.append(len(batch.groups))

    monkeypatch.setattr(Writer, "_write_fast", write)
    return written


async def schema_check(hub: Services) -> tuple[bool, str]:
    report = await hub.health.check()
    return report.ready, report.checks["schema"]


class Work:
    """Some of everything that a hub does, with what should come of it. Names begin with `prefix`."""

    def __init__(self, hub: Services, workspace_id: int, prefix: str) -> None:
        self.hub, self.workspace_id, self.prefix = hub, workspace_id, prefix

    async def all(self) -> None:
        await self.small_edits()
        await self.large_batches()
        await self.reads()
        await self.lists()
        await self.subscriptions()
        await self.care()

    def user(self, name: str) -> RecipientKey:
        return RecipientKey.user(self.workspace_id, f"{self.prefix}-{name}")

    def edit(self, name: str, *operations: object) -> Edit:
        return Edit(self.user(name), uuid.uuid4(), list(operations), TESTER)

    async def submit(self, *edits: Edit) -> list[tuple[str, object]]:
        """What became of each edit, and the property `n` that its profile has now."""
        outcomes: list[Outcome] = await self.hub.batcher.submit(self.workspace_id, edits)
        assert all(outcome.profile is not None for outcome in outcomes)
        return [(each.status.value, msgspec.json.decode(each.profile.properties)["n"]) for each in outcomes]

    async def small_edits(self) -> None:
        """A new user, the same one again, an edit that is sent twice, and one that is refused in part."""
        ada = self.edit("ada", {"$set": {"n": 1}}, {"$append": {"$email": f"{self.prefix}@example.com"}})
        assert await self.submit(ada) == [("applied", 1)]
        assert await self.submit(self.edit("ada", {"$add": {"n": 1}})) == [("applied", 2)]
        assert await self.submit(ada, self.edit("ada", {"$add": {"n": 1}})) == [("duplicate", 3), ("applied", 3)]
        in_part = self.edit("ada", {"$add": {"n": 0}}, {"$append": {"$email": "no address"}})
        assert await self.submit(in_part) == [("applied", 3)]

    async def large_batches(self) -> None:
        """New users, the same ones again, all of it sent twice, and all kinds in one batch: by COPY and by INSERT."""
        names = [f"user-{number:03d}" for number in range(2 * FAST_PATH_EDITS)]
        first = [self.edit(name, {"$add": {"n": 1}}) for name in names]
        second = [self.edit(name, {"$add": {"n": 1}}) for name in names]
        assert await self.submit(*first) == [("applied", 1)] * len(names)
        assert await self.submit(*second) == [("applied", 2)] * len(names)
        assert await self.submit(*second) == [("duplicate", 2)] * len(names)
        more = [self.edit(f"more-{number:03d}", {"$add": {"n": 1}}) for number in range(FAST_PATH_EDITS)]
        third = [self.edit(name, {"$add": {"n": 1}}) for name in names[:FAST_PATH_EDITS]]
        expected = [("duplicate", 2)] * FAST_PATH_EDITS + [("applied", 3), ("applied", 1)] * FAST_PATH_EDITS
        mixed = [edit for pair in zip(third, more, strict=True) for edit in pair]
        assert await self.submit(*second[FAST_PATH_EDITS:], *mixed) == expected

    async def reads(self) -> None:
        recipients = self.hub.recipients
        assert '"n":3' in (await recipients.get(self.user("ada"))).properties
        assert len(await recipients.history(self.user("ada"))) == 4
        assert await recipients.find_by_address(self.workspace_id, f"{self.prefix}@example.com") == [
            self.user("ada").recipient_id
        ]
        found = await recipients.search(self.workspace_id, f"{self.prefix}-more", PageRequest(limit=1000))
        assert found.count == len(found.rows) == FAST_PATH_EDITS
        newest = await recipients.page(self.workspace_id, PageRequest(limit=1))
        assert newest.rows[0].key == self.user(f"more-{FAST_PATH_EDITS - 1:03d}")
        [refused] = await self.hub.rejected.page_of_user(self.workspace_id, self.user("ada").recipient_id)
        assert refused.property_key == "$email"

    async def lists(self) -> None:
        """A list with members, replaced by a draft, swept, and deleted."""
        lists, list_id = self.hub.lists, f"{self.prefix}-news"
        first, second = sorted(self.user(name).recipient_id for name in ("user-001", "user-002"))
        await lists.save(TESTER, self.workspace_id, parse_definition({"list_id": list_id}))
        assert await lists.add(TESTER, self.workspace_id, list_id, [first, second]) == 2
        draft = await lists.start_sync(TESTER, self.workspace_id, list_id)
        assert draft.version_id is not None
        version = ulid_text(draft.version_id)
        assert await lists.add(TESTER, self.workspace_id, list_id, [first], version_id=version) == 1
        await lists.finish_sync(TESTER, self.workspace_id, list_id, version)
        members = await lists.page_members(self.workspace_id, list_id, PageRequest(), order=Direction.OLDEST_FIRST)
        assert [member.distinct_id for member in members.rows] == [first]
        assert (await lists.page_of_user(self.workspace_id, first, PageRequest())).count == 1
        while await lists.sweep():
            pass
        await lists.delete(TESTER, self.workspace_id, list_id)

    async def subscriptions(self) -> None:
        """Subscribers of an object, old and new, one of whom leaves; the other one is deleted."""
        team = RecipientKey(self.workspace_id, "teams", self.prefix)
        one, two = self.user("user-001"), self.user("subscriber")
        await self.hub.recipients.edit(TESTER, team, [])
        request = parse_subscribe({"recipients": [one.recipient_id, {"distinct_id": two.recipient_id, "role": "dev"}]})
        assert len(await self.hub.subscriptions.create(TESTER, team, request)) == 2
        assert (await self.hub.subscriptions.page(team, PageRequest())).count == 2
        assert (await self.hub.subscriptions.page_of_subscriber(two, PageRequest())).count == 1
        await self.hub.subscriptions.delete(TESTER, team, [Recipient("", one.recipient_id)])
        await self.hub.recipients.delete(TESTER, two)
        assert (await self.hub.subscriptions.page(team, PageRequest())).count == 0
        with pytest.raises(NotFound):
            await self.hub.recipients.get(two)

    async def care(self) -> None:
        """What the operator's commands do: make a workspace, check everything, clean."""
        created = await self.hub.workspaces.create(TESTER, f"workspace {self.prefix}")
        assert created.name in [workspace.name for workspace in await self.hub.workspaces.list_all()]
        assert await self.hub.maintenance.check() == []
        await self.hub.maintenance.repair(TESTER)
        await self.hub.maintenance.clean(TESTER, history_days=90, rejected_days=30, audit_days=365)


async def test_old_hubs_work_on_after_the_pre_steps_until_the_post_steps_and_say_so(
    hub: Services, make_hub: MakeHub, workspace_a: NewWorkspace, database_url: str, newer: Path, fast: list[int]
) -> None:
    """One that has been at work since before, with its statements prepared, and one that starts now."""
    workspace_id = workspace_a.workspace_id
    await Work(hub, workspace_id, "before").all()
    assert (await migrate(database_url, folder=newer)).revision == following(1)

    assert await schema_check(hub) == (True, "ok")
    await Work(hub, workspace_id, "after").all()
    started = make_hub()
    async with started.database:
        started.batcher.start()
        assert await schema_check(started) == (True, "ok")
        await Work(started, workspace_id, "started").all()
        await started.batcher.stop()
    assert fast == [2 * FAST_PATH_EDITS] * 6  # the new and the existing ones, by three hubs
    again = await migrate(database_url)
    assert (again.revision, again.is_newer, again.post_steps_wait) == (following(1), True, False)
    assert await migrate(database_url, post=True) == again

    await migrate(database_url, post=True, folder=newer)
    ready, why = await schema_check(hub)
    assert not ready
    assert why == (
        f"is at {following(2)} and belongs to a newer release; this one, which knows {HEAD}, is too old for it: "
        "upgrade the hub"
    )
    with pytest.raises(Conflict, match=r"this one, .* is too old for it: upgrade the hub"):
        await migrate(database_url)
    assert (await migrate(database_url, folder=newer)).revision == following(2)


async def test_old_hubs_write_while_the_pre_steps_run(
    hub: Services, workspace_a: NewWorkspace, database_url: str, newer: Path
) -> None:
    """Every edit that is sent meanwhile is applied, once."""
    work = Work(hub, workspace_a.workspace_id, "meanwhile")
    names = [f"user-{number:03d}" for number in range(FAST_PATH_EDITS)]
    under_way, migrated = asyncio.Event(), asyncio.Event()
    rounds = 0

    async def write() -> None:
        nonlocal rounds
        while not migrated.is_set():
            await asyncio.gather(
                work.submit(*(work.edit(name, {"$add": {"n": 1}}) for name in names)),
                work.submit(work.edit(names[0], {"$add": {"n": 1}})),
            )
            rounds += 1
            under_way.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await under_way.wait()
        await migrate(database_url, folder=newer)
        migrated.set()
    assert rounds > 1
    assert await work.submit(work.edit(names[0], {"$add": {"n": 0}})) == [("applied", 2 * rounds)]
    assert await work.submit(work.edit(names[1], {"$add": {"n": 0}})) == [("applied", rounds)]
    assert await hub.maintenance.check() == []


async def test_a_schema_that_is_too_old_is_not_ready(hub: Services, database_url: str) -> None:
    async with hub.database.connection() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '0004'; DROP TABLE schema_support")
    assert await schema_check(hub) == (False, f"is at 0004, needs {HEAD}: run `suprsend-hub db migrate`")
    async with hub.database.connection() as connection:
        await connection.execute("DROP TABLE alembic_version")
    assert await schema_check(hub) == (False, f"is at nothing, needs {HEAD}: run `suprsend-hub db migrate`")


def test_the_pre_step_of_these_tests_is_one_that_a_release_may_bring(postgres_version: int) -> None:
    assert complaints(PRE.sql) == []
