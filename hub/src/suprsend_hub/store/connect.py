"""Connect to the database, check it, and set up the session for the hub's statements.

Both the pool and the migrations connect here, so every command refuses a database that the hub cannot use, with the
reason.
"""

import asyncio
import ssl
import struct
from contextlib import suppress
from typing import Any, TypeAlias

import asyncpg

from suprsend_hub.store.address import SETTING, DatabaseAddress
from suprsend_hub.store.errors import OLDEST_POSTGRES, SHARED_SESSIONS, Misconfigured, translated_errors

DriverConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SERVER_SETTINGS = {
    "jit": "off",
    # Every statement of the hub looks rows up by index. A plan that was cached while a table was small and reads it
    # whole would be kept while the table grows: 400 edits then took 0.8 s at 20,000 users instead of 0.02 s.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # Keep values that clients sent, such as a distinct_id, out of PostgreSQL's log.
    "log_parameter_max_length_on_error": "0",
}
"""Sets what every role may change, in each session."""
_PRIVILEGED_SETTINGS = {"log_error_verbosity": "terse", "log_parameter_max_length": "0"}
"""Sets what only superusers and roles with `GRANT SET ON PARAMETER` may change."""
_SET_UP = "; ".join(
    [
        *(f"SET {name} = '{value}'" for name, value in SERVER_SETTINGS.items()),
        *(
            f"SELECT set_config('{name}', '{value}', false) WHERE has_parameter_privilege('{name}', 'SET')"
            for name, value in _PRIVILEGED_SETTINGS.items()
        ),
    ]
)
_SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)
"""Asks a PostgreSQL server whether it supports TLS. It answers S, N, or E and an error."""
_ANSWER_S = 2


async def connect(address: DatabaseAddress, *, is_known: bool = False, **options: Any) -> DriverConnection:
    """Connect and set up the session; `options` go to the driver.

    `is_known`: an earlier connection succeeded, so there is no need to look for a pooler again.

    Raises:
        Misconfigured: this cannot succeed until an operator changes something.
        Unavailable: the server does not answer.
    """
    with translated_errors():
        connection = await _reach_any(address, options)
        try:
            _check_version(connection)
            if not is_known:
                await _check_pooler(connection, address)
            # After connecting, because PgBouncer refuses these as parameters of the connection.
            await connection.execute(_SET_UP)
        except BaseException:
            connection.terminate()
            raise
    return connection


async def _reach_any(address: DatabaseAddress, options: dict[str, Any]) -> DriverConnection:
    """Return a connection to the first host that answers and, if required, accepts writes."""
    latest: Exception = ConnectionError("no host")
    for host, port in address.hosts:
        try:
            return await _reach(address, host, port, options)
        except (
            OSError,
            asyncpg.CannotConnectNowError,
            asyncpg.PostgresConnectionError,
            asyncpg.TargetServerAttributeNotMatched,
        ) as error:
            latest = error
    raise latest


async def _reach(address: DatabaseAddress, host: str, port: int, options: dict[str, Any]) -> DriverConnection:
    """Connect with TLS if the address allows it; without TLS if the server offers none and the address allows that."""
    is_network = not host.startswith("/")
    if is_network and address.tls.mode != "disable":
        try:
            return await _open(address, host, port, _tls_context(address), options)
        except (ConnectionError, ssl.SSLError, asyncpg.InvalidAuthorizationSpecificationError) as error:
            if isinstance(error, ConnectionError) and await _answer_to_tls(host, port) == b"N":
                if address.tls.is_required:
                    raise Misconfigured(
                        f"the database server offers no TLS, which sslmode={address.tls.mode} in {SETTING} requires"
                    ) from error
            elif address.tls.is_required or isinstance(error, (ConnectionError, asyncpg.InvalidPasswordError)):
                raise
    try:
        return await _open(address, host, port, None, options)
    except (asyncpg.ConnectionDoesNotExistError, TimeoutError):
        if is_network:
            await _answer_to_tls(host, port)
        raise


