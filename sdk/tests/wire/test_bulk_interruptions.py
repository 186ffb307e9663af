"""Bulk runs that something breaks off: whatever it is, each record is accounted for or waits for the next save."""

import asyncio
import gc
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import suprsend
from suprsend import AsyncSuprsend, InputValueError, Response, Suprsend, UserEdit

OK = Response(202, {}, b"OK")


def edits(client: Any, count: int, first: int = 0) -> Iterator[UserEdit]:
    for index in range(first, first + count):
        yield client.users.get_edit_instance(f"u{index}")


class Breaking:
    """A transport that raises at some requests and keeps the users of all others."""

    def __init__(self, error: BaseException, at: set[int]) -> None:
        self.error, self.at = error, at
        self.count = 0
        self.seen: list[str] = []

    def send(self, method: str, url: str, headers: Any, body: bytes, timeout_s: tuple[float, float]) -> Response:
        number, self.count = self.count, self.count + 1
        if number in self.at:
            raise self.error
        self.seen += [event["distinct_id"] for event in json.loads(body)]
        return OK

    def close(self) -> None:
        pass


class ForeignError(Exception):
    pass


class Fatal(BaseException):
    pass


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), KeyError("x"), RuntimeError("no"), ForeignError("f")])
@pytest.mark.parametrize("at", [{0}, {1, 2}, set(range(100))])
def test_any_exception_of_a_request_is_a_failure_of_its_records_and_of_no_other(error: Exception, at: set[int]) -> None:
    """``save`` and ``result`` do not raise; the text names what happened."""
    for use in ("save", "result"):
        transport = Breaking(error, at)
        with Suprsend("k", "s", transport=transport, max_retries=0) as client:
            if use == "save":
                bulk = client.users.get_bulk_edit_instance()
                bulk.append(*edits(client, 2400))
                response = bulk.save()
                assert bulk.save().total == 0
            else:
                response = client.users.bulk_edit(edits(client, 2400)).result()
        failed = {failure["record"]["distinct_id"] for failure in response.failed_records}
        assert (response.total, response.success) == (2400, len(transport.seen))
        assert len(failed) + response.failed_records_omitted == 2400 - len(transport.seen)
        assert not failed & set(transport.seen)
        for failure in response.failed_records:
            assert failure["code"] == 500
            assert type(error).__name__ in failure["error"]


