"""When the hub itself cannot: the database away, too much at once, a damaged row. Clear answers, and no secrets."""

import asyncio
import dataclasses
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import httpx2
import pytest
from cast import TESTER
from pydantic import SecretStr
from roles import admit
from suprsend_hub.app import build_asgi, build_services
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.settings import Settings
from suprsend_hub.store.queries import sql

from .relay import Relay
from .support import BASE_URL, ApiClient, assert_error, bearer, document, nobody, signed

pytestmark = pytest.mark.anyio


async def test_while_the_database_is_away_all_is_503_and_afterwards_it_works_again(
    relayed: ApiClient, relay: Relay
) -> None:
    stranger = ApiClient(relayed.http, nobody)
    await relayed.upsert("ada", {"n": 1})
    await relay.cut()
    requests = {
        "read": relayed.get("/v1/user/ada/"),
        "page": relayed.get("/v1/user/"),
        "upsert": relayed.post("/v1/user/ada/", {"n": 2}),
        "edit": relayed.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]}),
        "event": relayed.post("/event/", {"distinct_id": "ada", "$user_operations": [{"$add": {"n": 1}}]}),
        "delete": relayed.delete("/v1/user/ada/"),
        "list": relayed.get("/v1/subscriber_list/"),
        "unknown credentials": ApiClient(relayed.http, bearer("SS.unknown")).get("/v1/user/"),
    }
    for name, answer in zip(requests, await asyncio.gather(*requests.values()), strict=True):
        assert (name, answer.status_code) == (name, 503)
        assert_error(answer, 503, "database_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "postgresql://" not in answer.text
    assert (await stranger.get("/healthz")).status_code == 200
    ready = await stranger.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert [(await stranger.http.head(path)).status_code for path in ("/healthz", "/readyz")] == [200, 503]

    assert ready.json()["checks"]["writes"] == "the database does not answer; try again later"

    await relay.mend()
    ready = await stranger.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["writes"]) == (200, "ok"), "before there is another edit"
    assert await relayed.properties("ada") == {"n": 1}
    edited = await relayed.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]})
    assert edited.json()["properties"] == {"n": 2}
    for path in ("/healthz", "/readyz"):  # what monitors and load balancers send
        head = await stranger.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
    assert (await stranger.get("/readyz")).status_code == 200


async def test_a_database_that_refuses_the_hub_is_503_and_its_operator_gets_the_reason(
    settings: Settings, database_url: str, workspace_a: NewWorkspace, capfd: pytest.CaptureFixture[str]
) -> None:
    """Privileges taken away while the hub runs: readiness and a single line of the log say why, clients do not learn it."""
    owner = await asyncpg.connect(database_url)
    await admit(owner, "hub_role")
    await owner.execute("CREATE ROLE hub_role LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO hub_role")
    hub = build_services(
        settings.model_copy(update={"database_url": SecretStr(re.sub("//[^/]*@", "//hub_role@", database_url))})
    )
    hub.database.log_outages()
    async with hub.database:
        hub.batcher.start()
        transport = httpx2.ASGITransport(app=build_asgi(hub))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            client, stranger = ApiClient(http, bearer(workspace_a.api_key)), ApiClient(http, nobody)
            await client.upsert("ada")
            capfd.readouterr()
            await owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM hub_role")
            for _ in range(10):
                answer = await client.get("/v1/user/ada/")
                assert_error(answer, 503, "database_misconfigured")
                assert int(answer.headers["retry-after"]) >= 1
                assert "profile" not in answer.text
                ready = await stranger.get("/readyz")
                assert ready.status_code == 503
                assert "permission denied for table" in ready.json()["checks"]["database"]
            log = "".join(capfd.readouterr())
            assert log.count("permission denied") == 1
            assert "permission denied for table profile" in log
            assert (await stranger.get("/healthz")).status_code == 200
            await owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO hub_role")
            assert (await client.get("/v1/user/ada/")).status_code == 200
            assert (await stranger.get("/readyz")).status_code == 200
        await hub.batcher.stop()
    await owner.execute("DROP OWNED BY hub_role; DROP ROLE hub_role")
    await owner.close()


