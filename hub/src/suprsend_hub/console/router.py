"""Assemble the console's routes in one router, with their dependencies and error pages."""

from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from suprsend_hub.console.assets import get_asset
from suprsend_hub.console.categories import views as categories
from suprsend_hub.console.credentials import views as credentials
from suprsend_hub.console.errors import StatusOf, error_handlers
from suprsend_hub.console.lists import views as lists
from suprsend_hub.console.objects import views as objects
from suprsend_hub.console.paths import Paths
from suprsend_hub.console.recipient import edit_views, preference_views, tenant_views
from suprsend_hub.console.recipient import views as recipient
from suprsend_hub.console.recipient.shared import UnknownRecipient, show_unknown
from suprsend_hub.console.rejected import views as rejected
from suprsend_hub.console.rendering import page, redirect
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.console.sign_in import views as sign_in
from suprsend_hub.console.tenants import views as tenants
from suprsend_hub.console.users import views as users
from suprsend_hub.console.visits import Visit, read_desk, read_visit
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.web.hosts import HOSTS, Hosts


@get("/")
async def home(visit: NamedDependency[Visit]) -> Response[bytes]:
    """Redirect to the users of the first workspace; without access to any workspace, show what to do."""
    if visit.who.grants:
        return redirect(Paths(visit.who.grants[0].workspace_name).users())
    return page(visit, "shared/no_workspace.html")


@get("/w/{workspace:str}/")
async def workspace_home(workspace: FromPath[str]) -> Response[bytes]:
    """Redirect from a workspace's address to its users."""
    return redirect(f"/console/w/{workspace}/users/")


@get("/{rest:path}")
async def nothing_here(rest: FromPath[str]) -> Response[bytes]:
    """Answer any other address below the console's."""
    raise NotFound(f"No page at {rest[:200]}. Check the address.", code=Code.NO_SUCH_PAGE)


async def _check_host(request: HubRequest) -> None:
    hosts: Hosts = request.app.state[HOSTS]
    refusal = hosts.refusal(request.scope)
    if refusal is not None:
        raise InvalidRequest(f"{refusal[0].upper()}{refusal[1:]}.", code=Code.WRONG_HOST)


def console_router(*, status_of: StatusOf) -> Router:
    """Return the router with all pages of the console, below `/console`."""
    handlers = error_handlers(status_of) | {UnknownRecipient: show_unknown}
    return Router(
        path="/console",
        route_handlers=[
            home,
            workspace_home,
            get_asset,
            *sign_in.HANDLERS,
            *users.HANDLERS,
            *recipient.HANDLERS,
            *edit_views.HANDLERS,
            *tenant_views.HANDLERS,
            *preference_views.HANDLERS,
            *objects.HANDLERS,
            *lists.HANDLERS,
            *tenants.HANDLERS,
            *categories.HANDLERS,
            *rejected.HANDLERS,
            *credentials.HANDLERS,
            nothing_here,
        ],
        request_class=HubRequest,
        before_request=_check_host,  # type: ignore[arg-type]  # its request is of the class above
        dependencies={
            "visit": Provide(read_visit),
            "desk": Provide(read_desk),
        },
        exception_handlers=handlers,  # type: ignore[arg-type]  # Litestar types them invariantly
        include_in_schema=False,
    )
