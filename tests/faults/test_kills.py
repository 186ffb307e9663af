"""Processes that are killed under load: nothing acknowledged is lost, nothing counts twice, all recovers by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from hub_process import until

from .harness import Load

if TYPE_CHECKING:
    from live_hub import LiveHub
    from postgres_server import Postgres

pytestmark = pytest.mark.slow


def test_a_killed_worker_is_replaced(hub: LiveHub, prefix: str) -> None:
    with Load(hub, prefix) as load:
        load.goes_on()
        victim = hub.workers()[0]
        victim.kill()
        until(lambda: len(hub.workers()) == 2 and victim not in hub.workers(), "the worker is replaced")
        load.goes_on()
    load.verify()
    assert hub.process.poll() is None


def test_a_killed_hub_goes_on_where_it_was_when_started_again(hub: LiveHub, prefix: str) -> None:
    with Load(hub, prefix) as load:
        load.goes_on()
        hub.kill()
        hub.start()
        load.goes_on()
    load.verify()


def test_a_hub_that_is_stopped_finishes_what_is_under_way(hub: LiveHub, prefix: str) -> None:
    """As in an upgrade: SIGTERM, and the next one starts when this one has ended by itself."""
    with Load(hub, prefix) as load:
        load.goes_on()
        hub.stop()
        assert hub.process.returncode == 0
        hub.start()
        load.goes_on()
    load.verify()


def test_a_killed_postgresql_is_waited_for(hub: LiveHub, postgres: Postgres, prefix: str) -> None:
    """The hub lives on, says what is wrong, answers reads with 503, and works again once the database does."""
    supervisor, workers = hub.process.pid, {worker.pid for worker in hub.workers()}
    with Load(hub, prefix) as load:
        load.goes_on()
        postgres.kill()
        until(lambda: hub.readiness()[0] == 503, "/readyz says that the hub is not ready")
        assert "the database does not answer" in hub.readiness()[1]["database"]
        assert httpx2.get(f"{hub.base_url}healthz", trust_env=False).status_code == 200
        with hub.client(max_retries=0) as client, pytest.raises(Exception) as refused:
            client.users.get(f"{prefix}0")
        assert refused.value.status_code == 503
        postgres.start()
        until(lambda: hub.readiness()[0] == 200, "the hub is ready again")
        load.goes_on()
        checks = hub.readiness()[1]
    load.verify()
    assert checks["database"] == checks["schema"] == "ok"
    assert hub.process.pid == supervisor
    assert {worker.pid for worker in hub.workers()} == workers
    log = hub.complaints.read_text()
    assert "edits cannot be written" in log
    assert "edits can be written again" in log
    assert "Traceback" not in log


def test_a_worker_that_dies_again_at_once_brings_the_hub_down_only_for_a_moment(hub: LiveHub, prefix: str) -> None:
    """The server takes a second death within seconds for a crash loop and ends; the hub starts it anew."""
    with Load(hub, prefix) as load:
        load.goes_on()
        for _ in range(2):
            known = {worker.pid for worker in hub.workers()}
            for victim in hub.workers():
                victim.kill()
            until(lambda: {worker.pid for worker in hub.workers()} - known, "new workers")  # noqa: B023 - at once
        load.goes_on()
    load.verify()


def test_workers_come_up_while_postgresql_is_away(hub: LiveHub, postgres: Postgres, prefix: str) -> None:
    """A worker that dies during an outage is replaced by one that waits, and not taken for a crash loop."""
    with Load(hub, prefix) as load:
        load.goes_on()
        postgres.kill()
        for victim in hub.workers():
            victim.kill()
        until(lambda: hub.readiness()[0] == 503, "new workers say that the database is away")
        postgres.start()
        load.goes_on()
    load.verify()
