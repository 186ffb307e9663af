"""`db check` finds every kind of damage and nothing else, `--fix` repairs it beside a writing hub, `db clean` forgets."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cast import TESTER
from suprsend_hub.api.bodies.subscriber_list import parse_definition
from suprsend_hub.domain.audit import HUB_WIDE
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.service.audit import AuditFilter
from suprsend_hub.service.maintenance import MaintenanceService
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import Edit, RejectedRecord

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

DAMAGE = {
    "a counter that is too high": ("UPDATE counter SET value = value + 5 WHERE name = 'users'", {"counters"}),
    "a counter that is gone": ("DELETE FROM counter WHERE name LIKE 'subscribers:%'", {"counters"}),
    "a counter of nothing": ("INSERT INTO counter VALUES (1, 3, 7, 'objects:ghosts', '')", {"counters"}),
    "a list's counter": ("UPDATE counter SET value = 0 WHERE name LIKE 'members:%'", {"counters"}),
    "a subscription lost at the subscriber's end": (
        "DELETE FROM subscribed_to WHERE subscriber_id = 'ada'",
        {"subscriptions_without_other_end"},
    ),
    "ends that name different subscriptions": (
        "UPDATE subscribed_to SET subscription_id = gen_random_uuid() WHERE subscriber_id = 'ada'",
        {"subscriptions_without_other_end"},
    ),
    "a subscription lost at the object's end": (
        "DELETE FROM subscription WHERE subscriber_id = 'ada'",
        {"subscribed_to_without_other_end", "counters"},
    ),
    "a subscriber who is nobody": (
        "DELETE FROM profile WHERE recipient_id = 'ada'",
        {"subscriptions_of_nobody", "members_who_are_nobody", "counters"},
    ),
    "an object that is gone": (
        "DELETE FROM profile WHERE object_type = 'teams'",
        {"subscriptions_of_nobody", "counters"},
    ),
    "a membership lost at the user's end": (
        "DELETE FROM list_membership WHERE distinct_id = 'ada'",
        {"members_without_other_end"},
    ),
    "a membership lost at the list's end": (
        "DELETE FROM list_member WHERE distinct_id = 'ada'",
        {"memberships_without_other_end", "counters"},
    ),
    "a version that nobody knows": (
        "UPDATE list SET live_version = gen_random_uuid()",
        {"forgotten_versions"},
    ),
    "a list deleted from under its draft": ("DELETE FROM list", {"drafts_of_no_list", "forgotten_versions"}),
    "addresses that are not the profile's": (
        "UPDATE profile SET addresses = '{1 other@example.com}' WHERE recipient_id = 'ada'",
        {"addresses"},
    ),
}
BEYOND_REPAIR = {
    "channels that are no channels": """UPDATE profile SET channels = '{"$email": 1}' WHERE recipient_id = 'ada'""",
    "a profile that is too large": """UPDATE profile SET properties = ('{"a":"' || repeat('x', 300000) || '"}')::json
                                      WHERE recipient_id = 'ada'""",
}


@pytest.fixture
async def filled(hub: Services, workspace_a: NewWorkspace, workspace_b: NewWorkspace) -> Services:
    """Users with addresses, an object with subscribers, a list with a draft, in two workspaces."""
    for workspace in (workspace_a, workspace_b):
        workspace_id = workspace.workspace_id
        for name in ("ada", "bo", "cy"):
            operations: list = [{"$append": {"$email": f"{name}@example.com"}}, {"$append": {"$sms": "+15555550100"}}]
            key = RecipientKey.user(workspace_id, name)
            await hub.batcher.submit(workspace_id, [Edit(key, uuid.uuid4(), operations, TESTER)])
        team = RecipientKey(workspace_id, "teams", "a/b:é")
        await hub.recipients.edit(TESTER, team, [])
        request = SubscribeRequest((Recipient("", "ada"), Recipient("", "bo")), {}, None)
        await hub.subscriptions.create(TESTER, team, request)
        await hub.lists.save(TESTER, workspace_id, parse_definition({"list_id": "news"}))
        await hub.lists.add(TESTER, workspace_id, "news", ["ada", "bo"])
        await hub.lists.start_sync(TESTER, workspace_id, "news")
    return hub


async def execute(hub: Services, statement: str) -> None:
    async with hub.database.connection() as connection:
        await connection.execute(statement)


async def kinds(hub: Services) -> set[str]:
    return {finding.check for finding in await hub.maintenance.check()}


async def sweep(hub: Services) -> None:
    while await hub.lists.sweep():
        pass


async def test_nothing_is_wrong_with_what_the_hub_wrote(filled: Services, workspace_a: NewWorkspace) -> None:
    """Neither after ordinary use, nor in the middle of a sweep, nor after everything has been deleted."""
    assert await filled.maintenance.check() == []
    workspace_id = workspace_a.workspace_id
    await filled.lists.delete(TESTER, workspace_id, "news")
    assert await filled.maintenance.check() == []
    await sweep(filled)
    await filled.recipients.delete(TESTER, RecipientKey.user(workspace_id, "ada"))
    await filled.recipients.delete(TESTER, RecipientKey(workspace_id, "teams", "a/b:é"))
    assert await filled.maintenance.check() == []


async def test_every_kind_of_damage_is_found_and_repaired(filled: Services) -> None:
    for name, (statement, found) in DAMAGE.items():
        await execute(filled, statement)
        assert await kinds(filled) == found, name
        await filled.maintenance.repair(TESTER)
        assert await filled.maintenance.check() == [], name
        await sweep(filled)
        assert await filled.maintenance.check() == [], name
        await restore(filled)


async def restore(hub: Services) -> None:
    """Bring back what the repair of a damage rightly removed: the next damage has to find something."""
    for workspace in await hub.workspaces.list_all():
        workspace_id = workspace.workspace_id
        await hub.recipients.edit(
            TESTER, RecipientKey.user(workspace_id, "ada"), [{"$append": {"$email": "ada@example.com"}}]
        )
        team = RecipientKey(workspace_id, "teams", "a/b:é")
        await hub.recipients.edit(TESTER, team, [])
        request = SubscribeRequest((Recipient("", "ada"), Recipient("", "bo")), {}, None)
        await hub.subscriptions.create(TESTER, team, request)
        await hub.lists.save(TESTER, workspace_id, parse_definition({"list_id": "news"}))
        await hub.lists.add(TESTER, workspace_id, "news", ["ada", "bo"])
        for draft in (await hub.lists.get(workspace_id, "news")).drafts:
            await hub.lists.delete_draft(TESTER, workspace_id, "news", ulid_text(draft.version_id))
        await hub.lists.start_sync(TESTER, workspace_id, "news")


async def test_what_a_repair_writes_is_what_was_lost(filled: Services, workspace_a: NewWorkspace) -> None:
    workspace_id = workspace_a.workspace_id
    async with filled.database.connection() as connection:
        found_by_address = await connection.fetchval("SELECT count(*) FROM profile WHERE addresses <> '{}'")
    for statement in (
        "DELETE FROM subscribed_to",
        "DELETE FROM list_membership",
        "UPDATE profile SET addresses = '{}'",
    ):
        await execute(filled, statement)
    await filled.maintenance.repair(TESTER)
    page = await filled.audit.page(HUB_WIDE, AuditFilter(action="database.repair"), limit=10)
    finished, begun = [json.loads(entry.detail) for entry in page.entries]
    assert begun == {"state": "begun"}
    assert finished == {"state": "finished", "relations": 8, "counters": 0, "addresses": found_by_address}
    async with filled.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subscribed_to") == 4
        assert await connection.fetchval("SELECT count(*) FROM list_membership") == 4
    assert await filled.recipients.find_by_address(workspace_id, "ADA@example.com") == ["ada"]


@pytest.mark.parametrize("damage", BEYOND_REPAIR)
async def test_what_cannot_be_repaired_is_named_and_left_alone(filled: Services, damage: str) -> None:
    await execute(filled, BEYOND_REPAIR[damage])
    await filled.maintenance.repair(TESTER)
    findings = await filled.maintenance.check()
    assert {finding.check for finding in findings} >= {"profiles"}
    assert {(finding.check, finding.repairable, finding.place) for finding in findings if not finding.repairable} == {
        ("profiles", False, "user [distinct_id: 'ada']")
    }


async def test_checks_and_repairs_beside_a_writing_hub_find_nothing_and_break_nothing(
    filled: Services, workspace_a: NewWorkspace
) -> None:
    """Users come and go, join and leave, while checks run; wrong counters are repaired in the middle of it."""
    workspace_id = workspace_a.workspace_id
    stop = asyncio.Event()
    team = RecipientKey(workspace_id, "teams", "a/b:é")

    async def write(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            name = f"u{writer}-{number % 7}"
            await filled.recipients.edit(TESTER, RecipientKey.user(workspace_id, name), [])
            await filled.subscriptions.create(TESTER, team, SubscribeRequest((Recipient("", name),), {}, None))
            await filled.lists.add(TESTER, workspace_id, "news", [name])
            if number % 3 == 0:
                await filled.recipients.delete(TESTER, RecipientKey.user(workspace_id, name))

    async def look() -> None:
        for round_ in range(6):
            assert await filled.maintenance.check() == [], round_
        for round_ in range(6):
            await execute(filled, f"UPDATE counter SET value = value + {round_ + 1} WHERE slot = 1")
            await filled.maintenance.repair(TESTER)
            assert await filled.maintenance.check() == [], round_

    writers = [asyncio.create_task(write(number)) for number in range(3)]
    try:
        async with asyncio.timeout(60):
            await look()
    finally:
        stop.set()
        await asyncio.gather(*writers)
    assert await filled.maintenance.check() == []


def at(hub: Services, days: int) -> MaintenanceService:
    """The service as it will be some days from now."""
    return MaintenanceService(hub.database, hub.audit, now=lambda: datetime.now(UTC) + timedelta(days=days))


async def history(hub: Services, workspace_id: int, name: str) -> Sequence[object]:
    return await hub.recipients.history(RecipientKey.user(workspace_id, name))


async def test_cleaning_deletes_by_age_alone(filled: Services, workspace_a: NewWorkspace) -> None:
    workspace_id = workspace_a.workspace_id
    nobody = RecipientKey.user(workspace_id, "")
    await filled.batcher.submit(workspace_id, [], [RejectedRecord(nobody, "invalid", "no", {}, TESTER)])
    early = await at(filled, 9).clean(TESTER, history_days=10, rejected_days=10, audit_days=365)
    assert (early.history, early.rejected) == (0, 0)
    assert len(await history(filled, workspace_id, "ada")) == 1
    only_rejected = await at(filled, 11).clean(TESTER, history_days=20, rejected_days=10, audit_days=365)
    assert (only_rejected.history, only_rejected.rejected) == (0, 1)
    assert (await at(filled, 11).clean(TESTER, history_days=10, rejected_days=10, audit_days=365)).history == 8
    assert await history(filled, workspace_id, "ada") == []
    assert (await filled.recipients.get(RecipientKey.user(workspace_id, "ada"))).channels != "{}"
    assert await filled.maintenance.check() == []


async def test_cleaning_takes_as_many_small_steps_as_it_needs(
    filled: Services, workspace_a: NewWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id = workspace_a.workspace_id
    nobody = RecipientKey.user(workspace_id, "")
    await filled.batcher.submit(workspace_id, [], [RejectedRecord(nobody, "invalid", "no", {}, TESTER)] * 7)
    monkeypatch.setattr("suprsend_hub.service.maintenance.CLEAN_STEP", 3)
    cleaned = await at(filled, 2).clean(TESTER, history_days=1, rejected_days=1, audit_days=365)
    assert (cleaned.history, cleaned.rejected) == (8, 7)
