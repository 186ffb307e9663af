"""Find out who visits a page: read the session cookie, find the grant of the workspace, read and check forms.

Views get a `Visit` (signed in) or a `Desk` (signed in, in a workspace) and never look at cookies themselves.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from msgspec.structs import replace

from suprsend_hub.console import cookies
from suprsend_hub.console.paths import Paths, segment
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.domain.actor import Actor, ActorKind
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.console import Grant, Role
from suprsend_hub.domain.errors import Forbidden, InvalidRequest, NotFound, TooLarge, Unauthenticated
from suprsend_hub.domain.ids import parse_ulid
from suprsend_hub.service.console_access import SignedIn
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.web.body import BODIES, BodyReader
from suprsend_hub.web.clients import client_address, user_agent
from suprsend_hub.web.request_ids import request_id

FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
MAX_FORM_BYTES = 1_048_576
"""The same limit as for a body of the API."""
_MAX_FIELDS = 100

log = structlog.get_logger("suprsend_hub.console")


class SignInNeeded(Unauthenticated):
    """The visitor is not signed in."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of a console user who is signed in."""

    request: HubRequest
    who: SignedIn

    @property
    def services(self) -> Services:
        """Return the services of this process."""
        return self.request.services

    @property
    def actor(self) -> Actor:
        """Return the actor: the console user, and where the request comes from."""
        return replace(visitor(self.request), kind=ActorKind.CONSOLE_USER, name=self.who.user.name)

    @property
    def form_token(self) -> str:
        """Return a new token for the forms of this page."""
        return self.services.console_access.signer.form_token(self.who.session.nonce)

    async def form(self) -> dict[str, str]:
        """Return the fields of a posted form; Forbidden if it does not come from a page of this session."""
        fields = await read_form(self.request)
        if not self.services.console_access.signer.check_form_token(fields.get(FORM_TOKEN, ""), self.who.session.nonce):
            raise wrong_form_token()
        return fields


@dataclass(frozen=True, slots=True)
class Desk(Visit):
    """A visit to a workspace to which the console user has access."""

    grant: Grant

    @property
    def workspace_id(self) -> int:
        """Return the id of the workspace."""
        return self.grant.workspace_id

    @property
    def paths(self) -> Paths:
        """Return the addresses of the workspace's pages."""
        return Paths(self.grant.workspace_name)

    @property
    def may_edit(self) -> bool:
        """Tell whether the console user may make changes here."""
        return self.grant.role is Role.EDITOR

    def page_request(self, rows: int) -> PageRequest:
        """Return the requested page, of that many rows."""
        query = self.request.query_params
        return PageRequest(rows, query.get("after") or None, query.get("before") or None)

    def newest_before(self) -> UUID | None:
        """Return the record before which a log starts; None if it starts with the newest."""
        text = self.request.query_params.get("before", "")
        try:
            return parse_ulid(text) if text else None
        except InvalidRequest as error:
            raise InvalidRequest(
                "This page does not exist. Start with the newest.", code=Code.INVALID_CURSOR
            ) from error

    def require_editor(self) -> None:
        """Raise Forbidden for viewers."""
        if not self.may_edit:
            raise Forbidden(
                f"You can view workspace {self.grant.workspace_name}, but not change it. "
                "Ask the operator of this hub for the role of an editor.",
                code=Code.EDITOR_NEEDED,
            )


async def read_visit(request: HubRequest) -> Visit:
    """Return the visit of a signed-in console user; SignInNeeded otherwise."""
    token = cookies.read_cookie(request, cookies.SESSION)
    who = await request.services.console_access.resolve(token) if token else None
    if who is None:
        raise SignInNeeded("Sign in first.", code=Code.SIGN_IN_NEEDED)
    return Visit(request, who)


async def read_desk(request: HubRequest) -> Desk:
    """Return the visit to the workspace in the path. NotFound without access, which does not reveal that it exists."""
    visit = await read_visit(request)
    name = segment(str(request.path_params["workspace"]))
    for grant in visit.who.grants:
        if grant.workspace_name == name:
            return Desk(request, visit.who, grant)
    raise NotFound("Workspace not found, or you do not have access to it.", code=Code.WORKSPACE_NOT_FOUND)


async def read_form(request: HubRequest) -> dict[str, str]:
    """Return the fields of a posted form, with line ends as newlines. Of fields with the same name, the last counts."""
    bodies: BodyReader = request.app.state[BODIES]
    try:
        body = await bodies.read(request.scope, request.receive, MAX_FORM_BYTES)
    except TooLarge as error:
        raise TooLarge(f"The form is larger than {MAX_FORM_BYTES} bytes.", code=Code.FORM_TOO_LARGE) from error
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # UnicodeError is a ValueError
        raise InvalidRequest("The form could not be read.", code=Code.INVALID_FORM) from error
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def wrong_form_token() -> Forbidden:
    """Return the error for a form that does not come from a page of this session."""
    return Forbidden("This form is out of date. Go back, load the page again and repeat.", code=Code.WRONG_FORM_TOKEN)


def visitor(request: HubRequest) -> Actor:
    """Return the sender of a request as an actor without an identity, before sign-in."""
    header = request.headers.get("user-agent", "").encode("latin-1", "replace")
    address = client_address(request.scope, request.services.trusted_proxies)
    return Actor(ActorKind.NOBODY, "", user_agent(header), address, request_id(request.scope))


def hub_address(request: HubRequest) -> str:
    """Return the address at which clients reach this hub, with a slash at the end."""
    return (request.services.public_url or str(request.base_url)).rstrip("/") + "/"
