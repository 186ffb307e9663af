"""From an HTTP request to an authenticated one: raw body within its limit, credentials, JSON.

The body is read before anything looks at it, because the signature covers its bytes.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency

from suprsend_hub.domain.console import SOURCE_PREFIX
from suprsend_hub.domain.errors import InvalidRequest, TimedOut, TooLarge
from suprsend_hub.domain.ids import insert_key
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.credentials import CredentialService, SignedRequest, Workspace

HubRequest: TypeAlias = Request[Any, Any, State]

MAX_EVENT_BODY_BYTES = 2_621_440
"""2.5 MiB for `/event/`: 400 records of 10,240 bytes as Node counts them (UTF-16 units, up to three bytes each)."""
MAX_BODY_BYTES = 1_048_576
"""1 MiB for every other body."""
_MAX_DRAINED_BYTES = 16_777_216
"""How much of a body above its limit is read and thrown away, so that the client gets to see the answer."""
_MAX_SOURCE_CHARS = 120
_MAX_IDEMPOTENCY_KEY_CHARS = 255

_decoder = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
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


async def authenticate(
    request: HubRequest, credentials: NamedDependency[CredentialService], request_timeout_s: NamedDependency[float]
) -> Caller:
    """Read the body and check the credentials of a request."""
    limit = MAX_EVENT_BODY_BYTES if request.scope["path"].startswith("/event") else MAX_BODY_BYTES
    try:
        async with asyncio.timeout(request_timeout_s):
            body = await _read_body(request, limit)
    except TimeoutError as error:
        raise TimedOut(f"the body did not arrive within {request_timeout_s:g} seconds") from error
    headers = request.headers
    workspace = await credentials.authenticate(
        SignedRequest(
            method=request.method,
            raw_path=request.scope["raw_path"],  # the router strips a trailing slash from `path`
            query=request.scope["query_string"],
            body=body,
            authorization=headers.get("authorization"),
            content_type=headers.get("content-type"),
            date=headers.get("date") or headers.get("x-amz-date") or "",
        )
    )
    return Caller(workspace, _source(headers.get("user-agent")), body, _idempotency_key(headers.get("idempotency-key")))


async def _read_body(request: HubRequest, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > _MAX_DRAINED_BYTES:
            break
    if size > limit:
        raise TooLarge(f"the body is larger than {limit} bytes; send fewer records at once", code="body_too_large")
    return b"".join(chunks)


def decode_json(body: bytes) -> Json:
    """Any JSON value; InvalidRequest, saying where, for what is none."""
    try:
        value: Json = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}", code="invalid_json") from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply", code="too_deep") from error
    return value


def _source(user_agent: str | None) -> str:
    """What the history names as the origin of an edit. A client cannot pass for a person at the console."""
    text = "".join(char if char.isprintable() else "?" for char in user_agent or "").lstrip()
    if text.lower().startswith(SOURCE_PREFIX.strip()):
        text = f"api client '{text}'"
    return text[:_MAX_SOURCE_CHARS] or "api"


def _idempotency_key(header: str | None) -> UUID | None:
    if header is None:
        return None
    if not header.strip() or len(header) > _MAX_IDEMPOTENCY_KEY_CHARS:
        raise InvalidRequest(
            f"Idempotency-Key must have 1 to {_MAX_IDEMPOTENCY_KEY_CHARS} characters", code="invalid_idempotency_key"
        )
    return insert_key(header)