@pytest.mark.parametrize("error", [Fatal("f"), SystemExit(3), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [0, 3, 5])
def test_what_breaks_off_a_save_leaves_each_record_in_the_answer_or_for_the_next_save(
    error: BaseException, at: int
) -> None:
    transport = Breaking(error, {at})
    with Suprsend("k", "s", transport=transport, max_retries=0) as client:
        bulk = client.users.get_bulk_edit_instance()
        bulk.append(*edits(client, 4000))
        with pytest.raises(type(error)):
            bulk.save()
        first = bulk.response
        second = bulk.save()
    assert first.failure == 400
    assert "may have been applied" in first.failed_records[0]["error"]
    assert first.success + second.success == len(transport.seen) == 3600
    assert first.total + second.total == 4000
    assert second.failure == 0


@pytest.mark.parametrize("error", [Fatal("f"), KeyboardInterrupt()])
def test_what_breaks_off_a_run_leaves_each_record_that_was_read_in_the_answer(error: BaseException) -> None:
    read = 0

    def counted() -> Iterator[UserEdit]:
        nonlocal read
        for edit in edits(client, 8000):
            read += 1
            yield edit

    transport = Breaking(error, {4})
    with Suprsend("k", "s", transport=transport, max_retries=0) as client:
        run = client.users.bulk_edit(counted())
        with pytest.raises(type(error)):
            run.result()
    assert run.response.total == read < 8000
    assert run.response.success == len(transport.seen)


def test_an_input_that_fails_while_it_is_closed_loses_no_record(stub: Any, sender: Suprsend) -> None:
    """What it had yielded is accounted for, then its exception is raised."""
    read = 0

    def broken() -> Iterator[UserEdit]:
        nonlocal read
        try:
            for edit in edits(sender, 5000):
                read += 1
                yield edit
        finally:
            raise LookupError("while cleaning up")

    run = sender.users.bulk_edit(broken(), max_in_flight=1)
    outcomes = iter(run)
    next(outcomes)
    with pytest.raises(LookupError):
        run.close()
    assert run.response.total == read
    assert run.response.success == sum(len(request.json()) for request in stub.requests)


def test_in_strict_mode_the_record_that_raises_is_accounted_for(stub: Any, quick: Any) -> None:
    with Suprsend("k", "s", base_url=stub.url, strict=True) as client:

        def source() -> Iterator[UserEdit]:
            yield from edits(client, 3)
            bad = client.users.get_edit_instance("bad")
            bad.set("blob", "x" * 10_240)
            yield bad

        run = client.users.bulk_edit(source())
        with pytest.raises(InputValueError, match="too big"):
            run.result()
    assert [failure["record"]["distinct_id"] for failure in run.response.failed_records] == ["bad", "u0", "u1", "u2"]


@pytest.mark.parametrize("wrong", [5, None, "u1", object()])
def test_what_cannot_be_walked_is_refused_by_an_error_of_the_family(wrong: Any, sender: Suprsend) -> None:
    with pytest.raises(suprsend.SuprsendValidationError):
        sender.users.bulk_edit(wrong).result()


def test_an_asynchronous_input_needs_the_asyncio_client(sender: Suprsend) -> None:
    async def source() -> Any:
        yield sender.users.get_edit_instance("u")

    with pytest.raises(suprsend.SuprsendValidationError, match="AsyncSuprsend"):
        sender.users.bulk_edit(source()).result()  # type: ignore[arg-type]


def test_two_threads_that_save_the_same_collector_send_each_record_once(stub: Any, sender: Suprsend) -> None:
    for _ in range(10):
        bulk = sender.users.get_bulk_edit_instance()
        bulk.append(*edits(sender, 2000))
        with ThreadPoolExecutor(2) as executor:
            totals = [answer.total for answer in executor.map(lambda collector: collector.save(), [bulk] * 2)]
        assert sum(totals) == 2000
        sent = [event["distinct_id"] for request in stub.requests for event in request.json()]
        assert sorted(sent) == sorted(f"u{n}" for n in range(2000))
        stub.requests.clear()


def test_what_is_appended_while_a_save_is_under_way_waits_for_the_next(stub: Any, reply: Any, sender: Suprsend) -> None:
    bulk = sender.users.get_bulk_edit_instance()
    bulk.append(*edits(sender, 500))
    stub.rule = lambda request: bulk.append(*edits(sender, 1, first=len(stub.requests) + 1000)) or reply(202, "OK")
    assert (bulk.save().total, bulk.save().total) == (500, 2)


# -- signals


def test_a_signal_at_any_moment_of_a_save_loses_no_record(stub: Any, interrupt: Any) -> None:
    """A soft time limit raises wherever the program is; the records are in the answers or are sent by the next save."""
    interrupted = 0
    for number in range(40):
        with Suprsend("k", "s", base_url=stub.url) as client:
            bulk = client.users.get_bulk_edit_instance()
            bulk.append(*edits(client, 1900))
            interrupted += interrupt(bulk.save, 0.0005 + 0.0007 * number)
            total = bulk.response.total + bulk.save().total
        assert total >= 1900
        events = {event["$insert_id"]: event for request in stub.requests for event in request.json()}
        assert {event["distinct_id"] for event in events.values()} == {f"u{n}" for n in range(1900)}
        assert len(events) == 1900  # what was sent again had the same ids, so it counts once
        stub.requests.clear()
    assert interrupted


# -- at the end of the program


AT_EXIT = """
import atexit, sys, threading, time
import suprsend
client = suprsend.Suprsend("k", "s", base_url=sys.argv[1])
def edits(prefix):
    for number in range(900):
        yield client.users.get_edit_instance(f"{prefix}{number}")
def flush():
    bulk = client.users.get_bulk_edit_instance()
    bulk.append(*edits("save"))
    print(bulk.save())
    print(client.users.bulk_edit(edits("run")).result())
    print(len(list(client.users.bulk_edit(edits("loop")))))
    client.close()
"""
ENDS = {
    "atexit": "atexit.register(flush)",
    "atexit, connections open": "client.users.get('u'); atexit.register(flush)",
    "late thread": "threading.Thread(target=lambda: (threading.main_thread().join(), time.sleep(0.3), flush())).start()",
    "atexit after an exception": "atexit.register(flush); raise SystemExit(0)",
}


@pytest.mark.parametrize("end", ENDS)
def test_bulk_works_when_the_program_is_about_to_end(end: str, stub: Any) -> None:
    """Thread pools refuse work by then, and newer interpreters even single threads; the records are sent all the same."""
    command = [sys.executable, "-W", "error", "-c", AT_EXIT + ENDS[end], stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    line = "BulkResponse<status: success | total: 900 | success: 900 | failure: 0 | warnings: 0>\n"
    assert (result.stdout, result.stderr, result.returncode) == (line * 2 + "900\n", "", 0)
    sent = [event["distinct_id"] for request in stub.requests if request.body for event in request.json()]
    assert len(sent) == len(set(sent)) == 2700


AT_FINALIZATION = """
import sys
import suprsend
def flush(client, last):
    bulk = client.users.get_bulk_edit_instance()
    for number in range(900):
        bulk.append(client.users.get_edit_instance(f"save{number}"))
    print(bulk.save(), flush=True)
    user = client.users.get_edit_instance("single")
    print(client.users.bulk_edit([user]).result(), client.users.async_edit(user)["success"], flush=True)
class AtExit:
    def __del__(self, flush=flush):
        flush(self.client, self)
last = AtExit()
last.client = suprsend.Suprsend("k", "s", base_url=sys.argv[1])
"""
FINALIZATIONS = {
    "a module's object": "",
    "with connections open": "last.client.users.async_edit(last.client.users.get_edit_instance('u'))",
    "a cycle": "last.itself = last",
    "kept by a module": "sys.modules['kept'] = last; del last",
    "kept by a builtin": "import builtins; builtins.kept = last; del last",
}


@pytest.mark.parametrize("kept", FINALIZATIONS)
def test_bulk_works_when_an_object_ends_with_the_interpreter(kept: str, stub: Any) -> None:
    """Threads can be started by then in Python 3.11, but never run; and modules can no longer be imported."""
    command = [sys.executable, "-c", AT_FINALIZATION + FINALIZATIONS[kept], stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)
    line = "BulkResponse<status: success | total: {0} | success: {0} | failure: 0 | warnings: 0>"
    assert (result.stdout, result.stderr) == (f"{line.format(900)}\n{line.format(1)} True\n", "")


LEFT_OPEN = """
import os
import sys
import suprsend
client = suprsend.Suprsend("k", "s", base_url=sys.argv[1])
run = client.users.bulk_edit([client.users.get_edit_instance(f"u{n}") for n in range(9000)], max_in_flight=4)
class AtExit:
    def __init__(self, run):
        self.run, self.loop = run, iter(run)
        next(self.loop)
    def __del__(self):
        self.run.close()
        os.write(1, f"{self.run.response}".encode())
last = AtExit(run)
last.itself = last
"""


def test_a_run_that_is_under_way_when_the_interpreter_ends_is_closed(stub: Any, reply: Any) -> None:
    """Its threads have stopped for ever, so what they were sending may have been applied, and nothing waits for it."""

    def rule(request: Any) -> Any:
        if request.json()[0]["distinct_id"] != "u0":
            time.sleep(5)
        return reply(202, "OK")

    stub.rule = rule
    command = [sys.executable, "-c", LEFT_OPEN, stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)
    assert result.stdout.startswith("BulkResponse<status: partial | total: 1600 |"), result.stderr


NO_THREADS = """
import _thread, sys
import suprsend
def refused(*arguments):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = refused  # as at a limit of the system, or in Python 3.12 at the end of the program
client = suprsend.Suprsend("k", "s", base_url=sys.argv[1])
print(client.users.bulk_edit(client.users.get_edit_instance(f"u{n}") for n in range(900)).result())
"""


def test_where_no_thread_can_be_started_chunks_are_sent_one_after_another(stub: Any) -> None:
    command = [sys.executable, "-c", NO_THREADS, stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "success: 900" in result.stdout
    assert len(stub.requests) == 3


# -- asyncio


def test_leaving_async_with_ends_the_run_and_accounts_for_every_record_read(stub: Any) -> None:
    """Right behind the block everything read is in the response, and the input has been cleaned up."""
    read, closed = 0, False

    async def main() -> suprsend.BulkResponse:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:

            async def source() -> Any:
                nonlocal read, closed
                try:
                    for edit in edits(client, 40_000):
                        read += 1
                        yield edit
                finally:
                    closed = True

            async with client.users.bulk_edit(source()) as run:
                async for _ in run:
                    break
            assert closed
            assert run.response.total == read < 40_000
            return run.response

    response = asyncio.run(main())
    assert response.success == sum(len(request.json()) for request in stub.requests)


def test_a_run_whose_loop_was_left_can_be_closed_later(stub: Any) -> None:
    """Nothing closes it behind the caller's back: ``aclose`` accounts for each record once."""

    async def main() -> None:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:
            run = client.users.bulk_edit(edits(client, 40_000))
            async for _ in run:
                break
            gc.collect()
            await asyncio.sleep(0.05)
            settled = run.response.total
            assert settled == 400
            await run.aclose()
            await run.aclose()
            assert run.response.total > settled
            assert run.response.success == sum(len(request.json()) for request in stub.requests)

    asyncio.run(main())


def test_a_run_that_is_left_and_forgotten_warns(stub: Any) -> None:
    async def main() -> None:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:
            async for _ in client.users.bulk_edit(edits(client, 4000)):
                break
            await asyncio.sleep(0.2)
            gc.collect()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main())
    assert any("bulk run was not closed" in str(item.message) for item in caught if item.category is ResourceWarning)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03])
