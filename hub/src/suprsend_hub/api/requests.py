"""From an HTTP request to an authenticated one: credentials, raw body within its limit, JSON.

Credentials are looked up first, from the head; a body that cannot become anything is not kept. A signature is checked
when the body is there, because it covers its bytes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State

from suprsend_hub.domain.console import SOURCE_PREFIX
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import insert_key
from suprsend_hub.domain.wire import Json
from suprsend_hub.request_body import BodyReader
from suprsend_hub.service.credentials import CredentialService, SignedRequest, Workspace
from suprsend_hub.service.health import HealthService
from suprsend_hub.service.lists import ListService
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.subscriptions import SubscriptionService

MAX_EVENT_BODY_BYTES = 2_621_440
"""2.5 MiB for `/event/`: 400 records of 10,240 bytes as Node counts them (UTF-16 units, up to three bytes each)."""
MAX_BODY_BYTES = 1_048_576
"""1 MiB for every other body."""
_MAX_SOURCE_CHARS = 120
_MAX_IDEMPOTENCY_KEY_CHARS = 255

_decoder = msgspec.json.Decoder()


@dataclass(slots=True)
class Caller:
    """An authenticated request: for which workspace, from what client, with which body."""

    workspace: Workspace
    source: str
    body: bytes
    idempotency_key: UUID | None = None

    @property
    def workspace_id(self) -> int:
        """The workspace the request acts for."""
        return self.workspace.workspace_id

    def json(self) -> Json:
        """The body as JSON; InvalidRequest if it is none."""
        return decode_json(self.body)


@dataclass(frozen=True, slots=True)
class ApiServices:
    """What the API's handlers call."""

    credentials: CredentialService
    health: HealthService
    lists: ListService
    recipients: RecipientService
    subscriptions: SubscriptionService
    bodies: BodyReader


SERVICES = "api_services"
"""Under this name the application's state holds the `ApiServices`."""


class ApiRequest(Request[None, Caller, State]):
    """A request to the API.

    Handlers take nothing else: resolving services and caller as the framework's dependencies starts a task for each and
    made up half the cost of a request.
    """

    @property
    def caller(self) -> Caller:
        """Who sends it, and what: there once `authenticate` has run, which the API's router sees to."""
        caller: Caller = self.scope["auth"]
        return caller

    @property
    def services(self) -> ApiServices:
        """The services of this process."""
        services: ApiServices = self.app.state[SERVICES]
        return services


async def authenticate(request: ApiRequest) -> None:
    """Check the credentials and read the body, before every handler of the API."""
    scope = request.scope
    headers = dict(scope["headers"])  # names are in lower case; of one that is given twice the last counts
    credentials = request.services.credentials
    is_read = scope["method"] in ("GET", "HEAD")
    claim = await credentials.look_up(_text(headers, b"authorization"), patiently=not is_read)
    body = await _read_body(request, headers, keep=claim.may_hold)
    workspace = credentials.confirm(
        claim,
        SignedRequest(
            method=scope["method"],
            raw_path=scope["raw_path"],  # the router strips a trailing slash from `path`
            query=scope["query_string"],
            body=body,
            content_type=_text(headers, b"content-type"),
            date=_text(headers, b"date") or _text(headers, b"x-amz-date") or "",
        ),
    )
    key = _text(headers, b"idempotency-key")
    user_agent = _text(headers, b"user-agent") or ""
    scope["auth"] = Caller(
        workspace, _source(user_agent[:_MAX_SOURCE_CHARS]), body, None if key is None else _idempotency_key(key)
    )


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


async def _read_body(request: ApiRequest, headers: Mapping[bytes, bytes], *, keep: bool) -> bytes:
    """The body; nothing, after the same work, if it is not to be kept."""
    if (
        request.scope["http_version"].startswith("1")
        and b"transfer-encoding" not in headers
        and headers.get(b"content-length", b"0") == b"0"
    ):
        return b""  # HTTP/1 announces a body
    limit = MAX_EVENT_BODY_BYTES if request.scope["path"].startswith("/event") else MAX_BODY_BYTES
    bodies = request.services.bodies
    if keep:
        return await bodies.read(request.receive, limit)
    await bodies.pass_by(request.receive, limit, hashlib.md5(usedforsecurity=False).update)
    return b""


def decode_json(body: bytes) -> Json:
    """Any JSON value; InvalidRequest, saying where, for what is none."""
    try:
        value: Json = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}", code="invalid_json") from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply", code="too_deep") from error
    return value


@lru_cache(maxsize=1024)
def _source(user_agent: str) -> str:
    """What the history names as the origin of an edit. A client cannot pass for a person at the console."""
    text = "".join(char if char.isprintable() else "?" for char in user_agent).lstrip()
    if text.lower().startswith(SOURCE_PREFIX.strip()):
        text = f"api client '{text}'"
    return text[:_MAX_SOURCE_CHARS] or "api"


def _idempotency_key(header: str) -> UUID:
    if not header.strip() or len(header) > _MAX_IDEMPOTENCY_KEY_CHARS:
        raise InvalidRequest(
            f"Idempotency-Key must have 1 to {_MAX_IDEMPOTENCY_KEY_CHARS} characters", code="invalid_idempotency_key"
        )
    return insert_key(header)
