"""A deleted workspace leaves nothing behind, whatever interrupts its deletion and whatever is still written."""

import uuid
from collections import Counter
from datetime import timedelta

import asyncpg
import pytest
from cast import TESTER
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.errors import Conflict, NotFound
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscriber_list import ListDefinition
from suprsend_hub.domain.subscription import Recipient, SubscribeRequest
from suprsend_hub.service import workspace_deletion as deletion_service
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import Edit, RejectedRecord, RequestKey
from suprsend_hub.store import workspace_deletion

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

NOW = timedelta(0)


async def fill(hub: Services, workspace: NewWorkspace) -> None:
    """Put rows of a workspace into every table that has any."""
    id_ = workspace.workspace_id
    users = [RecipientKey.user(id_, f"user-{number}") for number in range(5)]
    team, gone = RecipientKey(id_, "teams", "core"), RecipientKey(id_, "teams", "gone")
    for key in (*users, team, gone):
        request = RequestKey(uuid.uuid4(), b"digest")
        edit = Edit(key, request.key, [{"$set": {"n": 1}}], TESTER, request=request)
        await hub.batcher.submit(id_, [edit], [RejectedRecord(key, "invalid_event", "no", {}, TESTER)])
    subscribers = tuple(Recipient("", key.recipient_id) for key in users)
    for parent in (team, gone):
        await hub.subscriptions.create(TESTER, parent, SubscribeRequest(subscribers, {}, None))
    await hub.lists.save(TESTER, id_, ListDefinition("news", None, None, None, None))
    await hub.lists.add(TESTER, id_, "news", [key.recipient_id for key in users])
    await hub.lists.start_sync(TESTER, id_, "news")
    await hub.recipients.delete(TESTER, gone)
    async with hub.database.connection() as connection:
        for statement in (
            "INSERT INTO tenant VALUES ($1, 2, now(), now(), 'acme', 'Acme', '{}', '{}', '{}')",
            "INSERT INTO dead_tenant VALUES ($1, 3, now())",
            "INSERT INTO category_document VALUES ($1, 1, now(), 'first', 'hash', '{}')",
            "INSERT INTO category_translation VALUES ($1, 'de', now(), '{}')",
            "INSERT INTO alias VALUES ($1, '', 'old', 'user-1', now())",
            "INSERT INTO former_id VALUES ($1, '', 'user-1', 'merged')",
            "INSERT INTO tombstone VALUES ($1, '', 'merged', 'user-1', gen_random_uuid(), now(), '{}')",
        ):
            await connection.execute(statement, id_)
    await hub.console_users.create(TESTER, f"user of {workspace.name}", None)
    await hub.console_users.grant(TESTER, f"user of {workspace.name}", workspace.name, Role.VIEWER)


async def rows(database_url: str, workspace_id: int) -> Counter[str]:
    """How many rows each table has of a workspace."""
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'workspace_id' AND table_schema = 'public'"
    )
    found = Counter[str]()
    for (table,) in tables:
        found[table] = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_id = $1", workspace_id)
    await connection.close()
    return found


async def test_every_table_with_rows_of_workspaces_is_emptied(hub: Services, database_url: str) -> None:
    """A new table needs a statement, or a reference that deletes its rows with the workspace."""
    known = {"workspace", *workspace_deletion.TABLES, *workspace_deletion.WITH_THE_WORKSPACE}
    assert set(await rows(database_url, 1)) == known


async def test_nothing_of_a_deleted_workspace_is_left_and_others_are_not_touched(
    hub: Services,
    database_url: str,
    workspace_a: NewWorkspace,
    workspace_b: NewWorkspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletion_service, "STEP_ROWS", 2)
    await fill(hub, workspace_a)
    await fill(hub, workspace_b)
    before = await rows(database_url, workspace_b.workspace_id)
    filled = await rows(database_url, workspace_a.workspace_id)
    assert {table for table, count in filled.items() if not count} <= {"dead_list_version"}
    said = [each async for each in hub.workspace_deletion.delete(TESTER, "workspace A", last_write=NOW)]
    assert "profile: 4 rows so far" in said
    assert +await rows(database_url, workspace_a.workspace_id) == Counter()
    assert await rows(database_url, workspace_b.workspace_id) == before
    with pytest.raises(NotFound):
        await hub.workspaces.get("workspace A")
    assert (await hub.workspaces.create(TESTER, "workspace A")).workspace_id != workspace_a.workspace_id


async def test_an_interrupted_deletion_goes_on_and_cannot_be_taken_back(
    hub: Services, database_url: str, workspace_a: NewWorkspace
) -> None:
    await fill(hub, workspace_a)
    deleting = hub.workspace_deletion.delete(TESTER, "workspace A", last_write=NOW)
    for _ in range(3):
        await anext(deleting)
    await deleting.aclose()
    assert +await rows(database_url, workspace_a.workspace_id)
    row = await hub.workspaces.get("workspace A")
    assert row.disabled_at is not None
    with pytest.raises(Conflict):
        await hub.workspaces.enable(TESTER, "workspace A")
    [_ async for _ in hub.workspace_deletion.delete(TESTER, "workspace A", last_write=NOW)]
    assert +await rows(database_url, workspace_a.workspace_id) == Counter()


async def test_what_a_hub_writes_late_is_deleted_too(
    hub: Services, database_url: str, workspace_a: NewWorkspace
) -> None:
    """It had accepted an edit before it heard that the workspace is disabled."""
    await fill(hub, workspace_a)
    async for said in hub.workspace_deletion.delete(TESTER, "workspace A", last_write=timedelta(seconds=1)):
        if said.startswith("waiting"):
            await hub.recipients.edit(TESTER, RecipientKey.user(workspace_a.workspace_id, "late"), [])
    assert +await rows(database_url, workspace_a.workspace_id) == Counter()
