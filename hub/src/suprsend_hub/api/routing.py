"""Route on the raw path: each segment is decoded after the path has been split, so `a%2Fb` is one id.

Servers pass a decoded path, in which an id with a slash looks like two segments. The middleware replaces it with the
raw path; handlers decode their segments with `segment`. Signatures are verified over `raw_path`, which stays as it is.
"""

import re
from collections.abc import Awaitable
from urllib.parse import unquote_to_bytes

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.errors import error_body
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest

_PLUS_FOR_SPACE = re.compile(rb"suprsend/0\.[0-9.]+;python/")
"""The vendor's Python SDKs up to 0.18; the later ones have another name. They sign the path as they write it."""


def raw_path_routing(app: ASGIApp) -> ASGIApp:
    """Return middleware that lets the application route on the undecoded path.

    It rejects an empty segment (`//`), because the router would collapse it and reach another resource. The segments
    `.` and `..` pass; the check of ids rejects them.
    """

    def middleware(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == ScopeType.HTTP:
            raw_path = scope.get("raw_path") or scope["path"].encode()
            if b"//" in raw_path:
                answer = Answer(error_body(404, Code.NO_SUCH_PATH, "the path has an empty segment (//)"), 404)
                return answer.respond(scope, receive, send)
            scope["raw_path"] = raw_path
            path = raw_path
            if b"+" in raw_path and _writes_plus(scope):
                path = raw_path.replace(b"+", b"%20")
            scope["path"] = path.decode("latin-1")
        return app(scope, receive, send)

    return middleware


def _writes_plus(scope: Scope) -> bool:
    """Tell whether the client is an SDK that writes a space in a path as `+` (and a plus as `%2B`)."""
    return any(name == b"user-agent" and _PLUS_FOR_SPACE.match(value) for name, value in scope["headers"])


def segment(encoded: str, what: str) -> str:
    """Decode one path segment: percent-escapes are UTF-8, `+` is a plus.

    Raises InvalidRequest if the bytes are not UTF-8.
    """
    if "%" not in encoded and encoded.isascii():
        return encoded
    try:
        return unquote_to_bytes(encoded.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{what} in the path is not UTF-8", code=Code.INVALID_PATH) from error
