"""`/hub/v1/tenancy/`: the workspace's rules about users and tenants. The route is this hub's own."""

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.tenancy import parse_tenancy
from suprsend_hub.api.handlers import get, patch
from suprsend_hub.api.rendering import encode
from suprsend_hub.api.requests import SCOPE, ApiRequest
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.tenancy import tenancy_to_wire


@get("/hub/v1/tenancy/", opt={SCOPE: Scope.MANAGE})
async def get_tenancy(request: ApiRequest) -> Answer:
    """Return the rules."""
    return Answer(encode(tenancy_to_wire(await request.services.tenancy.get(request.caller.workspace_id))))


@patch("/hub/v1/tenancy/", opt={SCOPE: Scope.MANAGE})
async def change_tenancy(request: ApiRequest) -> Answer:
    """Change the rules that are given. Running hubs follow within seconds."""
    caller = request.caller
    changed = await request.services.tenancy.change(
        caller.actor, caller.workspace_id, caller.workspace.name, parse_tenancy(caller.json())
    )
    return Answer(encode(tenancy_to_wire(changed)))


HANDLERS = (get_tenancy, change_tenancy)
