"""Refuse requests to another host name than the hub's own. The console, which answers with pages, does it itself."""

from collections.abc import Awaitable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.errors import error_body
from suprsend_hub.domain.codes import Code
from suprsend_hub.web.hosts import Hosts, is_console


def checking_hosts(app: ASGIApp, hosts: Hosts) -> ASGIApp:
    """Return middleware that lets only requests to the hub's own host names pass."""

    def middleware(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        refusal = hosts.refusal(scope) if scope["type"] == ScopeType.HTTP else None
        if refusal is None or is_console(scope):
            return app(scope, receive, send)
        return Answer(error_body(400, Code.WRONG_HOST, refusal), 400).respond(scope, receive, send)

    return middleware