def test_a_cancelled_asyncio_save_leaves_each_record_in_the_answer_or_for_the_next_save(
    delay: float, stub: Any, reply: Any
) -> None:
    def rule(request: Any) -> Any:
        time.sleep(0.02)
        return reply(202, "OK")

    stub.rule = rule

    async def main() -> tuple[int, int]:
        async with AsyncSuprsend("k", "s", base_url=stub.url) as client:
            bulk = client.users.get_bulk_edit_instance()
            bulk.append(*edits(client, 4000))
            task = asyncio.ensure_future(bulk.save())
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            first = bulk.response
            return first.total, (await bulk.save()).total

    first, second = asyncio.run(main())
    assert first + second == 4000
    sent = [event["distinct_id"] for request in stub.requests for event in request.json()]
    assert set(sent) == {f"u{n}" for n in range(4000)}


def test_when_the_event_loop_ends_the_sending_tasks_with_it_their_records_are_accounted_for(
    stub: Any, reply: Any
) -> None:
    """``asyncio.run`` cancels all tasks at its end: the run, and those that it had started."""

    def rule(request: Any) -> Any:
        time.sleep(0.3)
        return reply(202, "OK")

    stub.rule = rule
    runs: list[suprsend.AsyncBulkRun] = []

    async def main() -> None:
        client = AsyncSuprsend("k", "s", base_url=stub.url)
        runs.append(client.users.bulk_edit(edits(client, 4000)))
        task = asyncio.ensure_future(runs[0].result())
        await asyncio.sleep(0.1)
        assert not task.done()

    asyncio.run(main())
    response = runs[0].response
    assert response.total == response.failure > 0
    assert {failure["code"] for failure in response.failed_records} == {500}


