"""A TCP server in front of a PostgreSQL that listens on a unix socket: with TLS or without, and as old as the test says."""

import asyncio
import datetime as dt
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from suprsend_hub.store.address import parse_address

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"

Alter = Callable[[bytes], bytes]
"""What to make of the bytes that the server sends."""


class Front:
    """Carries connections to the database of `url`. Runs in a thread, so that a test may wait for a process meanwhile."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, alter: Alter = bytes) -> None:
        self._address = parse_address(url)
        [(directory, port)] = self._address.hosts
        self._socket = f"{directory}/.s.PGSQL.{port}"
        self._tls = tls
        self._alter = alter
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="front", daemon=True)
        self.port = 0
        self.encrypted = 0

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def url(self, parameters: str = "", *, host: str = "127.0.0.1", **parts: str) -> str:
        """The database's URL through here; `parts` replace user, password or database."""
        user, password, database = (
            quote(parts.get(name, getattr(self._address, name)), safe="") for name in ("user", "password", "database")
        )
        return f"postgresql://{user}:{password}@{host}:{self.port}/{database}{parameters}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.IncompleteReadError):  # ssl.SSLError is an OSError
            pass
        finally:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        if first == _SSL_REQUEST:
            writer.write(b"N" if self._tls is None else b"S")
            if self._tls is not None:
                await writer.start_tls(self._tls)
                self.encrypted += 1
            first = await reader.readexactly(8)
        server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
        server_writer.write(first)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, server_writer, bytes))
                group.create_task(_copy(server_reader, writer, self._alter))
        except* OSError:
            pass
        finally:
            server_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, alter: Alter) -> None:
    while data := await reader.read(65_536):
        writer.write(alter(data))
        await writer.drain()
    writer.close()


class Authority:
    """A certificate authority of the test, with a certificate for localhost."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.root = directory / "root.crt"
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test authority {directory.name}")])
        authority = _certificate(issuer, issuer, key, key, x509.BasicConstraints(ca=True, path_length=None))
        self.root.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        server_key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        certificate = _certificate(name, issuer, server_key, key, names)
        self._chain = directory / "server.pem"
        self._chain.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + server_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def server(self) -> ssl.SSLContext:
        """What a server needs that shows the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain)
        return context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(extension, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
