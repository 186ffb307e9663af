"""Delivery reports on both write paths and both versions of PostgreSQL: with deletions, tenants and merges in between."""

import asyncio
import json

import pytest
from cast import TESTER
from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.feedback import FeedbackEvent
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.service.feedback import Feedback, FeedbackOutcome
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import Edit

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("postgres_version", [16, 18]),
    pytest.mark.parametrize("fast_path_edits", [1, 10_000], ids=["fast path", "slow path"]),
]


@pytest.fixture
def ada(workspace_a: NewWorkspace) -> RecipientKey:
    return RecipientKey.user(workspace_a.workspace_id, "ada")


def bounce(key: RecipientKey | None = None, address: str = "ada@example.com") -> Feedback:
    return Feedback("$email", address, FeedbackEvent.HARD_BOUNCE, key)


async def write(hub: Services, key: RecipientKey, *operations: object) -> None:
    edit = Edit(key, hub.recipients._ulids.new(), list(operations), TESTER, strict=True)
    [outcome] = await hub.batcher.submit(key.workspace_id, [edit])
    assert outcome.error is None


async def statuses(hub: Services, key: RecipientKey) -> list[str]:
    async with hub.database.connection() as connection:
        record = await connection.fetchrow(
            "SELECT properties, channels FROM profile WHERE recipient_id = $1 AND tenant_no = $2", key[2], key[3]
        )
    return [each.perma_status for each in decode_profile(*record).channels.get("$email", [])]


async def test_a_report_never_creates_or_revives(hub: Services, ada: RecipientKey) -> None:
    """Deletions and reports at the same time: whoever is deleted stays so, with nothing left of it."""
    for _ in range(5):
        await write(hub, ada, {"$append": {"$email": "ada@example.com"}})
        reports = [hub.feedback.apply(TESTER, ada.workspace_id, [bounce(), bounce(ada)]) for _ in range(3)]
        results = await asyncio.gather(*reports, hub.recipients.delete(TESTER, ada))
        for found in results[:-1]:
            assert {each.outcome for each in found} <= {FeedbackOutcome.APPLIED, FeedbackOutcome.NOT_FOUND}
        with pytest.raises(NotFound):
            await hub.recipients.get(ada)
        async with hub.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM profile") == 0
            assert await connection.fetchval("SELECT count(*) FROM history WHERE operations IS NOT NULL") == 0
    assert await hub.maintenance.check() == []


async def test_profiles_for_tenants_are_reached_and_dead_ones_are_not(hub: Services, ada: RecipientKey) -> None:
    """A profile with choices alone stays unlinked; a deleted tenant's profiles are left to the sweeper."""
    for tenant_id in ("acme", "gone"):
        await hub.tenants.save(TESTER, ada.workspace_id, tenant_id, TenantChange(tenant_name=tenant_id))
    numbers = await hub.tenant_profiles._numbers.find(ada.workspace_id, ["acme", "gone"])
    within = {name: ada._replace(tenant_no=number) for name, number in numbers.items()}
    for key in (ada, *within.values()):
        await write(hub, key, {"$append": {"$email": "ada@example.com"}})
    await hub.tenants.delete(TESTER, ada.workspace_id, "gone")
    for report in (bounce(), bounce(ada)):
        [result] = await hub.feedback.apply(TESTER, ada.workspace_id, [report])
        assert (result.outcome, result.profiles) == (FeedbackOutcome.APPLIED, 2)
    assert await statuses(hub, ada) == await statuses(hub, within["acme"]) == ["disabled"]
    assert await statuses(hub, within["gone"]) == ["active"]
    await hub.tenants.sweep()
    assert await hub.maintenance.check() == []


async def test_a_report_links_nobody_with_a_tenant(hub: Services, ada: RecipientKey) -> None:
    """An edit by the hub for a profile that is not there, or that holds only choices, changes nothing."""
    await hub.tenants.save(TESTER, ada.workspace_id, "acme", TenantChange(tenant_name="Acme"))
    numbers = await hub.tenant_profiles._numbers.find(ada.workspace_id, ["acme"])
    within = ada._replace(tenant_no=numbers["acme"])
    await write(hub, ada, {"$append": {"$email": "ada@example.com"}})
    operation = {"$channel_status": {"$email": "ada@example.com", "event": "stop", "time": "2026"}}
    edit = Edit(within, hub.recipients._ulids.new(), [operation], TESTER, strict=True, reports=True)
    [outcome] = await hub.batcher.submit(ada.workspace_id, [edit])
    assert isinstance(outcome.error, NotFound)
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM profile WHERE tenant_no > 0") == 0
    assert await hub.maintenance.check() == []


async def test_a_merge_takes_the_status_along_and_gives_it_back(hub: Services, ada: RecipientKey) -> None:
    anon = ada._replace(recipient_id="anon")
    await write(hub, ada, {"$set": {"n": 1}})
    await write(hub, anon, {"$append": {"$email": "anon@example.com"}})
    await hub.feedback.apply(TESTER, ada.workspace_id, [bounce(address="anon@example.com")])
    await hub.merging.merge(TESTER, ada, anon)
    assert await statuses(hub, ada) == ["disabled"]
    await hub.unmerging.unmerge(TESTER, ada, anon)
    assert (await statuses(hub, ada), await statuses(hub, anon)) == ([], ["disabled"])


async def test_a_resent_report_of_a_request_counts_once_for_each_profile(hub: Services, ada: RecipientKey) -> None:
    """Also if somebody got the address in between: the report reaches the new profile, and the old one not again."""
    await write(hub, ada, {"$append": {"$email": "ada@example.com"}})
    report = Feedback("$email", "ada@example.com", FeedbackEvent.STOP, insert_key=hub.recipients._ulids.new())
    bo = ada._replace(recipient_id="bo")
    for recipient, expected in (
        (None, FeedbackOutcome.APPLIED),
        (bo, FeedbackOutcome.APPLIED),
        (None, FeedbackOutcome.DUPLICATE),
    ):
        if recipient is not None:
            await write(hub, recipient, {"$append": {"$email": "ada@example.com"}})
        [result] = await hub.feedback.apply(TESTER, ada.workspace_id, [report])
        assert result.outcome is expected
    async with hub.database.connection() as connection:
        rows = await connection.fetch("SELECT operations FROM history WHERE operations::text LIKE '%channel_status%'")
    assert len(rows) == 2
    assert json.loads(rows[0][0])[0]["$channel_status"]["event"] == "stop"
