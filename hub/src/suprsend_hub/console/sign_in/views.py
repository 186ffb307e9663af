"""Show the sign-in page, use one-time links, sign out here or everywhere, and choose colours.

Before there is a session, a cookie with a random nonce ties the sign-in form to the browser that loaded it.
So an attacker cannot sign a visitor in under another name.
"""

import secrets

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.console import paths
from suprsend_hub.console.cookies import BROWSER, SESSION, THEME, VISIT, read_cookie, set_cookie
from suprsend_hub.console.rendering import html, local_path, redirect
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.console.visits import (
    FORM_TOKEN,
    SignInNeeded,
    Visit,
    read_form,
    read_visit,
    visitor,
    wrong_form_token,
)
from suprsend_hub.domain.errors import RateLimited, Unauthenticated
from suprsend_hub.service.console_access import Admission
from suprsend_hub.service.console_tokens import SESSION_S

_YEAR_S = 365 * 24 * 3600


@get("/sign-in/")
async def sign_in_page(request: HubRequest) -> Response[bytes]:
    """Show the form; redirect a visitor who is signed in already."""
    back = request.query_params.get("next", "")
    try:
        await read_visit(request)
        return redirect(local_path(back))
    except SignInNeeded:
        return _form(request, back=back)


@post("/sign-in/", status_code=200)
async def sign_in(request: HubRequest) -> Response[bytes]:
    """Check name and password."""
    fields = await _visitors_form(request)
    name, back = fields.get("name", ""), fields.get("next", "")
    try:
        admission = await request.services.console_access.sign_in(
            visitor(request), name, fields.get("password", ""), browser=read_cookie(request, BROWSER)
        )
    except Unauthenticated as error:
        return _form(request, status=401, name=name, back=back, error=error.message)
    except RateLimited as error:
        return _form(request, status=429, name=name, back=back, error=error.message)
    return _signed_in(request, admission, local_path(back))


async def _visitors_form(request: HubRequest) -> dict[str, str]:
    """Return the fields of a form that the hub gave this browser before there was a session."""
    fields = await read_form(request)
    nonce = read_cookie(request, VISIT)
    if not nonce or not request.services.console_access.signer.check_form_token(fields.get(FORM_TOKEN, ""), nonce):
        raise wrong_form_token()
    return fields


def _form(
    request: HubRequest, *, status: int = 200, name: str = "", back: str = "", error: str = ""
) -> Response[bytes]:
    return _visitors_page(request, "sign_in/sign_in.html", status=status, name=name, back=back, error=error)


def _visitors_page(request: HubRequest, template: str, *, status: int = 200, **context: object) -> Response[bytes]:
    """Return a page with a form for a browser without a session."""
    nonce = read_cookie(request, VISIT) or secrets.token_urlsafe(16)
    form_token = request.services.console_access.signer.form_token(nonce)
    response = html(request, template, status=status, form_token=form_token, **context)
    return set_cookie(response, request, VISIT, nonce, None)


def _signed_in(request: HubRequest, admission: Admission, location: str) -> Response[bytes]:
    response = set_cookie(redirect(location), request, BROWSER, admission.browser, _YEAR_S)
    return set_cookie(response, request, SESSION, admission.session, SESSION_S)


@get("/sign-in/link/{token:str}/", sync_to_thread=False)
def link_page(
    request: HubRequest,
    token: FromPath[str],  # noqa: ARG001 - the form posts to its own address
) -> Response[bytes]:
    """Show a button. Chats and mail programs load a link for a preview, which must not use it up."""
    return _visitors_page(request, "sign_in/link.html")


@post("/sign-in/link/{token:str}/", status_code=200)
async def use_link(request: HubRequest, token: FromPath[str]) -> Response[bytes]:
    """Sign in with a one-time link. If the browser is signed in already, a used link changes nothing."""
    await _visitors_form(request)
    try:
        admission = await request.services.console_access.use_link(visitor(request), token)
    except Unauthenticated as error:
        try:
            await read_visit(request)
        except SignInNeeded:
            return _form(request, status=401, error=error.message)
        return redirect(paths.ROOT)
    return _signed_in(request, admission, paths.ROOT)


@post("/sign-out/", status_code=200)
async def sign_out(visit: NamedDependency[Visit]) -> Response[bytes]:
    """End this session, or all sessions of this console user."""
    fields = await visit.form()
    if fields.get("everywhere"):
        await visit.services.console_users.sign_out(visit.actor, visit.who.user.name)
    else:
        await visit.services.console_access.sign_out(visit.actor, visit.who.session)
    return set_cookie(redirect(paths.SIGN_IN), visit.request, SESSION, "", 0)


@post("/theme/", status_code=200)
async def choose_theme(request: HubRequest) -> Response[bytes]:
    """Keep the choice of colours in a cookie. This is harmless, so it needs neither session nor token."""
    fields = await read_form(request)
    theme = fields.get("theme", "")
    theme = theme if theme in ("light", "dark") else "auto"
    return set_cookie(redirect(local_path(fields.get("back", ""))), request, THEME, theme, _YEAR_S)


HANDLERS = (sign_in_page, sign_in, link_page, use_link, sign_out, choose_theme)
