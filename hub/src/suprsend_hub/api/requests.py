"""Authenticate HTTP requests, and read their bodies within limits and as JSON.

Credentials are looked up first, from the head. If they are unknown, the request is answered before its body is read. A
signature covers the body, so it is verified afterwards.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State

from suprsend_hub.api.bodies.flaws import find_flaw
from suprsend_hub.api.signature import SignedRequest, read_authorization
from suprsend_hub.domain.actor import Actor, Scope
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Forbidden, InvalidRequest, Unauthenticated
from suprsend_hub.domain.ids import request_key
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.credentials import Identity, Workspace
from suprsend_hub.service.request_keys import check_unbound
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import RequestKey
from suprsend_hub.web.body import BodyReader
from suprsend_hub.web.clients import client_address, user_agent
from suprsend_hub.web.request_ids import request_id

MAX_EVENT_BODY_BYTES = 2_621_440
"""2.5 MiB for `/event/`: 400 records of 10,240 bytes as Node counts them (UTF-16 units, up to three bytes each)."""
MAX_BODY_BYTES = 1_048_576
"""1 MiB for every other body."""
_MAX_IDEMPOTENCY_KEY_CHARS = 255
_READS = frozenset({"GET", "HEAD"})
_DECISIVE_HEADERS = frozenset({b"authorization", b"content-type", b"date", b"x-amz-date", b"idempotency-key"})
_GO = re.compile(rb"suprsend/[0-9.]+;go/")
"""How the vendor's Go SDK introduces itself."""
SCOPE = "scope"
"""Option of a route: the scope that it needs, where the method does not say."""
BINDS_KEY = "binds_key"
"""Option of a route that binds the `Idempotency-Key` to its request. Other writes refuse a key that is bound."""
SERVICE_TOKEN = "service_token"  # noqa: S105 - the name of an option
"""Option of a route of the vendor's management interface: it takes API keys behind `ServiceToken` as well."""
_NO_SERVICE_TOKEN = "ServiceToken not found"  # noqa: S105 - the vendor's words

_OTHER_FORMS = (
    (b"\x1f\x8b", "it is compressed; send it uncompressed"),
    (b"\xef\xbb\xbf", "it begins with a byte order mark; send UTF-8 without one"),
    (b"\xff\xfe", "it is UTF-16; send UTF-8"),
    (b"\xfe\xff", "it is UTF-16; send UTF-8"),
)
"""How bodies begin that are not what they should be, and what to say instead of the decoder's words."""
_decoder = msgspec.json.Decoder()


class Caller(msgspec.Struct):
    """The authenticated sender of a request, with the workspace and the body."""

    workspace: Workspace
    actor: Actor
    method: str
    body: bytes
    idempotency_key: UUID | None = None

    @property
    def workspace_id(self) -> int:
        """Return the id of the workspace that the request acts for."""
        return self.workspace.workspace_id

    def request_key(self, key: RecipientKey, part: str = "") -> RequestKey | None:
        """Return the `Idempotency-Key` with a digest of what the request asks for: method, recipient, part, body."""
        if self.idempotency_key is None:
            return None
        digest = hashlib.sha256(f"{self.method}\0{key.object_type}\0{key.recipient_id}\0{key.tenant_no}\0".encode())
        if part:
            digest.update(f"{part}\0".encode())
        digest.update(self.body)
        return RequestKey(self.idempotency_key, digest.digest())

    def json(self) -> Json:
        """Return the body as JSON; InvalidRequest if it is something else."""
        return decode_json(self.body)

    def json_or(self, default: Json) -> Json:
        """Return the body as JSON, or the default for a request without a body."""
        return self.json() if self.body else default


class ApiRequest(Request[None, Caller, State]):
    """A request to the API.

    Handlers take nothing else: resolving services and caller as the framework's dependencies starts a task for each and
    made up half the cost of a request.
    """

    services: ClassVar[Services]
    """The services of this process."""
    bodies: ClassVar[BodyReader]

    @classmethod
    def bound_to(cls, services: Services, bodies: BodyReader) -> type["ApiRequest"]:
        """Return the class of requests to one application. An attribute is faster than the application's state."""
        return type(cls.__name__, (cls,), {"services": services, "bodies": bodies})

    @property
    def caller(self) -> Caller:
        """Return the sender, whom `authenticate` has set before every handler of the API."""
        caller: Caller = self.scope["auth"]
        return caller


