"""Give every request an id, which appears in the answer, in log lines and in the audit log.

A valid `X-Request-Id` of the caller is used, so that you can follow an id through several systems.
"""

import random
import re
from collections.abc import Awaitable
from contextvars import ContextVar

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

_HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._:/+=-]{1,64}")
_SCOPE_KEY = "request_id"
_logged: ContextVar[str] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}{_SCOPE_KEY}")
"""Merged into log lines by its name. `bind_contextvars` would look for such a variable at each request."""


def with_request_ids(app: ASGIApp) -> ASGIApp:
    """Return middleware that gives each request an id and adds it to the answer and to the request's log lines."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        id_ = _own_id(scope) or random.getrandbits(128).to_bytes(16, "big").hex().encode()
        text = id_.decode()
        scope[_SCOPE_KEY] = text  # type: ignore[literal-required]  # servers and frameworks leave unknown keys alone
        _logged.set(text)

        def send_with_id(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_HEADER, id_)]
            return send(message)

        await app(scope, receive, send_with_id)

    return middleware


def request_id(scope: Scope) -> str:
    """Return the id of the request, or '' outside the middleware."""
    id_: str = scope.get(_SCOPE_KEY, "")  # type: ignore[assignment]
    return id_


def _own_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return value if _SANE.fullmatch(value) else None
    return None
