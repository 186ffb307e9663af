"""More load than the hub takes: it says so at once and stays small, the SDK slows down, and nothing is lost."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import psutil
import pytest
from hub_process import WAIT_S
from live_hub import LiveHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres_server import Postgres

pytestmark = pytest.mark.slow

RUNS = 4
RECORDS = 4_000
USERS = 800
MEMORY_MB = 150
"""What a worker may grow by under overload; the queue's bound alone would let it grow by less than one."""


@pytest.fixture
def narrow(live: LiveHub, postgres: Postgres, fault_round: int) -> Iterator[LiveHub]:
    """A hub on the same database whose queue holds one bulk request per worker."""
    postgres.start()
    settings = {**live.settings, "MAX_QUEUED_EDITS": "400", "LANES": "1"}
    hub = LiveHub(live.complaints.with_name("narrow-log"), settings, live.credentials).start()
    yield hub
    hub.end()


def memory_mb(hub: LiveHub) -> float:
    """Resident memory of the largest worker."""
    return max(psutil.Process(worker.pid).memory_info().rss for worker in hub.workers()) / 2**20


def bulk(hub: LiveHub, prefix: str, applied: Counter[str], failures: list[str]) -> None:
    """One bulk run of increments, by a client as everybody has it: with the default number of retries."""
    with hub.client(max_retries=3) as client:

        def edits() -> Iterator[object]:
            for number in range(RECORDS):
                edit = client.users.get_edit_instance(f"{prefix}{number % USERS}")
                edit.increment("n", 1)
                yield edit

        for outcome in client.users.bulk_edit(edits(), max_in_flight=8):
            if outcome.ok:
                applied[outcome.distinct_id] += 1
            else:
                failures.append(f"{outcome.status_code}: {outcome.error}")


def test_an_overloaded_hub_slows_bulk_runs_down_and_loses_nothing(
    narrow: LiveHub, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="suprsend")
    before = memory_mb(narrow)
    applied = [Counter[str]() for _ in range(RUNS)]
    failures: list[str] = []
    threads = [
        threading.Thread(target=bulk, args=(narrow, f"{prefix}{run}-", applied[run], failures)) for run in range(RUNS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "a bulk run hangs"
    grown = memory_mb(narrow) - before

    assert any("SuprsendUnavailable" in record.getMessage() for record in caplog.records), "nothing was ever refused"
    assert failures == []
    with narrow.client() as client:
        found = {
            user["distinct_id"]: user["properties"]["n"]
            for user in client.users.iter_users({"limit": 1000})
            if user["distinct_id"].startswith(prefix)
        }
    assert found == dict(sum(applied, Counter()))
    assert sum(found.values()) == RUNS * RECORDS
    assert grown < MEMORY_MB
    assert narrow.run("db", "check") == "No faults found.\n"


def test_a_rate_limited_bulk_run_takes_its_time_and_loses_nothing(
    hub: LiveHub, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Limits of the workspace answer 429; running hubs take them up within seconds."""
    caplog.set_level(logging.INFO, logger="suprsend")

    def was_refused() -> bool:
        return any("SuprsendRateLimit" in record.getMessage() for record in caplog.records)

    hub.run("workspace", "limit", "faults", "--edits-per-second", "1500", "--burst", "400")
    applied, failures = Counter[str](), list[str]()
    runs = 0
    deadline = time.monotonic() + WAIT_S
    try:
        while not was_refused():  # one run may be over before the workers hear of the limit
            assert time.monotonic() < deadline, "nothing was ever refused"
            bulk(hub, prefix, applied, failures)
            runs += 1
    finally:
        assert hub.run("workspace", "limit", "faults", "--edits-per-second", "0") == "No limit.\n"
    assert failures == []
    assert applied.total() == runs * RECORDS
    with hub.client() as client:
        assert client.users.get(f"{prefix}0")["properties"]["n"] == runs * RECORDS // USERS