async def authenticate(request: ApiRequest) -> None:
    """Check the credentials and read the body, before every handler of the API."""
    scope = request.scope
    method, fields = scope["method"], scope["headers"]
    headers = dict(fields)  # names are in lower case
    services = request.services
    options = scope["route_handler"].opt
    is_read = method in _READS
    bodies = _announced_body(request, headers)
    if len(headers) != len(fields):  # type: ignore[arg-type]  # servers pass a list
        _refuse_repetition(fields)
    is_management = SERVICE_TOKEN in options
    presented, signature = read_authorization(_text(headers, b"authorization"), takes_service_tokens=is_management)
    agent = headers.get(b"user-agent", b"")
    try:
        claim = services.credentials.recall(presented)
        if claim is None:
            claim = await services.credentials.look_up(presented, patiently=not is_read)
        body = b""
        if bodies is not None:
            limit = MAX_EVENT_BODY_BYTES if scope["path"].startswith("/event") else MAX_BODY_BYTES
            body = await bodies.read(scope, request.receive, limit)
        proof = SignedRequest(
            signature,
            method,
            scope["raw_path"],  # the router strips a trailing slash from `path`
            scope["query_string"],
            body,
            _text(headers, b"content-type"),
            _text(headers, b"date") or _text(headers, b"x-amz-date") or "",
            _GO.match(agent) is not None,
        )
        identity = services.credentials.confirm(claim, proof)
    except Unauthenticated as error:
        if not is_management:
            raise
        raise Unauthenticated(_NO_SERVICE_TOKEN, code=error.code, detail=error.detail) from error
    needed = options.get(SCOPE) or (Scope.READ if is_read else Scope.WRITE)
    _check_scope(needed, identity)
    actor = Actor(
        identity.kind,
        identity.name,
        user_agent(agent),
        client_address(scope, services.trusted_proxies),
        request_id(scope),
    )
    header = _text(headers, b"idempotency-key")
    key = None if header is None else _idempotency_key(header)
    if key is not None and needed is not Scope.READ and BINDS_KEY not in options:
        await check_unbound(services.database, identity.workspace.workspace_id, key)
    scope["auth"] = Caller(identity.workspace, actor, method, body, key)


def _check_scope(needed: Scope, identity: Identity) -> None:
    """Raise Forbidden unless the credentials have the scope that the request needs."""
    if needed not in identity.scopes:
        raise Forbidden(f"these credentials lack the scope `{needed.value}`", code=Code.MISSING_SCOPE)


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _refuse_repetition(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """InvalidRequest if a header that decides who sends what is there twice: a proxy may have looked at the other."""
    seen = set()
    for name, _ in headers:
        if name in seen and name in _DECISIVE_HEADERS:
            raise InvalidRequest(f"the request has two headers {name.decode()}; send one", code=Code.INVALID_REQUEST)
        seen.add(name)


def _announced_body(request: ApiRequest, headers: Mapping[bytes, bytes]) -> BodyReader | None:
    """Return the reader of a body that may follow, which HTTP/1 announces, and note that nobody has read it."""
    if (
        headers.get(b"content-length", b"0") == b"0"
        and b"transfer-encoding" not in headers
        and request.scope["http_version"].startswith("1")
    ):
        return None
    request.bodies.leave_unread(request.scope)
    return request.bodies


def decode_json(body: bytes) -> Json:
    """Return any JSON value; InvalidRequest, saying where, for other text."""
    try:
        value: Json = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        flaw = find_flaw(body)
        reason = next(
            (text for start, text in _OTHER_FORMS if body.startswith(start)), flaw.reason if flaw else str(error)
        )
        raise InvalidRequest(f"the body is not valid JSON: {reason}", code=Code.INVALID_JSON) from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply", code=Code.TOO_DEEP) from error
    return value


def _idempotency_key(header: str) -> UUID:
    if not header.strip() or len(header) > _MAX_IDEMPOTENCY_KEY_CHARS:
        raise InvalidRequest(
            f"Idempotency-Key must have 1 to {_MAX_IDEMPOTENCY_KEY_CHARS} characters", code=Code.INVALID_IDEMPOTENCY_KEY
        )
    return request_key(header)
