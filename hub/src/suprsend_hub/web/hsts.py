"""Tell browsers to come back over TLS only."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_HEADER = (b"strict-transport-security", b"max-age=31536000")
"""A year; of this host only, because its neighbours are not ours."""


def with_hsts(app: ASGIApp) -> ASGIApp:
    """Return middleware that adds the header to every answer. For a hub whose public address is https."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], _HEADER]
            await send(message)

        await app(scope, receive, send_with_header if scope["type"] == ScopeType.HTTP else send)

    return middleware
