"""Long folds: others get their turn between edits, and later batches know what edits of a workspace cost."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cast import TESTER
from suprsend_hub.domain.limits import MAX_EDIT_WORK, MAX_PROFILE_BYTES
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.work import work_of_each
from suprsend_hub.service.writing.batch import Batch
from suprsend_hub.service.writing.edit import Edit, EditStatus, Outcome
from suprsend_hub.service.writing.turns import in_turns
from suprsend_hub.service.writing.work_costs import NOTABLE, WorkCosts

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = RecipientKey.user(1, "ada")
LARGE = StoredProfile(ADA, UUID(int=1), 1, '{"l":[' + ",".join(['{"a":2}'] * 31_000) + "]}", "{}", NOW, NOW)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def batch_of(count: int, *operations: object, size_bytes: int = 100) -> Batch:
    edits = [
        Edit(ADA, UUID(int=i), list(operations), TESTER, size_bytes=size_bytes, max_work=work_of_each(count))
        for i in range(count)
    ]
    return Batch.of(edits, [UUID(int=1000 + i) for i in range(count)], now=NOW)


async def turns_of_others(batch: Batch) -> int:
    """How often something else ran while the batch was folded."""
    turns, over = 0, False

    async def other() -> None:
        nonlocal turns
        while not over:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    await in_turns(batch.fold({ADA: LARGE}))
    over = True
    await task
    return turns - 1


async def test_others_run_between_costly_edits() -> None:
    """Each of these edits searches a quarter of a megabyte: nobody waits for more than one of them."""
    assert await turns_of_others(batch_of(6, {"$remove": {"l": {"a": 1}}})) >= 5


async def test_ordinary_batches_do_not_pause() -> None:
    """A full bulk request of small edits is one turn."""
    assert await turns_of_others(batch_of(400, {"$set": {"a": 1}})) == 0


async def test_the_edits_of_a_request_have_a_budget_together() -> None:
    """Of 400 edits that each search a long array many times, each may do it once, and the outcomes say what they cost."""
    batch = batch_of(400, *[{"$remove": {"l": "x"}}] * 50)
    batch.groups[0].entries = batch.groups[0].entries[:10]
    await in_turns(batch.fold({ADA: LARGE}))
    outcomes = batch.outcomes()[:10]
    assert [outcome.work for outcome in outcomes] == [len(LARGE.properties) - 1] * 10
    assert all(outcome.work <= MAX_PROFILE_BYTES < MAX_EDIT_WORK for outcome in outcomes)
    assert {refusal.code for outcome in outcomes for refusal in outcome.refusals} == {"edit_too_costly"}


def outcome(work: int) -> Outcome:
    return Outcome(EditStatus.APPLIED, None, work=work)


async def test_costs_rise_at_once_and_fade() -> None:
    """A workspace that sent costly edits is expected to send more, until it has sent cheap ones for a while."""
    costs = WorkCosts()
    assert costs.of(1) == 0
    costs.learn(1, [outcome(8 * NOTABLE), outcome(0)])
    assert (costs.of(1), costs.of(2)) == (4 * NOTABLE, 0)
    seen = []
    while costs.of(1):
        costs.learn(1, [outcome(0)])
        seen.append(costs.of(1))
    assert seen == [2 * NOTABLE, NOTABLE, 0]


async def test_costs_of_ordinary_edits_are_not_kept() -> None:
    """Nothing is remembered of workspaces whose edits are like any other's."""
    costs = WorkCosts()
    for workspace_id in range(100):
        costs.learn(workspace_id, [outcome(NOTABLE - 1)])
    assert not costs._costs
