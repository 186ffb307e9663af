"""Group commit: who shares a transaction, who is refused, and that nobody is left waiting, whatever goes wrong."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from cast import TESTER
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, RateLimited, Unavailable
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.writing import (
    Batcher,
    BatcherLimits,
    Edit,
    EditStatus,
    Outcome,
    RateLimit,
    RateLimits,
    RejectedRecord,
)

pytestmark = pytest.mark.anyio

A, B = 1, 2
DONE_S = 5
"""Far more than anything here takes; a test that hangs fails by it."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Database:
    """Stands where the write path does: takes batches, may be blocked, may be away."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Callable[[list[str]], Exception | None] = lambda _: None
        self.attempts = 0
        self.work = 0

    async def apply(self, edits: Sequence[Edit], rejects: Sequence[RejectedRecord]) -> list[Outcome]:
        self.attempts += 1
        names = [edit.key.recipient_id for edit in edits]
        await self.open.wait()
        error = self.error(names)
        if error is not None:
            raise error
        self.batches.append(names)
        return [Outcome(EditStatus.APPLIED, None, work=self.work) for _ in edits]


def away(_: list[str]) -> Exception:
    return Unavailable("the database does not answer", retry_after_s=1, code=Code.DATABASE_UNAVAILABLE)


@asynccontextmanager
async def running(database: Database, rate_limits: RateLimits | None = None, **limits: float) -> AsyncIterator[Batcher]:
    batcher = Batcher(database, BatcherLimits(**{"lanes": 1, **limits}), rate_limits=rate_limits)  # type: ignore[arg-type]
    batcher.start()
    try:
        async with asyncio.timeout(DONE_S):
            yield batcher
    finally:
        database.open.set()
        async with asyncio.timeout(DONE_S):
            await batcher.stop()


def edits(*names: str, workspace: int = A) -> list[Edit]:
    return [Edit(RecipientKey.user(workspace, name), uuid.uuid4(), [], TESTER) for name in names]


def send(batcher: Batcher, *names: str, workspace: int = A, size_bytes: int = 0) -> "asyncio.Task[list[Outcome]]":
    return asyncio.create_task(batcher.submit(workspace, edits(*names, workspace=workspace), size_bytes=size_bytes))


async def settled(*awaitables: Awaitable[object]) -> list[object]:
    return await asyncio.gather(*awaitables, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for happens within a few turns of the loop
        await asyncio.sleep(0)


async def blocked(database: Database, batcher: Batcher) -> "asyncio.Task[list[Outcome]]":
    """Occupy the only lane."""
    database.open.clear()
    task = send(batcher, "first")
    await until(lambda: database.attempts == 1)
    return task


async def test_costly_edits_of_one_workspace_get_batches_of_their_own() -> None:
    """Once edits of a workspace have cost much, the edits of others do not share a batch with the next of them."""
    database = Database()
    async with running(database, max_batch_work=1_000_000) as batcher:
        database.work = 300_000
        await batcher.submit(A, edits("a1"))
        database.work = 0
        database.open.clear()
        waiting = [asyncio.create_task(batcher.submit(B, edits("b0", workspace=B)))]
        await asyncio.sleep(0.01)
        waiting += [
            asyncio.create_task(batcher.submit(workspace, edits(*names, workspace=workspace)))
            for workspace, names in ((B, ("b1",)), (A, ("a2", "a3", "a4", "a5")), (B, ("b2",)))
        ]
        await asyncio.sleep(0.01)
        database.open.set()
        await asyncio.gather(*waiting)
    assert database.batches == [["a1"], ["b0"], ["b1"], ["a2", "a3", "a4", "a5"], ["b2"]]


async def test_what_arrives_during_a_transaction_shares_the_next_one() -> None:
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        others = [send(batcher, f"u{n}") for n in range(5)]
        await until(lambda: batcher.queued_edits == 5)
        database.open.set()
        await settled(first, *others)
    assert database.batches == [["first"], ["u0", "u1", "u2", "u3", "u4"]]


async def test_each_caller_gets_the_outcomes_of_its_own_edits() -> None:
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        several = [send(batcher, *(f"u{n}{m}" for m in range(n))) for n in range(4)]
        await until(lambda: batcher.queued_edits == 7)  # a request without edits counts as one
        database.open.set()
        assert [len(outcomes) for outcomes in await asyncio.gather(first, *several)] == [1, 0, 1, 2, 3]


async def test_a_caller_that_is_gone_gives_up_its_room() -> None:
    """Cancelled requests neither keep live ones out of the queue nor cost their workspace anything."""
    database = Database()
    now = [0.0]
    limits = RateLimits(monotonic=lambda: now[0])
    limits.learn(A, RateLimit(edits_per_second=1, burst_edits=11))
    async with running(database, rate_limits=limits, max_queued_edits=10) as batcher:
        first = await blocked(database, batcher)
        gone = [send(batcher, f"gone-{n}") for n in range(10)]
        await until(lambda: batcher.queued_edits == 10)
        for task in gone:
            task.cancel()
        await settled(*gone)
        assert batcher.queued_edits == 0
        live = [send(batcher, f"live-{n}") for n in range(10)]
        await until(lambda: batcher.queued_edits == 10)
        database.open.set()
        await asyncio.gather(first, *live)
    assert sorted(name for batch in database.batches[1:] for name in batch) == sorted(f"live-{n}" for n in range(10))


async def test_a_refused_request_costs_its_workspace_nothing() -> None:
    database = Database()
    limits = RateLimits(monotonic=lambda: 0.0)
    limits.learn(A, RateLimit(edits_per_second=1, burst_edits=4))
    async with running(database, rate_limits=limits, max_queued_edits=2) as batcher:
        first = await blocked(database, batcher)
        queued = send(batcher, "queued-1", "queued-2")
        await until(lambda: batcher.queued_edits == 2)
        for _ in range(5):
            [refusal] = await settled(send(batcher, "refused"))
            assert (type(refusal), refusal.code) == (Unavailable, "overloaded")  # and not RateLimited
        database.open.set()
        await asyncio.gather(first, queued)
        await send(batcher, "last")  # the fourth
        [refusal] = await settled(send(batcher, "too many"))
        assert isinstance(refusal, RateLimited)


async def test_a_full_queue_refuses_at_once_and_holds_no_more() -> None:
    """However many come, the queue stays within its bound, and the refused need not wait for the blocked lane."""
    database = Database()
    async with running(database, max_queued_edits=10) as batcher:
        first = await blocked(database, batcher)
        many = [send(batcher, f"u{n}") for n in range(1000)]
        await until(lambda: sum(task.done() for task in many) == 990)
        assert batcher.queued_edits == 10
        refusals = [task.exception() for task in many if task.done()]
        assert {(type(error), error.code, error.retry_after_s) for error in refusals} == {
            (Unavailable, "overloaded", 1)
        }
        database.open.set()
        await settled(first, *many)
    assert sum(map(len, database.batches)) == 11


async def test_bytes_bound_the_queue_as_well() -> None:
    database = Database()
    async with running(database, max_queued_bytes=100) as batcher:
        first = await blocked(database, batcher)
        fits = send(batcher, "fits", size_bytes=90)
        await until(lambda: batcher.queued_edits == 1)
        with pytest.raises(Unavailable, match="send more slowly"):
            await send(batcher, "more", size_bytes=20)
        database.open.set()
        await asyncio.gather(first, fits)


async def test_a_flood_of_one_workspace_neither_shuts_out_nor_delays_another() -> None:
    """With the lane blocked and the queue full of A's edits, B's edit is taken, and is in the next batch."""
    database = Database()
    async with running(database, max_queued_edits=10, max_batch_edits=4) as batcher:
        first = await blocked(database, batcher)
        flood = [send(batcher, f"a{n}") for n in range(50)]
        await until(lambda: sum(task.done() for task in flood) == 40)
        other = send(batcher, "b", workspace=B)
        await until(lambda: sum(task.done() for task in flood) == 41)
        assert batcher.queued_edits == 10
        database.open.set()
        await settled(first, *flood)
        assert (await other)[0].status is EditStatus.APPLIED
    assert database.batches[1] == ["a0", "b", "a1", "a2"]
    assert sum(map(len, database.batches)) == 11


async def test_what_a_client_waits_for_no_more_is_not_applied() -> None:
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        withdrawn, kept = send(batcher, "withdrawn"), send(batcher, "kept")
        await until(lambda: batcher.queued_edits == 2)
        withdrawn.cancel()
        await settled(withdrawn)
        database.open.set()
        await asyncio.gather(first, kept)
    assert database.batches == [["first"], ["kept"]]


async def test_a_caller_that_leaves_while_its_edits_are_under_way_harms_nobody() -> None:
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        first.cancel()
        await settled(first)
        database.open.set()
        await send(batcher, "next")
    assert database.batches == [["first"], ["next"]]


async def test_what_has_waited_too_long_is_refused_instead_of_applied() -> None:
    database = Database()
    async with running(database, max_wait_s=0.05) as batcher:
        first = await blocked(database, batcher)
        late = send(batcher, "late")
        await asyncio.sleep(0.1)
        database.open.set()
        with pytest.raises(Unavailable):
            await late
        await first
    assert database.batches == [["first"]]


async def test_a_request_that_cannot_be_applied_fails_alone() -> None:
    """Its neighbours in the batch are applied, and only it gets its error, whatever class of error that is."""
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        database.error = lambda names: ValueError("a bug") if "bad" in names else None
        tasks = [send(batcher, name) for name in ("one", "bad", "two")]
        await until(lambda: batcher.queued_edits == 3)
        database.open.set()
        _, one, bad, two = await settled(first, *tasks)
    assert isinstance(bad, ValueError)
    assert (len(one), len(two)) == (1, 1)  # type: ignore[arg-type]
    assert database.batches == [["first"], ["one"], ["two"]]


async def test_a_refusal_is_not_tried_again() -> None:
    database = Database()
    database.error = lambda _: InvalidRequest("no", code=Code.INVALID_VALUE)
    async with running(database) as batcher:
        with pytest.raises(InvalidRequest):
            await send(batcher, "one")
    assert database.attempts == 1


async def test_a_short_absence_of_the_database_is_only_a_delay() -> None:
    database = Database()
    database.error = away
    async with running(database) as batcher:
        task = send(batcher, "one")
        await until(lambda: database.attempts == 2)
        assert batcher.trouble is not None
        assert batcher.trouble.message == "the database does not answer"
        database.error = lambda _: None
        assert (await task)[0].status is EditStatus.APPLIED
        assert batcher.trouble is None


async def test_patience_counts_from_the_beginning_of_an_outage() -> None:
    """After it, each batch is tried once and its callers hear of it at once: nothing piles up behind the lanes."""
    database = Database()
    database.error = away
    async with running(database, database_patience_s=0.2) as batcher:
        with pytest.raises(Unavailable):
            await send(batcher, "first")
        assert database.attempts >= 2
        for number in range(20):
            before = database.attempts
            with pytest.raises(Unavailable, match="does not answer"):
                await send(batcher, f"u{number}")
            assert database.attempts == before + 1


async def test_a_failure_long_after_an_outage_is_met_with_patience_again() -> None:
    database = Database()
    database.error = away
    async with running(database, database_patience_s=0.15) as batcher:
        with pytest.raises(Unavailable):
            await send(batcher, "first")
        await asyncio.sleep(0.2)
        before = database.attempts
        task = send(batcher, "second")
        await until(lambda: database.attempts > before)
        database.error = lambda _: None
        assert len(await task) == 1


async def test_stopping_applies_what_waits_and_refuses_what_comes() -> None:
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        waiting = [send(batcher, f"u{n}") for n in range(3)]
        await until(lambda: batcher.queued_edits == 3)
        stopping = asyncio.create_task(batcher.stop())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="stopping"):
            await batcher.submit(A, edits("late"))
        database.open.set()
        await asyncio.gather(first, *waiting, stopping)
    assert database.batches == [["first"], ["u0", "u1", "u2"]]


async def test_stopping_does_not_wait_for_a_database_that_is_away() -> None:
    database = Database()
    database.error = away
    async with running(database, database_patience_s=3600) as batcher:
        tasks = [send(batcher, f"u{n}") for n in range(3)]
        await until(lambda: database.attempts >= 1)
        await batcher.stop()
        assert {type(error) for error in await settled(*tasks)} == {Unavailable}


async def test_lanes_that_are_cancelled_leave_nobody_waiting() -> None:
    """As when the event loop is torn down in the middle of a transaction."""
    database = Database()
    async with running(database) as batcher:
        first = await blocked(database, batcher)
        for lane in batcher._lanes:
            lane.cancel()
        await settled(*batcher._lanes)
        with pytest.raises(asyncio.CancelledError):
            await first
        batcher._lanes = []


async def outage_lines(code: Code, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of an outage that several requests meet, one after the other and long after each other."""
    database = Database()
    database.error = lambda _: Unavailable("no", code=code, retry_after_s=1, reason="the words of the store")
    async with running(database, database_patience_s=0) as batcher:
        for name in "abcde":
            await settled(send(batcher, name))
            await asyncio.sleep(0.01)
        database.error = lambda _: None
        await send(batcher, "f")
    return capsys.readouterr().out.splitlines()


async def test_an_outage_that_the_database_logs_is_not_logged_again(capsys: pytest.CaptureFixture[str]) -> None:
    for code in (Code.DATABASE_UNAVAILABLE, Code.DATABASE_MISCONFIGURED):
        assert await outage_lines(code, capsys) == []


async def test_edits_that_cannot_be_written_are_logged_once_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """A line when it begins and a line when it is over, also if nothing is sent for longer than a batch is retried."""
    begun, over = await outage_lines(Code.DATABASE_READ_ONLY, capsys)
    assert "the words of the store" in begun
    assert "can be written again" in over
