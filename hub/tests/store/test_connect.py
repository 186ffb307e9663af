"""Reaching the database: with TLS as the address says, without help from `PG…` variables, and never a server that cannot do."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from front import Authority, Front
from roles import admit
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.store.address import parse_address
from suprsend_hub.store.connect import connect
from suprsend_hub.store.database import Database
from suprsend_hub.store.errors import Misconfigured
from suprsend_hub.store.migrate import migrate

pytestmark = pytest.mark.anyio


async def name_of_session(url: str) -> str:
    """Connect and ask for the name under which the server knows this session."""
    connection = await connect(parse_address(url))
    try:
        return str(
            await connection.fetchval("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        )
    finally:
        await connection.close()


async def refusal(url: str) -> str:
    """What an operator is told of an address that does not work."""
    with pytest.raises(Misconfigured) as caught:
        await name_of_session(url)
    assert caught.value.message == "the hub cannot use its database; its operator finds the reason in the hub's log"
    assert "\n" not in caught.value.for_operator
    return caught.value.for_operator


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", None])
async def test_a_server_without_tls_is_reached_where_none_is_demanded(database_url: str, mode: str | None) -> None:
    with Front(database_url) as front:
        assert await name_of_session(front.url(f"?sslmode={mode}" if mode else "")) == "suprsend-hub"


@pytest.mark.parametrize("mode", ["require", "verify-full&sslrootcert=system"])
async def test_a_server_without_tls_is_told_apart_from_one_that_is_away(database_url: str, mode: str) -> None:
    with Front(database_url) as front:
        assert "the database server offers no TLS" in await refusal(front.url(f"?sslmode={mode}"))


async def test_tls_is_used_where_it_is_offered_and_verified_where_that_is_asked_for(
    database_url: str, tmp_path: Path
) -> None:
    """The certificate is for `localhost`: by number, only `verify-full` minds."""
    authority, stranger = Authority(tmp_path / "own"), Authority(tmp_path / "other")
    with Front(database_url, tls=authority.server()) as front:
        good = f"sslrootcert={authority.root}"
        for host, parameters in (
            ("127.0.0.1", ""),
            ("127.0.0.1", "?sslmode=require"),
            ("127.0.0.1", f"?sslmode=verify-ca&{good}"),
            ("localhost", f"?sslmode=verify-full&{good}"),
        ):
            before = front.encrypted
            assert await name_of_session(front.url(parameters, host=host)) == "suprsend-hub", parameters
            assert front.encrypted == before + 1
        for host, parameters, reason in (
            ("127.0.0.1", f"?sslmode=verify-full&{good}", "IP address mismatch"),
            ("localhost", f"?sslmode=verify-full&sslrootcert={stranger.root}", "certificate verify failed"),
            ("localhost", f"?sslmode=require&sslrootcert={stranger.root}", "certificate verify failed"),
            ("localhost", "?sslmode=verify-full&sslrootcert=system", "certificate verify failed"),
            ("localhost", "?sslmode=verify-ca&sslrootcert=/nowhere/s3cr", "sslrootcert cannot be used: No such file"),
            ("localhost", "?sslmode=require&sslcert=/nowhere/s3cr", "sslcert and sslkey cannot be used: No such file"),
        ):
            told = await refusal(front.url(parameters, host=host))
            assert reason in told
            assert "s3cr" not in told


async def test_the_users_pg_variables_fill_no_gap(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of the person at the shell, for another database; each of these broke a hub or led it elsewhere."""
    for name, value in {
        "PGHOST": "nowhere.invalid",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGPASSWORD": "wrong",
        "PGDATABASE": "elsewhere",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/nowhere",
        "PGSSLCERT": "/nowhere",
        "PGSSLNEGOTIATION": "direct",
        "PGSSLMINPROTOCOLVERSION": "nonsense",
        "PGTARGETSESSIONATTRS": "read-only",
        "PGAPPNAME": "psql",
        "PGOPTIONS": "-c nonsense=1",
        "PGSERVICE": "nowhere",
        "PGPASSFILE": "/nowhere",
        "PGKRBSRVNAME": "nowhere",
        "PGGSSLIB": "nonsense",
        "PGCONNECT_TIMEOUT": "nonsense",
    }.items():
        monkeypatch.setenv(name, value)
    assert await name_of_session(database_url) == "suprsend-hub"
    with Front(database_url) as front:
        assert await name_of_session(front.url()) == "suprsend-hub"
        assert await name_of_session(front.url("?sslmode=disable")) == "suprsend-hub"


async def test_the_first_of_several_hosts_that_answers_and_takes_writes_is_used(database_url: str) -> None:
    with Front(database_url) as front:
        url = front.url("?application_name=second")
        several = url.replace("@127.0.0.1", f"@127.0.0.1:{_free_port()},127.0.0.1")
        assert await name_of_session(several) == "second"
        read_only = f"{several}&options=-cdefault_transaction_read_only%3Don"
        with pytest.raises(Unavailable, match="does not answer"):
            await name_of_session(read_only)


