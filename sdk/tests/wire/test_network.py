"""The way to the hub: certificates, proxies, deadlines, event loops, interruptions; whatever fails is ours to name."""

import asyncio
import collections
import contextlib
import datetime as dt
import gc
import inspect
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import suprsend
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from suprsend import AsyncSuprsend, Response, Suprsend, SuprsendConfigError, SuprsendError, SuprsendTransportError


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve each connection with a function, in a thread; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    threads.append(threading.Thread(target=handle, args=(connection,)))
                    threads[-1].start()

        def handle(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                serve(connection)

        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in [accepting, *threads]:
                thread.join(10)


def answering(text: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(text)

    return serve


# -- certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, in a file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a hub")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "hub.pem"
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "20")
        self.end_headers()
        self.wfile.write(b'{"distinct_id": "x"}')

    def log_message(self, *args: Any) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    handshakes = 0

    def get_request(self) -> Any:
        self.handshakes += 1
        return super().get_request()

    def handle_error(self, *args: Any) -> None:
        """Refused handshakes are what the tests are about."""


@pytest.fixture
def tls_hub(certificate: Path) -> Iterator[QuietServer]:
    server = QuietServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(url: str, **options: Any) -> Any:
    """Make one call by both clients, which must agree."""

    async def main() -> Any:
        async with AsyncSuprsend("k", "s", base_url=url, **options) as client:
            return await client.users.get("u")

    def outcome(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except SuprsendError as error:
            return error

    with Suprsend("k", "s", base_url=url, **options) as client:
        one, other = outcome(lambda: client.users.get("u")), outcome(lambda: asyncio.run(main()))
    if not isinstance(one, SuprsendError):
        assert one == other
        return one
    assert type(one) is type(other)
    same = set(vars(one)) - {"message"}  # the words of the system differ
    assert {name: vars(one)[name] for name in same} == {name: vars(other)[name] for name in same}
    raise one


def address(server: QuietServer) -> str:
    return f"https://127.0.0.1:{server.server_address[1]}/"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_ones_own_is_named_by_a_variable(
    variable: str, tls_hub: QuietServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variables of OpenSSL, and by those on which the official SDK's HTTP library relies."""
    monkeypatch.setenv(variable, str(certificate))
    assert get(address(tls_hub))["distinct_id"] == "x"


def test_the_variables_of_openssl_come_first(
    tls_hub: QuietServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nope")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert get(address(tls_hub))["distinct_id"] == "x"


def test_an_authority_of_ones_own_is_named_by_an_argument(tls_hub: QuietServer, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=certificate)
    for verify in (certificate, str(certificate), context):
        assert get(address(tls_hub), verify=verify)["distinct_id"] == "x"


def test_a_certificate_that_is_not_trusted_is_named_and_not_tried_again(tls_hub: QuietServer) -> None:
    """It cannot pass at the next attempt; the message says how to trust one's own authority, not that no hub runs."""
    with pytest.raises(SuprsendTransportError, match=r"is not trusted \(self.signed.*\).*SSL_CERT_FILE") as caught:
        get(address(tls_hub))
    assert "running" not in str(caught.value)
    assert (caught.value.maybe_applied, caught.value.retryable) == (False, False)
    assert tls_hub.handshakes == 2  # one of each client


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", None])
def test_certificates_that_do_not_exist_are_named_when_the_client_is_made(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {}
    if variable:
        monkeypatch.setenv(variable, "/no/such/file")
    else:
        options["verify"] = "/no/such/file"
    source = f"environment variable {variable}" if variable else "argument verify"
    expected = f"certificates not found: /no/such/file, set by the {source}, does not exist"
    for kind in (Suprsend, AsyncSuprsend):
        with pytest.raises(SuprsendConfigError, match=expected):
            kind("k", "s", base_url="https://hub.example/", **options)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("not a certificate")
    with pytest.raises(
        SuprsendConfigError, match=r"garbage\.pem, set by the argument verify, does not contain certificates"
    ):
        get("https://hub.example/", verify=garbage)


@pytest.mark.parametrize("verify", [True, False, 5])
def test_what_cannot_name_authorities_is_refused(verify: Any) -> None:
    with pytest.raises(SuprsendConfigError, match="verify must be"):
        Suprsend("k", "s", verify=verify)


def test_https_to_a_hub_without_tls_is_said(stub: Any) -> None:
    with pytest.raises(SuprsendTransportError, match="does not use TLS; should base_url start with http instead"):
        get(stub.url.replace("http:", "https:"))


# -- proxies


def test_a_hub_on_this_machine_is_reached_directly(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:9")
    assert get(stub.url)["distinct_id"] == "x"


def test_no_connection_through_a_proxy_names_proxy_and_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("http_proxy", proxy.replace("//", "//user:secret@"))
        with pytest.raises(SuprsendTransportError, match=r"no connection to http://hub\.example through") as caught:
            get("http://hub.example/", max_retries=0)
    assert f"the proxy {proxy} (set by the environment variable http_proxy)" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert (caught.value.maybe_applied, caught.value.retryable) == (False, True)


@pytest.mark.parametrize("url", ["http://hub.example/", "https://hub.example/"])
def test_a_proxy_that_asks_for_a_password_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with listening(answering(text)) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy)
        with pytest.raises(SuprsendTransportError, match=rf"the proxy http://{proxy} .*ALL_PROXY.*407") as caught:
            get(url)
    assert (caught.value.maybe_applied, caught.value.retryable) == (False, False)


def test_a_tunnel_that_a_proxy_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(answering(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy}")
        with pytest.raises(SuprsendTransportError, match=r"through the proxy .*502 Bad Gateway") as caught:
            get("https://hub.example/", max_retries=0)
    assert (caught.value.maybe_applied, caught.value.retryable) == (False, True)


# -- whatever fails


class CustomError(Exception):
    pass


@pytest.mark.parametrize(
    "error", [OSError("o"), ValueError("v"), KeyError("k"), ImportError("i"), AttributeError("a"), CustomError("c")]
)
def test_whatever_a_transport_raises_is_one_of_our_errors(error: Exception) -> None:
    """And has the cause attached; only what may pass is tried again."""
    calls = 0

    class Raises:
        def send(self, *args: Any) -> Response:
            nonlocal calls
            calls += 1
            raise error

        def close(self) -> None:
            pass

    with Suprsend("k", "s", transport=Raises(), max_retries=1) as client:
        with pytest.raises(SuprsendTransportError, match=type(error).__name__) as caught:
            client.users.get("u")
        assert caught.value.__cause__ is error
        assert caught.value.maybe_applied
    assert calls == (2 if isinstance(error, OSError) else 1)


@pytest.mark.parametrize(
    ("name", "applied"), [("getaddrinfo", False), ("create_connection", False), ("SSLContext", False)]
)
@pytest.mark.parametrize("error", [UnicodeError("u"), KeyError("k"), RuntimeError("r"), MemoryError("m")])
def test_whatever_fails_before_sending_is_ours_and_says_that_nothing_was_sent(
    name: str, applied: bool, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise error

    monkeypatch.setattr(ssl if name == "SSLContext" else socket, name, fails)
    with (
        Suprsend("k", "s", base_url="https://hub.example/", max_retries=0) as client,
        pytest.raises(SuprsendTransportError, match=f"{type(error).__name__}.*nothing was sent") as caught,
    ):
        client.users.get("u")
    assert caught.value.maybe_applied == applied


@pytest.mark.parametrize("error", [KeyError("k"), RuntimeError("r")])
def test_whatever_fails_while_reading_is_ours_and_says_that_the_call_may_have_been_applied(
    error: Exception, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import h11

    with Suprsend("k", "s", base_url=stub.url, max_retries=0) as client:

        def fails(*args: Any) -> Any:
            raise error

        monkeypatch.setattr(h11.Connection, "next_event", fails)
        with pytest.raises(SuprsendTransportError, match="may have been applied") as caught:
            client.users.get("u")
    assert caught.value.maybe_applied


@pytest.mark.parametrize(
    "text", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", b"SSH-2.0-OpenSSH_9\r\n", b"\x00"]
)
def test_broken_answers_are_ours(text: bytes) -> None:
    with (
        listening(answering(text)) as hub,
        pytest.raises(SuprsendTransportError, match=r"no answer from .*may have been applied"),
    ):
        get(f"http://{hub}/", max_retries=0)


def test_a_header_that_cannot_travel_is_ours() -> None:
    """The port is closed: the request is refused before a connection is asked for the rest of it."""
    with Suprsend("k", "s", base_url="http://127.0.0.1:9/") as client:
        client._caller._signer = type(client._caller._signer)("api_key", "u", "a\nb", "agent", "{}")
        with pytest.raises(SuprsendTransportError):
            client.with_options(max_retries=0).users.get("u")


# -- deadlines


def test_an_answer_that_trickles_ends_at_the_timeout() -> None:
    """The timeout is for the whole answer, not for each of its pieces."""

    def trickle(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        for _ in range(100):
            time.sleep(0.05)
            connection.sendall(b" ")

    with listening(trickle) as hub:
        started = time.monotonic()
        with pytest.raises(SuprsendTransportError, match=r"ReadTimeout after 0\.3 s"):
            get(f"http://{hub}/", timeout=0.3, max_retries=0)
        assert 0.6 <= time.monotonic() - started < 3  # two clients


def test_a_slow_answer_within_the_timeout_is_read_to_its_end() -> None:
    def slow(connection: socket.socket) -> None:
        for _ in range(2):  # on one connection: each answer has its own time
            if not connection.recv(65_536):
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{")
            for piece in (b'"distinct_id":', b' "x"}'):
                time.sleep(0.2)
                connection.sendall(piece)

    with listening(slow) as hub, Suprsend("k", "s", base_url=f"http://{hub}/", timeout=0.7) as client:
        assert [client.users.get("u"), client.users.get("u")] == [{"distinct_id": "x"}] * 2


def test_a_client_whose_connections_are_all_busy_says_so(stub: Any, reply: Any) -> None:
    stub.rule = lambda request: time.sleep(0.5) or reply(200)
    with Suprsend("k", "s", base_url=stub.url, timeout=(5, 5)) as client:
        client.users.get("u")
        pool = client._caller.transport._pools[os.getpid()]  # type: ignore[attr-defined]
        pool.connections._max_connections = 1
        with ThreadPoolExecutor(1) as executor:
            busy = executor.submit(client.users.get, "u")
            time.sleep(0.1)
            with pytest.raises(SuprsendTransportError, match="all connections of this client were busy") as caught:
                client.with_options(timeout=0.1, max_retries=0).users.get("u")
            assert busy.result()["distinct_id"] == "x"
    assert not caught.value.maybe_applied


# -- interruptions


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of a socket that was interrupted before anybody owned it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupted_calls_raise_what_interrupted_them_and_leak_no_connection(stub: Any, interrupt: Any) -> None:
    """The handler's exception comes through as it is, at whatever moment; afterwards the client works as before."""
    with Suprsend("k", "s", base_url=stub.url, timeout=(5, 5)) as client:
        client.users.get("u")
        interruptions = [interrupt(lambda: client.users.get("u"), 0.0001 + 0.000002 * n) for n in range(1500)]
        assert sum(interruptions) > 100
        assert client.users.get("u")["distinct_id"] == "x"
        pool = client._caller.transport._pools[os.getpid()]  # type: ignore[attr-defined]
        assert "Requests: 0 active, 0 queued | Connections: 0 active" in repr(pool.connections)


def test_calls_of_other_threads_end_on_the_pool_that_an_interruption_has_retired(stub: Any, reply: Any) -> None:
    stub.rule = lambda request: time.sleep(0.3 if "slow" in request.target else 0) or reply(200)
    with Suprsend("k", "s", base_url=stub.url) as client, ThreadPoolExecutor(4) as executor:
        slow = [executor.submit(client.users.get, f"slow{n}") for n in range(4)]
        time.sleep(0.1)
        client._caller.transport._pools.clear()  # type: ignore[attr-defined]
        assert client.users.get("u")["distinct_id"] == "x"
        assert [call.result()["distinct_id"] for call in slow] == ["x"] * 4
        gc.collect()
        assert len(client._caller.transport._pools) == 1  # type: ignore[attr-defined]


# -- event loops


def test_an_asyncio_client_has_one_pool_in_each_event_loop(stub: Any) -> None:
    """Two loops in two threads, in turns: two connections, not one for each call."""

    async def calls(client: AsyncSuprsend, mine: threading.Barrier) -> None:
        for _ in range(30):
            mine.wait(10)
            await client.users.get("u")

    barrier = threading.Barrier(2)
    client = AsyncSuprsend("k", "s", base_url=stub.url)
    threads = [threading.Thread(target=lambda: asyncio.run(calls(client, barrier))) for _ in range(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        gc.collect()
    assert stub.connections == 2
    assert client._caller.transport._leases == {}  # type: ignore[attr-defined]  # closed with their loops


def test_the_pool_of_an_event_loop_is_closed_with_it(stub: Any) -> None:
    """Nothing is left of hundreds of loops: no socket, no pool, no warning."""
    client = AsyncSuprsend("k", "s", base_url=stub.url)
    descriptors = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(client.users.get("u"))
        count = len(list(descriptors.iterdir()))
        for _ in range(100):
            asyncio.run(client.users.get("u"))
        gc.collect()
        assert abs(len(list(descriptors.iterdir())) - count) < 10  # the stub's ends go a little later
    assert client._caller.transport._leases == {}  # type: ignore[attr-defined]


def test_a_loop_that_was_closed_without_ceremony_leaves_no_pool(stub: Any) -> None:
    client = AsyncSuprsend("k", "s", base_url=stub.url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of asyncio, about what such a loop leaves open
        for _ in range(20):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(client.users.get("u"))
            loop.close()
        assert len(client._caller.transport._leases) == 1  # type: ignore[attr-defined]
        asyncio.run(client.users.get("u"))
        gc.collect()
    assert client._caller.transport._leases == {}  # type: ignore[attr-defined]


def test_an_asyncio_client_is_closed_in_one_loop_and_refuses_in_all(stub: Any) -> None:
    client = AsyncSuprsend("k", "s", base_url=stub.url)

    async def first() -> None:
        await client.users.get("u")
        await client.aclose()
        await client.aclose()

    asyncio.run(first())
    with pytest.raises(SuprsendConfigError, match="closed"):
        asyncio.run(client.users.get("u"))


UNCLOSED = """
import asyncio, sys, suprsend
client = suprsend.AsyncSuprsend("k", "s", base_url=sys.argv[1])
print(*[asyncio.run(client.users.get("u"))["distinct_id"] for _ in "ab"])
other = suprsend.Suprsend("k", "s", base_url=sys.argv[1])
print(other.users.get("u")["distinct_id"])
"""


def test_clients_that_are_never_closed_leave_nothing_to_warn_about(stub: Any) -> None:
    command = [sys.executable, "-W", "error", "-c", UNCLOSED, stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.stdout, result.stderr) == ("x x\nx\n", "")


# -- the first call of a client


FIRST_CALL = """
import os, resource, sys
import suprsend
client = suprsend.Suprsend("k", "s", base_url=sys.argv[1], max_retries=0)
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
edit = client.users.get_edit_instance("u")
edit.set_timezone("Europe/Paris")
for call in (lambda: client.users.async_edit(edit), lambda: client.users.get("u")):
    try:
        call()
    except suprsend.SuprsendTransportError as error:
        print(error.maybe_applied)
for descriptor in held:
    os.close(descriptor)
print(client.users.async_edit(edit)["success"])
"""


def test_a_first_call_without_a_file_descriptor_left_is_an_error_of_the_family(stub: Any) -> None:
    """The HTTP library is imported when the client is created, and a later call works."""
    command = [sys.executable, "-c", FIRST_CALL, stub.url]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.stdout, result.stderr) == ("False\nFalse\nTrue\n", "")


CREATED_TOO_LATE = """
import os, sys
import suprsend
sys.modules["httpcore2"] = None  # the import fails, as with all file descriptors used, or at the end of the program
for kind in (suprsend.Suprsend, suprsend.AsyncSuprsend):
    try:
        kind("k", "s")
    except suprsend.SuprsendConfigError as error:
        print(error.message[:55])
"""


def test_a_client_that_cannot_load_its_http_library_says_so() -> None:
    result = subprocess.run(
        [sys.executable, "-c", CREATED_TOO_LATE], capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.stdout, result.stderr) == ("the HTTP library of the client cannot be imported (Modu\n" * 2, "")


# -- an exhausted stack


def test_calls_with_little_stack_left_end_with_an_error_of_the_family(sender: Suprsend) -> None:
    """At any depth: what is raised inside the SDK is one of its errors, and the client works afterwards."""
    edit = sender.users.get_edit_instance("u")
    edit.set("name", "Ada")
    bulk = sender.users.get_bulk_edit_instance()
    calls = [
        lambda: sender.users.get("u"),
        lambda: sender.users.async_edit(edit),
        lambda: sender.users.edit(edit),
        lambda: sender.users.delete("u"),
        lambda: sender.subscriber_lists.add("l", ["u"]),
        lambda: bulk.append(edit),
        lambda: next(sender.users.iter_users(), None),
        lambda: sender.users.bulk_edit([edit]).result(),
    ]
    client = sender.with_options(max_retries=0)
    assert client.users.get("u")

    def at(depth: int, call: Callable[[], object]) -> object:
        return at(depth - 1, call) if depth else call()

    room = sys.getrecursionlimit() - len(inspect.stack(0))
    ended: collections.Counter[str] = collections.Counter()
    for call in calls:
        for left in range(1, 140):
            result = ended_as(at, room - left, call)
            assert result in {"done", "an error of the SDK", "at", "<lambda>"}
            ended[result] += 1
    assert ended["an error of the SDK"] > 100
    assert ended["done"] > 100
    assert sender.users.get("u")["distinct_id"] == "x"


def ended_as(at: Callable[[int, Any], object], depth: int, call: Callable[[], object]) -> str:
    """Call at a depth; return how it ended: with RecursionError, the function that raised it."""
    try:
        at(depth, call)
    except suprsend.SuprsendError:
        return "an error of the SDK"
    except RecursionError as error:
        return traceback.extract_tb(error.__traceback__)[-1].name
    return "done"
