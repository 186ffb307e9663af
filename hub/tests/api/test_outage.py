"""Credentials while the database is away: known and new ones have the patience of the edits they belong to."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from cast import TESTER
from suprsend_hub.app import build_asgi, build_services, utc_now
from suprsend_hub.domain.actor import ActorKind
from suprsend_hub.domain.errors import Unauthenticated, Unavailable
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.service.credentials import CredentialService, Presented
from suprsend_hub.service.lookup import CACHE_S
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.settings import Settings
from suprsend_hub.store.database import Database

from .relay import Relay
from .support import BASE_URL, ApiClient, assert_error, bearer, signed

pytestmark = pytest.mark.anyio

OUTAGE_S = 10
STEP_S = 0.5


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a hub with these settings."""
    hub = build_services(settings)
    async with hub.database:
        hub.batcher.start()
        transport = httpx2.ASGITransport(app=build_asgi(hub))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL, timeout=60) as http:
            yield http
        await hub.batcher.stop()


async def add_one(client: ApiClient) -> httpx2.Response:
    return await client.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]})


@pytest.mark.slow
async def test_an_outage_of_ten_seconds_refuses_no_edit_whenever_it_arrives(
    relayed_settings: Settings, relay: Relay, workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> None:
    """One every half second, long after the credentials were last looked up; also from a client that is new."""
    async with running(relayed_settings.model_copy(update={"database_patience_s": 15})) as http:
        with_key = ApiClient(http, bearer(workspace_a.api_key))
        signing = ApiClient(http, signed(workspace_a.workspace_key, workspace_a.workspace_secret))
        new = ApiClient(http, bearer(workspace_b.api_key))
        for known in (with_key, signing):
            await known.upsert("ada", {"n": 0})
        await relay.cut()
        sent: list[asyncio.Task[httpx2.Response]] = []
        steps = int(OUTAGE_S / STEP_S)
        for _ in range(steps):
            sent += [asyncio.create_task(add_one(client)) for client in (with_key, signing, new)]
            await asyncio.sleep(STEP_S)
        assert not any(task.done() for task in sent)
        await relay.mend()
        assert {answer.status_code for answer in await asyncio.gather(*sent)} == {202}
        assert await with_key.properties("ada") == {"n": 2 * steps}
        assert await new.properties("ada") == {"n": steps}


async def test_patience_counts_from_the_beginning_of_the_outage_and_reads_have_none(
    relayed_settings: Settings, relay: Relay, workspace_a: NewWorkspace
) -> None:
    """Whoever arrives after it has run out is told at once, and waits for nothing that would come too late."""
    async with running(relayed_settings.model_copy(update={"database_patience_s": 1})) as http:
        new = ApiClient(http, bearer(workspace_a.api_key))
        await relay.cut()
        began = time.monotonic()
        assert_error(await new.get("/v1/user/"), 503, "database_unavailable")
        assert time.monotonic() - began < 0.9
        assert_error(await add_one(new), 503, "database_unavailable")
        assert 0.5 < time.monotonic() - began < 5
        await asyncio.sleep(max(0.0, began + 1.2 - time.monotonic()))
        began = time.monotonic()
        assert_error(await add_one(new), 503, "database_unavailable")
        assert time.monotonic() - began < 0.9
        await relay.mend()
        assert (await add_one(new)).status_code == 202


async def test_events_for_tenants_wait_out_an_outage(
    relayed_settings: Settings, relay: Relay, workspace_a: NewWorkspace
) -> None:
    """For a tenant that the hub remembers and for one that it has never looked up; only reads are refused."""
    async with running(relayed_settings.model_copy(update={"database_patience_s": 10})) as http:
        client = ApiClient(http, bearer(workspace_a.api_key))
        for tenant_id in ("known", "new"):
            await client.post(f"/v1/tenant/{tenant_id}/", {"tenant_name": tenant_id})
        event = {"distinct_id": "ada", "$user_operations": [{"$add": {"n": 1}}]}
        assert (await client.post("/event/", event | {"tenant_id": "known"})).status_code == 202
        await relay.cut()
        sent = [
            asyncio.create_task(client.post("/event/", [event | {"tenant_id": tenant_id}]))
            for tenant_id in ("known", "new", "nowhere")
        ]
        assert_error(await client.get("/v1/user/ada/tenant/known/"), 503, "database_unavailable")
        assert not any(task.done() for task in sent)
        await relay.mend()
        assert [answer.status_code for answer in await asyncio.gather(*sent)] == [202, 202, 202]
        for tenant_id, count in (("known", 2), ("new", 1)):
            user = (await client.get(f"/v1/user/ada/tenant/{tenant_id}/")).json()
            assert user["properties"] == {"n": count}


@pytest.fixture
async def looked_up(
    relayed_settings: Settings, anyio_backend: str
) -> AsyncIterator[tuple[CredentialService, Callable[[float], None]]]:
    """Credentials with a patience of 15 s and a clock that the test moves."""
    now = 1000.0

    def forward(seconds: float) -> None:
        nonlocal now
        now += seconds

    assert relayed_settings.database_url is not None
    assert relayed_settings.master_key is not None
    secrets = SecretBox(relayed_settings.master_key.get_secret_value())
    async with Database(relayed_settings.database_url.get_secret_value()) as database:
        yield (
            CredentialService(
                database,
                secrets,
                RateLimits(monotonic=lambda: now),
                now=utc_now,
                database_patience_s=15,
                monotonic=lambda: now,
            ),
            forward,
        )


async def test_an_expired_credential_is_used_no_longer_than_patience_lasts(
    looked_up: tuple[CredentialService, Callable[[float], None]], relay: Relay, workspace_a: NewWorkspace
) -> None:
    """A key that was revoked long ago must not work because the database is away just now."""
    credentials, forward = looked_up
    presented = Presented(ActorKind.API_KEY, workspace_a.api_key)
    await credentials.look_up(presented)
    await relay.cut()
    forward(CACHE_S + 14.9)
    await credentials.look_up(presented)
    forward(0.2)
    with pytest.raises(Unavailable):
        await credentials.look_up(presented)


async def test_an_expired_credential_is_not_used_while_the_database_answers(
    looked_up: tuple[CredentialService, Callable[[float], None]], hub, workspace_a: NewWorkspace
) -> None:
    credentials, forward = looked_up
    presented = Presented(ActorKind.API_KEY, workspace_a.api_key)
    await credentials.look_up(presented)
    [key] = await hub.workspaces.list_api_keys(workspace_a.name)
    await hub.workspaces.revoke_api_key(TESTER, workspace_a.name, ulid_text(key.api_key_id))
    forward(CACHE_S + 0.1)
    with pytest.raises(Unauthenticated):
        await credentials.look_up(presented)


async def test_as_many_wait_for_a_look_up_as_there_is_room_for(relayed_settings: Settings, relay: Relay) -> None:
    """With the database away, strangers may fill the room, and others are told so at once."""
    async with running(relayed_settings.model_copy(update={"database_patience_s": 600})) as http:
        await relay.cut()
        tasks = [asyncio.create_task(add_one(ApiClient(http, bearer(f"SS.guess-{n}")))) for n in range(1_050)]
        answers = asyncio.as_completed(tasks)
        for _ in range(50):
            assert_error(await next(answers), 503, "database_unavailable")
        await asyncio.sleep(1)
        assert sum(task.done() for task in tasks) == 50
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


WRITES: dict[str, tuple[str, str, object]] = {
    "delete": ("DELETE", "/v1/user/gone-{}/", None),
    "bulk delete": ("DELETE", "/v1/bulk/user/", {"distinct_ids": ["gone-{}"]}),
    "create a list": ("POST", "/v1/subscriber_list/", {"list_id": "list-{}"}),
    "add to a list": ("POST", "/v1/subscriber_list/members/subscriber/add/", {"distinct_ids": ["ada"]}),
    "start a sync": ("POST", "/v1/subscriber_list/list-{}/start_sync/", {}),
    "subscribe": ("POST", "/v1/object/team/hub/subscription/", {"recipients": ["ada"]}),
    "tenant": ("POST", "/v1/tenant/tenant-{}/", {"tenant_name": "Acme"}),
    "merge": ("POST", "/v1/user/ada/merge/", {"from_user_id": "twin-{}"}),
    "profile for a tenant": ("PATCH", "/v1/user/ada/tenant/acme/", {"operations": [{"$set": {"a": 1}}]}),
    "preference": (
        "PATCH",
        "/v1/user/ada/preference/channel_preference/",
        {"channel_preferences": [{"channel": "sms", "is_restricted": True}]},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITES)
async def test_an_outage_refuses_no_other_write_either(
    relayed_settings: Settings, relay: Relay, workspace_a: NewWorkspace, name: str
) -> None:
    """One every half second for five seconds; each is answered as without an outage."""
    method, path, body = WRITES[name]
    async with running(relayed_settings.model_copy(update={"database_patience_s": 15})) as http:
        client = ApiClient(http, bearer(workspace_a.api_key))
        await client.upsert("ada", {"n": 0})
        for number in range(12):
            await client.upsert(f"twin-{number}", {"n": 0})
        await client.post("/v1/object/team/hub/", {"name": "Hub"})
        await client.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
        for each in ("members", *(f"list-{number}" for number in range(12) if name == "start a sync")):
            await client.post("/v1/subscriber_list/", {"list_id": each})

        async def send(number: int) -> httpx2.Response:
            content = None if body is None else json.loads(json.dumps(body).replace("-{}", f"-{number}"))
            return await client.send(method, path.format(number), b"" if content is None else content)

        before = await send(0)
        assert before.status_code < 500, before.text
        await relay.cut()
        sent = []
        for number in range(1, 11):
            sent.append(asyncio.create_task(send(number)))
            await asyncio.sleep(STEP_S)
        await relay.mend()
        answers = await asyncio.gather(*sent)
        assert {answer.status_code for answer in answers} == {before.status_code}, answers[0].text