async def _open(
    address: DatabaseAddress, host: str, port: int, tls: ssl.SSLContext | None, options: dict[str, Any]
) -> DriverConnection:
    """Connect to one host. Every option is given, so that the driver reads no `PG…` variable."""
    settings = {"application_name": address.application_name}
    if address.options is not None:
        settings["options"] = address.options
    arguments: dict[str, Any] = {
        "host": host,
        "port": port,
        "user": address.user,
        "password": address.password,
        "database": address.database,
        "ssl": tls or False,
        "direct_tls": tls is not None and address.tls.is_direct,
        "target_session_attrs": address.target_session_attrs,
        "krbsrvname": address.kerberos_service,
        "gsslib": "gssapi",
        "timeout": address.connect_timeout_s,
        "server_settings": settings,
    }
    connection: DriverConnection = await asyncpg.connect(**arguments, **options)
    return connection


def _tls_context(address: DatabaseAddress) -> ssl.SSLContext:
    try:
        return address.tls.context()
    except ValueError as error:
        raise Misconfigured(f"{error}; check {SETTING}") from error


async def _answer_to_tls(host: str, port: int) -> bytes:
    """Return the server's answer to the request for TLS, b"" if none; Misconfigured if it is not PostgreSQL."""
    answer = b""
    with suppress(OSError):  # includes time-outs
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_SSL_REQUEST)
                answer = await reader.read(1)
            finally:
                writer.close()
            await writer.wait_closed()
    if answer not in (b"", b"S", b"N", b"E"):
        raise Misconfigured(f"the server at the host and port of {SETTING} is not PostgreSQL")
    return answer


def _check_version(connection: DriverConnection) -> None:
    version = connection.get_server_version()
    if version.major < OLDEST_POSTGRES:
        raise Misconfigured(
            f"the database server is PostgreSQL {version.major}.{version.minor}; "
            f"the hub needs {OLDEST_POSTGRES} or later"
        )


async def _check_pooler(connection: DriverConnection, address: DatabaseAddress) -> None:
    """Raise Misconfigured if a pooler shares sessions. It tells clients an invented process number."""
    # With the simple protocol, which leaves nothing behind in the session.
    own = f"SELECT 1 WHERE pg_backend_pid() = {connection.get_server_pid()}"
    if await connection.execute(own) != "SELECT 1" and await _shares_sessions(address):
        raise Misconfigured(SHARED_SESSIONS)


async def _shares_sessions(address: DatabaseAddress) -> bool:
    """Tell whether a pooler gives two connected clients the same session of PostgreSQL in turns."""
    clients: list[DriverConnection] = []
    try:
        while len(clients) < 2:  # a statement cache would leave something behind in a shared session
            clients.append(await _reach_any(address, {"statement_cache_size": 0}))
        async with asyncio.timeout(_ANSWER_S):
            seen = [await _session(client) for client in clients]
            if seen[0] == seen[1]:
                return True
            # The pooler may give out the session that became free first or last; one of these orders detects either.
            for order in (slice(None), slice(None, None, -1), slice(None, None, -1)):
                if await _sessions_at_once(clients[order]) != seen[order]:
                    return True
    except TimeoutError:
        pass  # the second client waits for the first to leave: one session each, and no room for two
    except asyncpg.PostgresConnectionError as error:
        if "statement pooling mode" not in str(error):  # PgBouncer's words where transactions are impossible
            raise
        return True
    finally:
        for client in clients:
            client.terminate()
    return False


async def _session(client: DriverConnection) -> int:
    async with client.transaction():
        return int(await client.fetchval("SELECT pg_backend_pid()"))


async def _sessions_at_once(clients: list[DriverConnection]) -> list[int]:
    """Return the sessions of two clients in overlapping transactions, of which the later one ends first."""
    async with clients[0].transaction():
        first = int(await clients[0].fetchval("SELECT pg_backend_pid()"))
        return [first, await _session(clients[1])]