async def test_a_wrong_master_key_is_503_for_signed_requests_and_shows_in_readiness(
    settings: Settings, workspace_a: NewWorkspace, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is the operator's mistake: a 400 would make clients drop what they send. API keys need no master key."""
    hub = build_services(settings.model_copy(update={"master_key": SecretStr(generate_master_key())}))
    async with hub.database:
        hub.batcher.start()
        transport = httpx2.ASGITransport(app=build_asgi(hub))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            signing = ApiClient(http, signed(workspace_a.workspace_key, workspace_a.workspace_secret))
            for _ in range(5):
                answer = await signing.post("/event/", {"distinct_id": "ada", "$user_operations": []})
                assert_error(answer, 503, "wrong_master_key")
                assert int(answer.headers["retry-after"]) >= 1
                assert "MASTER_KEY" not in answer.text
            assert "".join(capfd.readouterr()).count("SUPRSEND_HUB_MASTER_KEY does not decrypt") == 1
            ready = await ApiClient(http, nobody).get("/readyz")
            assert ready.status_code == 503
            assert "SUPRSEND_HUB_MASTER_KEY does not decrypt" in ready.json()["checks"]["master_key"]
            await ApiClient(http, bearer(workspace_a.api_key)).upsert("ada")
        await hub.batcher.stop()


def other_hub(settings: Settings, *master_keys: str) -> Services:
    """Return a hub of the same database with other master keys."""
    return build_services(settings.model_copy(update={"master_key": SecretStr(",".join(master_keys))}))


async def test_a_wrong_master_key_encrypts_nothing(settings: Settings, hub: Services) -> None:
    """Else a new workspace would work, and hide that the others do not."""
    await hub.workspaces.create(TESTER, "old")
    other = other_hub(settings, generate_master_key())
    async with other.database:
        for attempt in (
            other.workspaces.create(TESTER, "new"),
            other.workspaces.rotate_secret(TESTER, "old", overlap=timedelta(hours=1)),
        ):
            with pytest.raises(Unavailable) as refused:
                await attempt
            assert refused.value.code == "wrong_master_key"
            assert "SUPRSEND_HUB_MASTER_KEY does not decrypt the stored" in refused.value.for_operator
    assert [row.name for row in await hub.workspaces.list_all()] == ["old"]


async def test_a_secret_that_needs_another_master_key_shows_among_any_number_that_do_not(
    settings: Settings, hub: Services
) -> None:
    """One secret of each key is tried. A key that is lost is no dead end: the workspace gets another secret."""
    assert settings.master_key is not None
    right = settings.master_key.get_secret_value()
    new = generate_master_key()
    both, only_new = other_hub(settings, new, right), other_hub(settings, new)
    async with both.database, only_new.database:
        assert (await only_new.health.check()).ready, "a hub without workspaces needs no key"
        await hub.workspaces.create(TESTER, "lost")
        for number in range(30):
            await both.workspaces.create(TESTER, f"new {number}")
        report = await only_new.health.check()
        assert not report.ready
        assert "such as that of workspace 'lost'" in report.checks["master_key"]
        assert not (await hub.health.check()).ready
        assert (await both.health.check()).ready
        await only_new.workspaces.rotate_secret(TESTER, "lost", overlap=timedelta(hours=1), is_lost=True)
        assert (await only_new.health.check()).ready
        await only_new.workspaces.create(TESTER, "last")


async def test_secrets_of_an_earlier_release_name_their_key_when_they_are_encrypted_again(
    settings: Settings, hub: Services
) -> None:
    """Until then, only the newest of them are tried."""
    await hub.workspaces.create(TESTER, "oldest")
    async with hub.database.connection() as connection:
        await connection.execute("UPDATE workspace SET secret_key_id = NULL")
    assert (await hub.health.check()).ready
    other = other_hub(settings, generate_master_key())
    async with other.database:
        assert not (await other.health.check()).ready
    [done] = [each async for each in hub.workspaces.reencrypt_secrets(TESTER)]
    assert (done.changed, done.lost) == (0, 0)
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM workspace WHERE secret_key_id IS NULL") == 0


async def test_the_keys_of_a_million_workspaces_are_found_by_steps_through_an_index(hub: Services) -> None:
    """A probe comes every few seconds."""
    async with hub.database.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace (name, workspace_uid, workspace_key, secret_encrypted, secret_key_id, created_at) "
            "SELECT n, n, n, '\\x00', n % 2, now() FROM generate_series(1, 20000) AS n"
        )
        await connection.execute("ANALYZE workspace")
        [(plan,)] = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql('sample_secrets')}")
    [top] = json.loads(plan)
    assert top["Plan"]["Shared Hit Blocks"] + top["Plan"]["Shared Read Blocks"] < 50


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("ALTER TABLE profile RENAME TO elsewhere", 'relation "profile" does not exist'),
        ("ALTER TABLE profile RENAME properties TO elsewhere", "does not exist"),
        ("ALTER SCHEMA public RENAME TO elsewhere", "does not exist"),
    ],
    ids=["table", "column", "schema"],
)
async def test_a_schema_that_is_not_the_hubs_is_503_and_not_a_defect(
    a: ApiClient, hub: Services, database_url: str, capfd: pytest.CaptureFixture[str], damage: str, reason: str
) -> None:
    hub.database.log_outages()
    await a.get("/v1/user/")  # the credentials are known from here on
    connection = await asyncpg.connect(database_url)
    await connection.execute(damage)
    await connection.close()
    assert_error(await a.get("/v1/user/ada/"), 503, "database_misconfigured")
    assert reason in "".join(capfd.readouterr())