def test_a_foreign_exception_is_a_failure_in_asyncio_too() -> None:
    class Breaks:
        async def send(self, method: str, url: str, headers: Any, body: bytes, timeout_s: Any) -> Response:
            raise ForeignError("f")

        async def aclose(self) -> None:
            pass

    async def main() -> suprsend.BulkResponse:
        async with AsyncSuprsend("k", "s", transport=Breaks(), max_retries=0) as client:
            bulk = client.users.get_bulk_edit_instance()
            bulk.append(*edits(client, 900))
            return await bulk.save()

    response = asyncio.run(main())
    assert (response.total, response.failure) == (900, 900)


# -- warnings


def test_each_outcome_carries_the_warnings_of_its_record(stub: Any, sender: Suprsend) -> None:
    """In the place of the record, across chunk borders, for records that were sent and for those that cannot be."""

    def source() -> Iterator[UserEdit]:
        for index, edit in enumerate(edits(sender, 1000)):
            if index % 100 in (0, 99):
                edit.add_email(f"not an address {index}")
            if index % 250 == 0:
                edit.set("blob", "x" * 10_240)
            yield edit

    run = sender.users.bulk_edit(source())
    outcomes = list(run)
    warned = [outcome.index for outcome in outcomes if outcome.warnings]
    assert warned == [index for index in range(1000) if index % 100 in (0, 99)]
    for outcome in outcomes:
        assert all(f"[distinct_id: {outcome.distinct_id}]" in text for text in outcome.warnings)
    assert run.response.warnings == [text for outcome in outcomes for text in outcome.warnings]
    assert [outcome.index for outcome in outcomes if not outcome.ok] == [0, 250, 500, 750]
