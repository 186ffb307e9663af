"""What operators change their minds about, as clients meet it: secrets rotated, workspaces disabled, Dates checked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cast import TESTER
from suprsend_hub.app import build_asgi
from suprsend_hub.service.credentials import CredentialService
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.settings import Settings

from .support import BASE_URL, ApiClient, assert_error, bearer, signed

pytestmark = pytest.mark.anyio

AFTER_CACHE = timedelta(seconds=5.1)
"""What the commands and the documentation promise."""
REFUSED = "Not Authenticated - could not find Workspace details"


@dataclass
class Clock:
    """The time of day and the monotonic clock, moved together."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def monotonic(self) -> float:
        return self.now.timestamp()

    def forward(self, span: timedelta) -> None:
        self.now += span


@pytest.fixture
def served(hub: Services, settings: Settings):
    """A client of the hub, whose credentials go by the test's clock."""
    assert settings.master_key is not None
    secrets = SecretBox(settings.master_key.get_secret_value())

    @asynccontextmanager
    async def start(clock: Clock) -> AsyncIterator[httpx2.AsyncClient]:
        credentials = CredentialService(
            hub.database,
            secrets,
            RateLimits(monotonic=clock.monotonic),
            now=lambda: clock.now,
            monotonic=clock.monotonic,
        )
        app = build_asgi(replace(hub, credentials=credentials))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE_URL) as http:
            yield http

    return start


async def status(http: httpx2.AsyncClient, workspace_key: str, secret: str) -> int:
    """What a signed read gets."""
    return (await ApiClient(http, signed(workspace_key, secret)).get("/v1/user/")).status_code


async def test_after_a_rotation_both_secrets_hold_until_the_overlap_ends(
    served, hub: Services, workspace_a: NewWorkspace
) -> None:
    clock, key = Clock(), workspace_a.workspace_key
    async with served(clock) as http:
        assert await status(http, key, workspace_a.workspace_secret) == 200
        rotated = await hub.workspaces.rotate_secret(TESTER, workspace_a.name, overlap=timedelta(hours=24))
        clock.forward(AFTER_CACHE)
        assert await status(http, key, workspace_a.workspace_secret) == 200
        assert await status(http, key, rotated.workspace_secret) == 200
        clock.forward(timedelta(hours=24) - 2 * AFTER_CACHE)
        assert await status(http, key, workspace_a.workspace_secret) == 200
        # Known for less than the cache keeps it, and over all the same.
        clock.forward(timedelta(seconds=4))
        assert await status(http, key, workspace_a.workspace_secret) == 200
        clock.forward(timedelta(seconds=4))
        assert await status(http, key, workspace_a.workspace_secret) == 401
        assert await status(http, key, rotated.workspace_secret) == 200


async def test_the_old_secret_ends_with_the_overlap_the_next_rotation_or_on_request(
    served, hub: Services, workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> None:
    """And no other workspace is concerned."""
    clock, name, key = Clock(), workspace_a.name, workspace_a.workspace_key
    async with served(clock) as http:
        secrets = [workspace_a.workspace_secret]
        for overlap in (timedelta(hours=1), timedelta(hours=1), timedelta(0), timedelta(hours=1)):
            secrets.append((await hub.workspaces.rotate_secret(TESTER, name, overlap=overlap)).workspace_secret)
            clock.forward(AFTER_CACHE)
            held = [await status(http, key, secret) for secret in secrets]
            valid = 2 if overlap else 1
            assert held == [401] * (len(secrets) - valid) + [200] * valid
        await hub.workspaces.drop_old_secret(TESTER, name)
        clock.forward(AFTER_CACHE)
        assert [await status(http, key, secret) for secret in secrets[-2:]] == [401, 200]
        assert await status(http, workspace_b.workspace_key, workspace_b.workspace_secret) == 200


async def test_a_disabled_workspace_refuses_good_credentials_and_tells_strangers_nothing(
    served, hub: Services, workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> None:
    clock = Clock()
    async with served(clock) as http:
        with_key = ApiClient(http, bearer(workspace_a.api_key))
        signing = ApiClient(http, signed(workspace_a.workspace_key, workspace_a.workspace_secret))
        forging = ApiClient(http, signed(workspace_a.workspace_key, "guess"))
        await with_key.upsert("ada", {"n": 1})
        await hub.workspaces.disable(TESTER, workspace_a.name)
        clock.forward(AFTER_CACHE)
        for client in (with_key, signing):
            for answer in (
                await client.get("/v1/user/ada/"),
                await client.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]}),
                await client.post("/event/", {"distinct_id": "ada", "$user_operations": [{"$add": {"n": 1}}]}),
                await client.delete("/v1/user/ada/"),
            ):
                assert_error(answer, 403, "workspace_disabled")
        assert_error(await forging.get("/v1/user/ada/"), 401, "unauthorized")
        assert (await ApiClient(http, bearer(workspace_b.api_key)).get("/v1/user/")).status_code == 200
        await hub.workspaces.enable(TESTER, workspace_a.name)
        clock.forward(AFTER_CACHE)
        assert await with_key.properties("ada") == {"n": 1}


def written(moment: datetime) -> dict[str, str]:
    """A moment as the SDKs write it."""
    return {
        "Python, Go, Node": moment.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Java": moment.strftime("%a, {} %b %Y %H:%M:%S UTC").format(moment.day),
        "Node's messages": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


async def test_a_limit_of_clock_skew_refuses_what_was_signed_long_ago_or_ahead(
    served, hub: Services, workspace_a: NewWorkspace
) -> None:
    """In whichever form the SDK writes the Date; nothing is asked of API keys, and by default any Date is taken."""
    clock = Clock(datetime(2026, 1, 3, 7, 8, 9, tzinfo=UTC))
    key, secret = workspace_a.workspace_key, workspace_a.workspace_secret
    async with served(clock) as http:

        async def read(date: str, secret: str = secret) -> httpx2.Response:
            return await ApiClient(http, signed(key, secret, date=date)).get("/v1/user/")

        for date in (*written(datetime(1999, 1, 1, tzinfo=UTC)).values(), "tomorrow", ""):
            assert (await read(date)).status_code == 200
        await hub.workspaces.limit_clock_skew(TESTER, workspace_a.name, 900)
        clock.forward(AFTER_CACHE)
        for minutes, expected in ((0, 200), (-14.9, 200), (14.9, 200), (-15.1, 401), (15.1, 401), (60 * 24 * 365, 401)):
            for form, date in written(clock.now + timedelta(minutes=minutes)).items():
                answer = await read(date)
                assert (form, minutes, answer.status_code) == (form, minutes, expected)
                if expected == 401:
                    assert_error(answer, 401, "date_out_of_range")
                    assert "seconds away from the hub's clock; this workspace allows 900" in answer.json()["message"]
                    assert (await read(date, "guess")).json()["message"] == REFUSED
        for date in ("tomorrow", "", "Tue, 99 Jun 2025 10:00:00 GMT", "Sam, 3 Mai 2026 07:08:09 GMT", "2026-01-03"):
            answer = await read(date)
            assert_error(answer, 401, "date_out_of_range")
            assert "cannot be read" in answer.json()["message"]
        assert (await ApiClient(http, bearer(workspace_a.api_key)).get("/v1/user/")).status_code == 200
        await hub.workspaces.limit_clock_skew(TESTER, workspace_a.name, 0)
        clock.forward(AFTER_CACHE)
        assert (await read("tomorrow")).status_code == 200
