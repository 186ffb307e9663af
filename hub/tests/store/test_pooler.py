"""Behind Debian's PgBouncer: session mode works, the other modes are refused by name."""

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pgbouncer
import pytest
from cast import TESTER
from front import Front
from pydantic import SecretStr
from suprsend_hub.app import build_services
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.settings import Settings
from suprsend_hub.store.address import parse_address
from suprsend_hub.store.connect import connect
from suprsend_hub.store.errors import Misconfigured
from suprsend_hub.store.migrate import migrate

pytestmark = pytest.mark.anyio

NAMED = re.compile(r"connection pooler .*PgBouncer with pool_mode = transaction.*set pool_mode = session")

Pool = Callable[..., str]
"""Starts a PgBouncer in a mode, with further settings; returns the database's URL behind it."""


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    if pgbouncer.PROGRAM is None:
        pytest.fail("no PgBouncer; `make pgbouncer` installs it")
    started: list[pgbouncer.PgBouncer] = []
    with Front(database_url) as front, tempfile.TemporaryDirectory(prefix="pgbouncer-") as directory:
        Path(directory).chmod(0o755)

        def start(mode: str, **settings: object) -> str:
            started.append(pgbouncer.PgBouncer(front.url(), Path(directory), mode, **settings))
            return started[-1].url

        yield start
        for one in started:
            one.stop()


async def refusal(url: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        await connect(parse_address(url))
    return caught.value.for_operator


async def use_at_once(url: str, clients: int) -> None:
    """Let PgBouncer open so many sessions, which stay idle behind it."""
    address = parse_address(url)
    [(host, port)] = address.hosts
    connections = [
        await asyncpg.connect(host=host, port=port, user=address.user, database=address.database, ssl=False)
        for _ in range(clients)
    ]
    await asyncio.gather(*(connection.execute("SELECT pg_sleep(0.1)") for connection in connections))
    for connection in connections:
        connection.terminate()


@pytest.mark.parametrize("idle", [0, 2, 3, 5])
@pytest.mark.parametrize("policy", [0, 1], ids=["latest first", "in turns"])
async def test_transaction_mode_is_refused_whichever_session_it_hands_out_next(
    pool: Pool, idle: int, policy: int
) -> None:
    url = pool("transaction", server_round_robin=policy)
    await use_at_once(url, idle)
    assert NAMED.search(await refusal(url))
    assert NAMED.search(await refusal(url))


async def test_transaction_mode_is_refused_with_a_single_session_and_by_migrations_too(pool: Pool) -> None:
    url = pool("transaction", default_pool_size=1)
    assert NAMED.search(await refusal(url))
    with pytest.raises(Misconfigured) as caught:
        await migrate(url)
    assert NAMED.search(caught.value.for_operator)


async def test_statement_mode_is_refused(pool: Pool) -> None:
    assert NAMED.search(await refusal(pool("statement")))


async def test_nothing_is_left_behind_in_a_session_that_others_share(pool: Pool) -> None:
    """No setting of the hub's, no prepared statement: whoever gets the session next must not meet them."""
    url = pool("transaction", default_pool_size=1)
    await refusal(url)
    address = parse_address(url)
    [(host, port)] = address.hosts
    other = await asyncpg.connect(
        host=host, port=port, user=address.user, database=address.database, ssl=False, statement_cache_size=0
    )
    async with other.transaction():
        assert await other.fetchval("SHOW enable_seqscan") == "on"
        assert await other.fetchval("SELECT count(*) FROM pg_prepared_statements") == 0
    other.terminate()


async def test_session_mode_works_from_the_migration_to_edits_and_reads(pool: Pool, settings: Settings) -> None:
    """Many at once, with the settings of the hub's sessions, and as many sessions as the pool has."""
    url = pool("session", default_pool_size=20)
    await migrate(url)
    hub = build_services(settings.model_copy(update={"database_url": SecretStr(url)}))
    async with hub.database:
        hub.batcher.start()
        workspace = (await hub.workspaces.create(TESTER, "Acme")).workspace_id
        keys = [RecipientKey.user(workspace, f"user-{number}") for number in range(50)]
        await asyncio.gather(*(hub.recipients.edit(TESTER, key, [{"$set": {"n": 1}}]) for key in keys))
        found = await asyncio.gather(*(hub.recipients.get(key) for key in keys))
        assert {profile.properties for profile in found} == {'{"n":1}'}
        async with hub.database.connection() as connection:
            assert await connection.fetchval("SHOW enable_seqscan") == "off"
        report = await hub.health.check()
        assert (report.ready, report.checks["database"]) == (True, "ok")
        await hub.batcher.stop()


async def test_a_session_pool_without_room_for_a_second_client_is_not_taken_for_a_shared_one(pool: Pool) -> None:
    connection = await connect(parse_address(pool("session", default_pool_size=1)))
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
