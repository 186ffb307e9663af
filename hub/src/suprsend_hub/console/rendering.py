"""Render templates: the Jinja environment, the security headers, compression.

Every page goes through `html`. Autoescaping is on for everything; undefined names are errors.
"""

import gzip
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response

from suprsend_hub.console import formats, paths
from suprsend_hub.console.assets import asset
from suprsend_hub.console.cookies import theme_of
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.console.visits import Desk, Visit

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_COMPRESS_ABOVE_BYTES = 1024

_environment = Environment(
    loader=FileSystemLoader(str(files("suprsend_hub.console"))),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.globals.update(asset=asset, with_query=paths.with_query, sign_in_path=paths.SIGN_IN, paths_of=paths.Paths)
_environment.filters.update(formats.FILTERS)


def html(request: HubRequest, template: str, *, status: int = 200, **context: Any) -> Response[bytes]:
    """Return a page for visitors who are not signed in."""
    text = _environment.get_template(template).render(
        theme=theme_of(request), here=here(request), sign_out_path=paths.SIGN_OUT, theme_path=paths.THEME,
        **context,
    )  # fmt: skip
    return content(request, text.encode("utf-8", "replace"), "text/html", status=status)


def page(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Response[bytes]:
    """Return a page for a signed-in user; the page of a workspace if the visit is a desk."""
    desk = visit if isinstance(visit, Desk) else None
    return html(
        visit.request, template, status=status,
        visit=visit, desk=desk, paths=desk.paths if desk else None, may_edit=bool(desk and desk.may_edit),
        form_token=visit.form_token, **context,
    )  # fmt: skip


def content(request: HubRequest, body: bytes, media_type: str, *, status: int = 200) -> Response[bytes]:
    """Return bytes with the security headers, compressed if the browser accepts that."""
    headers = {**SECURITY_HEADERS, "Vary": "Accept-Encoding, Cookie"}
    if len(body) > _COMPRESS_ABOVE_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status_code=status, media_type=media_type, headers=headers)


def redirect(location: str) -> Response[bytes]:
    """Redirect to another page after a form (303)."""
    return Response(b"", status_code=303, headers={**SECURITY_HEADERS, "Location": location})


def here(request: HubRequest) -> str:
    """Return the requested path and query, to come back to this page."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1")  # the router strips a trailing slash from `path`
    return path + (f"?{query}" if query else "")


def local_path(text: str) -> str:
    """Return `text` if it is a path of the console, else the console's root; a link must not lead elsewhere."""
    parts = urlsplit(text)
    harmless = not parts.scheme and not parts.netloc and "\\" not in text and text.isascii() and text.isprintable()
    return text if harmless and parts.path.startswith(paths.ROOT) else paths.ROOT
