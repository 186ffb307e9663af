"""Bulk edits against a live stub: answers as the official SDK's, retries, splitting, order, interruption."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from suprsend import BulkProgress, InputValueError, Suprsend, UserEdit

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "contract" / "vectors" / "bulk_responses.json").read_text(encoding="utf-8")
)
SCENARIOS = {scenario["name"]: scenario for scenario in VECTORS["scenarios"]}
# What we do better, tested below: a non-UserEdit raises, save() sends nothing twice.
DIFFERENT = {"things that are not UserEdit are dropped silently", "save() called twice sends every record again"}


def edits(client: Suprsend, count: int, first: int = 0) -> Iterator[UserEdit]:
    for index in range(first, first + count):
        edit = client.users.get_edit_instance(f"u{index}")
        edit.set("n", index)
        yield edit


def ids(request: Any) -> list[str]:
    return [event["distinct_id"] for event in request.json()]


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - DIFFERENT))
def test_save_answers_like_the_official_sdk(name: str, stub: Any, reply: Any, dropped: Any, sender: Suprsend) -> None:
    scenario = SCENARIOS[name]
    count, result = scenario["records_appended"], scenario["result"]
    bodies = {202: "OK", 207: "OK", 400: '{"code":400,"message":"bad"}', 500: '{"code":500,"message":"internal"}'}
    statuses = scenario["stub_answers"]

    def rule(request: Any) -> Any:
        # By the user, not by the number of the request: a refused chunk is split here, and sent again in parts.
        second = ids(request)[0] == "u400"
        status = statuses[1 if second else 0] if statuses else None
        return dropped if status is None else reply(status, bodies[status])

    stub.rule = rule
    bulk = sender.users.get_bulk_edit_instance()
    for index, edit in enumerate(edits(sender, count)):
        if "oversize record" in name and index == count - 1:
            edit.set("blob", "x" * 10_240)
        if "client-side errors" in name and index == 0:
            edit.set("k", None)
        bulk.append(edit)
    response = bulk.save()
    assert str(response) == result["str"]
    assert response.status == result["status"]
    assert (response.total, response.success, response.failure) == (
        result["total"],
        result["success"],
        result["failure"],
    )
    assert response.warnings == result["warnings"]
    codes: dict[str, int] = {}
    for failed in response.failed_records:
        codes[str(failed["code"])] = codes.get(str(failed["code"]), 0) + 1
        assert set(failed) == {"record", "error", "code"}
    assert codes == result["failed_codes"]
    if not {400, 413} & set(statuses) and statuses:
        sent = sorted((len(request.json()) for request in stub.requests), reverse=True)
        assert sent == [item["records"] for item in scenario["requests"]]
    if "first_failed_record" in scenario and "oversize" not in name:
        assert list(response.failed_records[0]["record"]) == scenario["first_failed_record"]["record_keys"]
    if "oversize" in name:
        (oversize,) = [failed for failed in response.failed_records if failed["code"] == 500]
        assert list(oversize["record"]) == ["distinct_id", "$user_operations", "warnings"]
        assert oversize["error"].startswith("User Payload size too big - 10")


def test_save_sends_only_what_was_appended_since(stub: Any, sender: Suprsend) -> None:
    bulk = sender.users.get_bulk_edit_instance()
    bulk.append(*edits(sender, 2))
    first = bulk.save()
    second = bulk.save()
    bulk.append(*edits(sender, 1, first=7))
    third = bulk.save()
    assert [response.total for response in (first, second, third)] == [2, 0, 1]
    assert [ids(request) for request in stub.requests] == [["u0", "u1"], ["u7"]]
    assert bulk.response is third


def test_append_refuses_what_is_no_user_edit(sender: Suprsend) -> None:
    bulk = sender.users.get_bulk_edit_instance()
    with pytest.raises(InputValueError, match=r"UserEdit instances.*not str"):
        bulk.append("u1")
    with pytest.raises(InputValueError, match="not ObjectEdit"):
        bulk.append(sender.objects.get_edit_instance("teams", "core"))


def test_later_changes_of_an_edit_do_not_leak_into_what_was_appended(stub: Any, sender: Suprsend) -> None:
    bulk = sender.users.get_bulk_edit_instance()
    edit = sender.users.get_edit_instance("u")
    tags = ["a"]
    edit.set("tags", tags)
    bulk.append(edit)
    tags.append("b")
    edit.set("late", True)
    bulk.save()
    assert stub.requests[0].json()[0]["$user_operations"] == [{"$set": {"tags": ["a"]}}]


def test_in_strict_mode_append_raises_for_an_edit_that_cannot_be_sent(strict_client: Suprsend) -> None:
    edit = strict_client.users.get_edit_instance("u")
    edit.set("blob", "x" * 10_240)
    with pytest.raises(InputValueError, match="too big"):
        strict_client.users.get_bulk_edit_instance().append(edit)


def test_without_strict_an_edit_without_json_form_is_one_failed_record(stub: Any, sender: Suprsend) -> None:
    good, bad = sender.users.get_edit_instance("good"), sender.users.get_edit_instance("bad")
    bad.set("when", {"at": time.gmtime})
    response = sender.users.bulk_edit([bad, good]).result()
    assert (response.success, response.failure) == (1, 1)
    assert "when.at: builtin_function_or_method has no JSON form" in response.failed_records[0]["error"]
    assert [ids(request) for request in stub.requests] == [["good"]]


@pytest.mark.parametrize("guilty", [{0}, {399}, {7, 8}, {0, 199, 200, 399}])
@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_chunk_is_split_until_the_guilty_records_stand_alone(
    guilty: set[int], status: int, stub: Any, reply: Any, sender: Suprsend
) -> None:
    names = {f"u{index}" for index in guilty}
    stub.rule = lambda request: reply(status, "no") if names & set(ids(request)) else reply(202, "OK")
    outcomes = list(sender.users.bulk_edit(edits(sender, 400)))
    assert {outcome.distinct_id for outcome in outcomes if not outcome.ok} == names
    assert [outcome.index for outcome in outcomes] == list(range(400))
    assert len(stub.requests) <= 1 + 2 * 9 * len(guilty)


def test_when_everything_is_refused_the_search_is_bounded_and_nothing_is_unreported(
    stub: Any, reply: Any, sender: Suprsend
) -> None:
    stub.reply(reply(400, "no"))
    response = sender.users.bulk_edit(edits(sender, 400)).result()
    assert (response.total, response.failure) == (400, 400)
    assert len(stub.requests) <= 128 + 10


def test_a_chunk_is_resent_with_the_same_insert_ids_after_passing_failures(
    stub: Any, reply: Any, dropped: Any, sender: Suprsend
) -> None:
    stub.reply(dropped, reply(503, "wait"), reply(202, "OK"))
    response = sender.users.bulk_edit(edits(sender, 3)).result()
    assert response.success == 3
    assert len(stub.requests) == 3
    assert len({request.body for request in stub.requests}) == 1


def test_when_retries_are_used_up_the_chunk_fails_and_the_others_go_on(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.rule = lambda request: reply(503, "wait") if "u0" in ids(request) else reply(202, "OK")
    response = sender.users.bulk_edit(edits(sender, 800)).result()
    assert (response.status, response.success, response.failure) == ("partial", 400, 400)
    assert len(stub.requests) == 4 + 1


def test_outcomes_come_in_input_order_with_local_failures_in_their_place(stub: Any, sender: Suprsend) -> None:
    def mixed() -> Iterator[UserEdit]:
        for index, edit in enumerate(edits(sender, 1000)):
            if index % 100 == 50:
                edit.set("blob", "x" * 10_240)
            yield edit

    outcomes = list(sender.users.bulk_edit(mixed()))
    assert [(outcome.index, outcome.distinct_id) for outcome in outcomes] == [(n, f"u{n}") for n in range(1000)]
    assert [outcome.index for outcome in outcomes if not outcome.ok] == list(range(50, 1000, 100))
    assert all(outcome.record for outcome in outcomes if not outcome.ok)


def test_edits_of_one_user_arrive_in_input_order_though_chunks_overlap_in_time(
    stub: Any, reply: Any, sender: Suprsend
) -> None:
    slow = threading.Lock()

    def rule(request: Any) -> Any:
        if request.json()[0]["$user_operations"][0]["$set"]["n"] == 0:
            time.sleep(0.1)
        with slow:
            applied.extend(
                event["$user_operations"][0]["$set"]["n"] for event in request.json() if event["distinct_id"] == "same"
            )
        return reply(202, "OK")

    def source() -> Iterator[UserEdit]:
        for index in range(1600):
            edit = sender.users.get_edit_instance("same" if index % 400 == 0 else f"u{index}")
            edit.set("n", index)
            yield edit

    applied: list[int] = []
    stub.rule = rule
    assert sender.users.bulk_edit(source()).result().success == 1600
    assert applied == [0, 400, 800, 1200]


def test_several_chunks_are_under_way_at_once_and_no_more_than_asked(stub: Any, reply: Any, sender: Suprsend) -> None:
    now, peak, lock = 0, 0, threading.Lock()

    def rule(request: Any) -> Any:
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return reply(202, "OK")

    stub.rule = rule
    sender.users.bulk_edit(edits(sender, 400 * 8), max_in_flight=3).result()
    assert peak == 3


def test_the_input_is_read_no_further_than_the_chunks_under_way(stub: Any, reply: Any, sender: Suprsend) -> None:
    read = 0

    def counted() -> Iterator[UserEdit]:
        nonlocal read
        for edit in edits(sender, 40_000):
            read += 1
            yield edit

    run = sender.users.bulk_edit(counted(), max_in_flight=2)
    assert read == 0
    for outcome in run:
        assert read <= outcome.index + 1 + 400 * 3
        if outcome.index == 5000:
            break


def test_leaving_the_loop_awaits_what_is_under_way_and_accounts_for_every_record_read(
    stub: Any, sender: Suprsend, caplog: pytest.LogCaptureFixture
) -> None:
    read = 0

    def counted() -> Iterator[UserEdit]:
        nonlocal read
        for edit in edits(sender, 40_000):
            read += 1
            yield edit

    with sender.users.bulk_edit(counted()) as run:
        for _ in run:
            break
    sent = sum(len(request.json()) for request in stub.requests)
    assert run.response.total == read
    assert run.response.success == sent
    assert run.response.failure == read - sent
    assert "bulk run interrupted" in caplog.text


def test_an_error_of_the_input_surfaces_after_everything_read_is_accounted_for(stub: Any, sender: Suprsend) -> None:
    def broken() -> Iterator[UserEdit]:
        yield from edits(sender, 500)
        raise LookupError("the database went away")

    run = sender.users.bulk_edit(broken())
    with pytest.raises(LookupError):
        run.result()
    assert (run.response.total, run.response.success, run.response.failure) == (500, 400, 100)
    assert run.response.failed_records[0]["error"].startswith("not sent")


@pytest.mark.parametrize("place", ["in the input", "while waiting"])
def test_ctrl_c_leaves_nothing_half_sent_unreported(place: str, stub: Any, sender: Suprsend) -> None:
    read = 0

    def source() -> Iterator[UserEdit]:
        nonlocal read
        for edit in edits(sender, 4000):
            if place == "in the input" and read == 2100:
                raise KeyboardInterrupt
            read += 1
            yield edit

    def interrupt(progress: BulkProgress) -> None:
        if place == "while waiting" and progress.total >= 800:
            raise KeyboardInterrupt

    run = sender.users.bulk_edit(source(), on_progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.result()
    sent = sum(len(request.json()) for request in stub.requests)
    assert (run.response.total, run.response.success) == (read, sent)
    assert run.response.failure == read - sent


def test_an_interrupted_run_does_not_wait_for_retries(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.rule = lambda request: reply(503, Retry_After="30")

    def source() -> Iterator[UserEdit]:
        yield from edits(sender, 400)
        time.sleep(0.3)  # the chunk has been refused and its retry waits
        raise KeyboardInterrupt

    run = sender.users.bulk_edit(source())
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run.result()
    assert time.monotonic() - started < 10
    assert (run.response.failure, run.response.failed_records[0]["code"]) == (400, 503)


FLAT = """
import resource, sys, suprsend
client = suprsend.Suprsend("workspace_key", "workspace_secret", base_url=sys.argv[1])
def edits(count):
    for index in range(count):
        edit = client.users.get_edit_instance(f"user-{index}")
        edit.set("name", "Ada Lovelace")
        yield edit
