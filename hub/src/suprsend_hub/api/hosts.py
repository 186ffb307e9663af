"""Refuse requests to another host name than the hub's own. The console, which answers with pages, does it itself.

A `Host` that cannot be one is refused here everywhere: nobody's browser sends it.
"""

from collections.abc import Awaitable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.errors import error_body
from suprsend_hub.domain.codes import Code
from suprsend_hub.web.hosts import Hosts, is_console, malformed_host


def checking_hosts(app: ASGIApp, hosts: Hosts) -> ASGIApp:
    """Return middleware that lets only requests to well-formed host names of the hub's own pass."""

    def middleware(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != ScopeType.HTTP:
            return app(scope, receive, send)
        refusal = malformed_host(scope)
        if refusal is None:
            refusal = None if is_console(scope) else hosts.refusal(scope)
            if refusal is None:
                return app(scope, receive, send)
        return Answer(error_body(400, Code.WRONG_HOST, refusal), 400).respond(scope, receive, send)

    return middleware