async def test_a_write_waits_out_a_short_absence_of_the_database(relayed: ApiClient, relay: Relay) -> None:
    await relayed.upsert("ada", {"n": 1})
    await relay.cut()
    writing = asyncio.create_task(relayed.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]}))
    await asyncio.sleep(0.2)
    assert not writing.done()
    await relay.mend()
    answer = await writing
    assert (answer.status_code, answer.json()["properties"]) == (202, {"n": 2})


async def test_more_than_the_queue_holds_is_503_at_once_and_nothing_of_it_is_applied(
    settings: Settings, workspace_a: NewWorkspace
) -> None:
    small = settings.model_copy(update={"max_queued_edits": 10, "lanes": 1})
    hub = build_services(small)
    async with hub.database:
        transport = httpx2.ASGITransport(app=build_asgi(hub))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            client = ApiClient(http, bearer(workspace_a.api_key))
            await client.get("/v1/user/")  # the credentials are known from here on
            hub.batcher.start()
            events = [{"distinct_id": f"u-{n}", "$user_operations": []} for n in range(100)]
            answers = await asyncio.gather(*(client.post("/event/", events) for _ in range(40)))
            refused = [answer for answer in answers if answer.status_code != 202]
            for answer in refused:
                assert_error(answer, 503, "overloaded")
                assert answer.headers["retry-after"] == "1"
            assert 0 < len(refused) < 40
            assert await client.count() == 100
            await hub.batcher.stop()
            assert_error(await client.post("/event/", events), 503, "stopping")


async def test_above_its_rate_limit_a_workspace_may_read_and_others_may_write(
    a: ApiClient, b: ApiClient, hub: Services, workspace_a: NewWorkspace
) -> None:
    await hub.workspaces.limit(TESTER, workspace_a.name, edits_per_second=1, burst_edits=3)
    events = [{"distinct_id": "ada", "$user_operations": [{"$add": {"n": 1}}]}] * 3
    # Admitted by a full bucket and paid off in the five minutes that follow, so that no delay of the test lets one pass.
    assert (await a.post("/event/", events * 100)).status_code == 202
    for answer in (
        await a.post("/event/", events),
        await a.post("/v1/user/ada/", {"n": 100}),
        await a.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 100}}] * 5}),
    ):
        assert_error(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) >= 1
    assert await a.properties("ada") == {"n": 300}
    assert (await b.post("/event/", events * 5)).status_code == 202


async def test_a_body_that_does_not_arrive_is_408_and_applies_nothing(a: ApiClient, hub: Services) -> None:
    app = build_asgi(dataclasses.replace(hub, request_timeout_s=0.2))

    async def stalling() -> AsyncIterator[bytes]:
        yield b'{"n": 1'
        await asyncio.sleep(60)
        yield b"}"

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE_URL) as http:
        headers = a.authorize("POST", "/v1/user/ada/", b"")
        answer = await http.post("/v1/user/ada/", content=stalling(), headers=dict(headers))
        assert_error(answer, 408, "request_timeout")
    assert await a.count() == 0


async def test_a_defect_is_a_500_that_tells_nothing_of_the_inside(
    a: ApiClient, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A damaged row stands for any defect: the log names the error and the place, the answer does not."""
    await a.upsert("ada")
    connection = await asyncpg.connect(database_url)
    await connection.execute("""UPDATE profile SET channels = '{"$email": "damaged on purpose"}'""")
    await connection.close()
    answer = await a.get("/v1/user/ada/")
    assert_error(answer, 500, "internal_error")
    documented = document()["components"]["responses"]["Unexpected"]["content"]["application/json"]
    assert answer.json() == documented["example"]
    log = "".join(capfd.readouterr())
    assert "ValidationError" in log
    assert "damaged on purpose" not in log


async def test_no_secret_shows_in_the_repr_of_what_holds_one(
    hub: Services, settings: Settings, workspace_a: NewWorkspace
) -> None:
    shown = repr(hub) + repr(settings) + repr(workspace_a)
    for secret in (settings.database_url, settings.master_key):
        assert isinstance(secret, SecretStr)
        assert secret.get_secret_value() not in shown
    assert workspace_a.workspace_secret not in shown
    assert workspace_a.api_key not in shown


async def test_a_client_that_leaves_early_does_no_harm(a: ApiClient, hub: Services) -> None:
    """Its edit may or may not have been applied; the next one is."""
    for _ in range(5):
        leaving = asyncio.create_task(a.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]}))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    user = await a.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 100}}]})
    assert user.status_code == 202
    assert 100 <= user.json()["properties"]["n"] <= 105
    assert (await ApiClient(a.http, nobody).get("/readyz")).status_code == 200