def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert client.users.bulk_edit(edits(10_000)).result().success == 10_000
short = peak_kib()
assert client.users.bulk_edit(edits(100_000)).result().success == 100_000
print(peak_kib() / short)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_the_input(stub: Any) -> None:
    command = [sys.executable, "-c", FLAT, stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert float(result.stdout) < 1.1


def test_progress_is_reported_chunk_by_chunk(stub: Any, sender: Suprsend) -> None:
    seen: list[BulkProgress] = []
    sender.users.bulk_edit(edits(sender, 900), on_progress=seen.append).result()
    assert seen == [BulkProgress(400, 400, 0), BulkProgress(800, 800, 0), BulkProgress(900, 900, 0)]


def test_the_summary_keeps_the_first_1000_failures_and_exact_counters(stub: Any, reply: Any, sender: Suprsend) -> None:
    stub.reply(reply(500, "no"))
    response = sender.users.bulk_edit(edits(sender, 1500)).result()
    assert (response.failure, len(response.failed_records), response.failed_records_omitted) == (1500, 1000, 500)


def test_asyncio_bulk_takes_plain_and_asynchronous_iterables(stub: Any, quick: Any, run: Any) -> None:
    from suprsend import AsyncSuprsend

    async def main() -> tuple[int, list[int], int]:
        async with AsyncSuprsend("key", "secret", base_url=stub.url) as client:
            quick(client)

            async def source() -> Any:
                for index in range(900):
                    yield client.users.get_edit_instance(f"u{index}")

            summary = await client.users.bulk_edit(source()).result()
            plain = [client.users.get_edit_instance(f"u{index}") for index in range(3)]
            seen = [outcome.index async for outcome in client.users.bulk_edit(plain)]
            bulk = client.users.get_bulk_edit_instance()
            bulk.append(*plain)
            return summary.success, seen, (await bulk.save()).success

    assert run(main()) == (900, [0, 1, 2], 3)


def test_a_cancelled_asyncio_run_accounts_for_what_was_under_way(stub: Any, reply: Any, run: Any) -> None:
    import asyncio

    from suprsend import AsyncSuprsend

    def rule(request: Any) -> Any:
        time.sleep(0.1)
        return reply(202, "OK")

    stub.rule = rule

    async def main() -> Any:
        async with AsyncSuprsend("key", "secret", base_url=stub.url) as client:
            bulk = client.users.bulk_edit(client.users.get_edit_instance(f"u{n}") for n in range(4000))
            task = asyncio.ensure_future(bulk.result())
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return bulk.response

    response = run(main())
    assert response.success == sum(len(request.json()) for request in stub.requests) > 0
    assert response.total == response.success + response.failure


def test_deprecated_bulk_users_warns_and_sends_the_same_events(stub: Any, sender: Suprsend) -> None:
    with pytest.warns(DeprecationWarning, match="get_bulk_edit_instance"):
        bulk = sender.bulk_users.new_instance()
    with pytest.warns(DeprecationWarning, match="get_edit_instance"):
        user = sender.user.get_instance("u1")
    user.add_email("a@example.com")
    bulk.append(user)
    assert bulk.trigger().success == 1
    assert stub.requests[0].json()[0]["$user_operations"] == user.user_operations
