"""Who looks at a page: the session cookie read, the workspace's grant found, forms read and checked.

Views get a `Visit` (signed in) or a `Desk` (signed in, in a workspace) and never look at cookies themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import structlog
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency

from suprsend_hub.console.paths import Paths, segment
from suprsend_hub.domain.console import SOURCE_PREFIX, Grant, Role
from suprsend_hub.domain.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from suprsend_hub.request_body import BodyReader
from suprsend_hub.service.console_access import ConsoleAccessService, SignedIn
from suprsend_hub.service.console_search import ConsoleSearchService
from suprsend_hub.service.console_users import ConsoleUserService
from suprsend_hub.service.lists import ListService
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.rejected import RejectedService
from suprsend_hub.service.subscriptions import SubscriptionService
from suprsend_hub.service.workspaces import WorkspaceService

HubRequest: TypeAlias = Request[Any, Any, State]

SESSION_COOKIE = "suprsend_hub_session"
VISIT_COOKIE = "suprsend_hub_visit"
THEME_COOKIE = "suprsend_hub_theme"
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
MAX_FORM_BYTES = 1_048_576
"""As much as the API takes in one body."""
_MAX_FIELDS = 100

log = structlog.get_logger("suprsend_hub.console")


@dataclass(frozen=True, slots=True)
class Services:
    """What the pages call. `public_url`: where clients reach the hub, if the operator has said so."""

    access: ConsoleAccessService
    console_users: ConsoleUserService
    search: ConsoleSearchService
    recipients: RecipientService
    subscriptions: SubscriptionService
    lists: ListService
    rejected: RejectedService
    workspaces: WorkspaceService
    bodies: BodyReader
    public_url: str | None


class SignInNeeded(Unauthenticated):
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    request: HubRequest
    services: Services
    who: SignedIn

    @property
    def form_token(self) -> str:
        """A fresh token for the forms of this page."""
        return self.services.access.signer.form_token(self.who.session.nonce)

    async def form(self) -> dict[str, str]:
        """The fields of a posted form; Forbidden if it was not one of our own pages of this session."""
        fields = await read_form(self.request, self.services)
        if not self.services.access.signer.check_form_token(fields.get(FORM_TOKEN, ""), self.who.session.nonce):
            raise wrong_form_token()
        return fields


@dataclass(frozen=True, slots=True)
class Desk(Visit):
    """A visit to a workspace that was granted."""

    grant: Grant

    @property
    def workspace_id(self) -> int:
        """The workspace at hand."""
        return self.grant.workspace_id

    @property
    def paths(self) -> Paths:
        """The addresses of its pages."""
        return Paths(self.grant.workspace_name)

    @property
    def may_edit(self) -> bool:
        """Whether the console user may change things here."""
        return self.grant.role is Role.EDITOR

    @property
    def source(self) -> str:
        """What the history names as the origin of an edit."""
        return f"{SOURCE_PREFIX}{self.who.user.name}"

    def require_editor(self) -> None:
        """Forbidden for viewers."""
        if not self.may_edit:
            raise Forbidden(
                f"You may look at workspace {self.grant.workspace_name}, not change it. "
                "Whoever runs this hub can make you an editor.",
                code="editor_needed",
            )


async def read_visit(request: HubRequest, services: NamedDependency[Services]) -> Visit:
    """The visit of a signed-in console user; SignInNeeded otherwise."""
    token = request.cookies.get(SESSION_COOKIE)
    who = await services.access.resolve(token) if token else None
    if who is None:
        raise SignInNeeded("Sign in first.", code="sign_in_needed")
    return Visit(request, services, who)


async def read_desk(request: HubRequest, services: NamedDependency[Services]) -> Desk:
    """The visit to the workspace in the path. A workspace not granted is not found: its existence is not told."""
    visit = await read_visit(request, services)
    name = segment(str(request.path_params["workspace"]))
    for grant in visit.who.grants:
        if grant.workspace_name == name:
            return Desk(request, services, visit.who, grant)
    raise NotFound("There is no such workspace, or it is not yours to see.", code="workspace_not_found")


async def read_form(request: HubRequest, services: Services) -> dict[str, str]:
    """The fields of a posted form, the last one of equal names; every line end is a newline."""
    body = await services.bodies.read(request.receive, MAX_FORM_BYTES)
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # UnicodeError is one
        raise InvalidRequest("The form could not be read.", code="invalid_form") from error
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def wrong_form_token() -> Forbidden:
    """The refusal of a form that did not come from our page of this session."""
    return Forbidden("This form is out of date. Go back, load the page again and repeat.", code="wrong_form_token")


def theme_of(cookies: Mapping[str, str]) -> str:
    """The colours a visitor chose: `light`, `dark`, or `auto` for the system's."""
    theme = cookies.get(THEME_COOKIE)
    return theme if theme in ("light", "dark") else "auto"


def is_secure(request: HubRequest, services: Services) -> bool:
    """Whether the browser came over TLS, as far as we know: then cookies travel over TLS only."""
    return request.url.scheme == "https" or (services.public_url or "").startswith("https://")


def client_address(request: HubRequest) -> str:
    """The address that a request came from."""
    return request.client.host if request.client else "unknown"


def hub_address(request: HubRequest, services: Services) -> str:
    """Where clients reach this hub, with a slash at the end."""
    return (services.public_url or str(request.base_url)).rstrip("/") + "/"