async def test_parameters_reach_the_server(database_url: str) -> None:
    connection = await connect(parse_address(f"{database_url}&application_name=mine&options=-cwork_mem%3D5MB"))
    try:
        assert await connection.fetchval("SHOW work_mem") == "5MB"
        assert await connection.fetchval("SHOW application_name") == "mine"
        assert await connection.fetchval("SHOW enable_seqscan") == "off"
    finally:
        await connection.close()


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[int]:
    """A server that is not PostgreSQL: once it has heard something it says something and waits, or it goes away."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.append(task)
        try:
            await reader.read(1000)
            if answer:
                writer.write(answer)
                await reader.read(1000)
        finally:
            writer.close()

    serving: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.wait_for(asyncio.gather(*serving), 10)


@pytest.mark.parametrize("parameters", ["", "?sslmode=disable&connect_timeout=1", "?sslmode=require"])
@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-ERR unknown command\r\n", b"J\0\0\0\n8.0.33\0"],
    ids=["HTTP", "Redis", "MySQL"],
)
async def test_another_program_at_that_port_is_told_apart_from_a_server_that_is_away(
    answer: bytes, parameters: str
) -> None:
    async with listening(answer) as port:
        assert "is not PostgreSQL" in await refusal(f"postgresql://u:p@127.0.0.1:{port}/d{parameters}")


async def test_what_does_not_answer_is_away_and_says_why() -> None:
    async with listening(None) as silent:
        for host, reason in {
            f"127.0.0.1:{_free_port()}": "Connect call failed",
            "nowhere.invalid": "ame",  # "Name or service not known", in the words of the system
            f"127.0.0.1:{silent}": "",
        }.items():
            with pytest.raises(Unavailable, match="the database does not answer; try again later") as caught:
                await name_of_session(f"postgresql://u:p@{host}/d?connect_timeout=2")
            assert not isinstance(caught.value, Misconfigured)
            assert caught.value.for_operator.startswith("the database does not answer: ")
            assert reason in caught.value.for_operator


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _as_version_15(data: bytes) -> bytes:
    return re.sub(rb"(server_version\0)\d\d", rb"\g<1>15", data)


async def test_an_older_server_is_refused_by_everything_that_connects(database_url: str) -> None:
    """PostgreSQL says its version when a session begins; the server here says 15."""
    told = r"^the database server is PostgreSQL 15\.\d+; the hub needs 16 or later$"
    with Front(database_url, alter=_as_version_15) as front:
        assert re.match(told, await refusal(front.url()))
        with pytest.raises(Misconfigured) as caught:
            await migrate(front.url())
        assert re.match(told, caught.value.for_operator)
        async with Database(front.url()) as database:
            with pytest.raises(Misconfigured):
                async with database.connection():
                    pass


async def test_what_the_hub_sends_is_left_out_of_postgresqls_log(database_url: str) -> None:
    """As far as the role may decide that: a superuser may, and anyone else who was granted the parameters."""
    connection = await connect(parse_address(database_url))
    await admit(connection, "ordinary_role")
    await connection.execute("CREATE ROLE ordinary_role LOGIN")
    try:
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("log_parameter_max_length_on_error", "log_parameter_max_length", "log_error_verbosity")
        ]
        assert shown == ["0", "0", "terse"]
        ordinary = await connect(parse_address(re.sub("//[^/]*@", "//ordinary_role@", database_url)))
        assert await ordinary.fetchval("SHOW log_parameter_max_length") == "-1"
        await ordinary.close()
        await connection.execute("GRANT SET ON PARAMETER log_parameter_max_length TO ordinary_role")
        ordinary = await connect(parse_address(re.sub("//[^/]*@", "//ordinary_role@", database_url)))
        assert await ordinary.fetchval("SHOW log_parameter_max_length") == "0"
        await ordinary.close()
    finally:
        await connection.execute("DROP OWNED BY ordinary_role; DROP ROLE ordinary_role")
        await connection.close()


async def test_a_connection_that_is_given_up_leaves_nothing_open(database_url: str) -> None:
    """Canceled in any of its steps."""
    address = parse_address(database_url)
    before = psutil.Process().num_fds()
    for steps in range(60):
        connecting = asyncio.create_task(connect(address))
        for _ in range(steps):
            await asyncio.sleep(0)
        connecting.cancel()
        for result in await asyncio.gather(connecting, return_exceptions=True):
            if not isinstance(result, BaseException):
                await result.close()
    await asyncio.sleep(0.1)
    assert psutil.Process().num_fds() <= before + 1
