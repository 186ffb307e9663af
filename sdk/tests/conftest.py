"""Fixtures of all SDK tests: clients, golden vectors, a recording stub server on the loopback interface.

The environment is scrubbed, so that no variable of the machine changes a result.
"""

import asyncio
import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from suprsend import Suprsend

KEY = "WSKEY_example_0000000000"
SECRET = "SECRET_example_000000000000"


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    drop: bool = False  # close the connection without an answer


# Has what the answers of all calls have.
WHOLE: dict[str, Any] = {
    **dict.fromkeys(("distinct_id", "object_type", "id", "list_id", "tenant_id", "brand_id", "rule"), "x"),
    **dict.fromkeys(("category", "preference", "default_preference"), "x"),
    **{key: [] for key in ("results", "not_found", "not_read", "sections", "channel_preferences")},
    **{key: {} for key in ("meta", "user", "from_user")},
    "success": True,
    "send": True,
    "affected_count": 0,
}


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer with a JSON body, or with the given text or bytes; by default, a success has what each call wants."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, (str, bytes)):
        content = body.encode() if isinstance(body, str) else body
        return Answer(status, content, {"Content-Type": "text/plain", **names})
    default = WHOLE if status < 300 else {}
    return Answer(
        status, json.dumps(default if body is None else body).encode(), {"Content-Type": "application/json", **names}
    )


OK = answer(202, "OK")
Rule = Callable[[Recorded], Answer]


class Stub:
    """A real HTTP server that records what it gets and answers by a rule, or with the next of a list of answers."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.connections = 0
        self.rule: Rule = lambda request: OK if request.target.endswith("/event/") else answer(200)
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                stub.connections += 1

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Recorded(self.command, self.path, headers, body)
                stub.requests.append(request)
                reply = stub.rule(request)
                if reply.drop:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if reply.status != 204:
                    self.wfile.write(reply.body)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815  # names of the base class

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def reply(self, *answers: Answer) -> None:
        """Give these answers in turn, and the last one for ever."""
        left = list(answers)
        lock = threading.Lock()

        def rule(request: Recorded) -> Answer:
            with lock:
                return left.pop(0) if len(left) > 1 else left[0]

        self.rule = rule

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if re.fullmatch(r"suprsend_.*|.*_proxy|ssl_cert_(file|dir)|(requests|curl)_ca_bundle", name, re.IGNORECASE):
            monkeypatch.delenv(name)


@pytest.fixture
def client() -> Iterator[Suprsend]:
    """A client that never sends."""
    with Suprsend(KEY, SECRET) as made:
        yield made


@pytest.fixture
def strict_client() -> Iterator[Suprsend]:
    """A client in strict mode that never sends."""
    with Suprsend(KEY, SECRET, strict=True) as made:
        yield made


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture
def reply() -> Callable[..., Answer]:
    """Make an answer of the stub: ``reply(status, json_or_text, Header_Name="…")``."""
    return answer


@pytest.fixture
def whole() -> dict[str, Any]:
    """The body of an answer that has what the answers of all calls have."""
    return dict(WHOLE)


@pytest.fixture
def dropped() -> Answer:
    """The answer that never comes: the connection is closed."""
    return Answer(drop=True)


@pytest.fixture
def sender(stub: Stub) -> Iterator[Suprsend]:
    """A client of the stub, which waits almost nothing between attempts."""
    with Suprsend(KEY, SECRET, base_url=stub.url) as made:
        yield _quick(made)


@pytest.fixture
def quick() -> Callable[[Any], Any]:
    """Make the pauses of a client short; the rules stay."""
    return _quick


def _quick(client: Any) -> Any:
    from dataclasses import replace

    client._caller.policy = replace(client._caller.policy, base_s=0.001, cap_s=0.002)
    return client


class SoftLimitError(Exception):
    """Raised by a signal handler, wherever the program is: as Celery's soft time limit."""


@pytest.fixture
def interrupt() -> Iterator[Callable[[Callable[[], Any], float], bool]]:
    """Call a function and interrupt it after some seconds; say whether the interruption came out of it."""
    armed = False

    def handler(signum: int, frame: Any) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise SoftLimitError

    def interrupted(call: Callable[[], Any], after_s: float) -> bool:
        nonlocal armed
        armed = True
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, after_s)
                call()
            finally:
                armed = False  # what comes now is too late
        except SoftLimitError:
            return True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return False

    before = signal.signal(signal.SIGALRM, handler)
    yield interrupted
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def run() -> Callable[[Any], Any]:
    """Run a coroutine to its end."""
    return asyncio.run


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Any]:
    folder = Path(__file__).parents[2] / "contract" / "vectors"
    return lambda name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
