"""Answers of the API: finished bytes with a status."""

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from suprsend_hub.web.body import is_unread, pass_by_unread

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class Answer(Response[bytes]):
    """A finished body with a status, a content type and optional headers.

    The framework's own response collects headers and cookies from every layer of the application. The API has none of
    these, and collecting them took as long as reading the request.
    """

    def __init__(
        self, body: bytes, status_code: int = 200, *, content_type: str = JSON, headers: Mapping[str, str] | None = None
    ) -> None:
        self.content = body
        self.status_code = status_code
        self._content_type = content_type
        self._more_headers = headers or {}

    def to_asgi_response(self, *_args: object, **_settings: Any) -> ASGIApp:  # type: ignore[override]
        """Return an application that sends this answer; there is nothing to merge."""
        return self.respond

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send this answer (an ASGI application)."""
        headers = [
            (b"content-type", self._content_type.encode()),
            (b"content-length", b"%d" % len(self.content)),
        ]
        for name, value in self._more_headers.items():
            headers.append((name.lower().encode(), value.encode("latin-1")))
        unread = is_unread(scope)
        if unread:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status_code or 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})
        if unread:
            await pass_by_unread(scope, receive)
