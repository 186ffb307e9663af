"""List, create and revoke API keys. A new key is shown once. Viewers see the list, which contains no secrets."""

from litestar import Response, get, post
from litestar.di import NamedDependency

from suprsend_hub.console.rendering import page, redirect
from suprsend_hub.console.visits import Desk, hub_address

_MAX_NAME_CHARS = 64
_NOTICES = {"revoked": "The key has been revoked. Running hubs refuse it within seconds."}


async def _credentials(
    desk: Desk, *, status: int = 200, typed: str = "", error: str = "", new_key: str = ""
) -> Response[bytes]:
    name = desk.grant.workspace_name
    workspace = await desk.services.workspaces.get(name)
    keys = await desk.services.workspaces.list_api_keys(name)
    return page(
        desk, "credentials/credentials.html", status=status, section="credentials", workspace=workspace,
        keys=sorted(keys, key=lambda key: (key.revoked_at is not None, -key.api_key_id.int)), typed=typed, error=error,
        new_key=new_key, address=hub_address(desk.request),
        notice=_NOTICES.get(desk.request.query_params.get("done", "")),
    )  # fmt: skip


@get("/w/{workspace:str}/credentials/")
async def credentials_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """List the keys by name and last characters."""
    return await _credentials(desk)


@post("/w/{workspace:str}/credentials/create/", status_code=200)
async def create_key(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Create a key and show it; no other answer shows it."""
    desk.require_editor()
    fields = await desk.form()
    name = fields.get("name", "").strip()
    if not 1 <= len(name) <= _MAX_NAME_CHARS or not name.isprintable():
        problem = f"Enter 1 to {_MAX_NAME_CHARS} printable characters."
        return await _credentials(desk, status=422, typed=name, error=problem)
    created = await desk.services.workspaces.create_api_key(desk.actor, desk.grant.workspace_name, name)
    return await _credentials(desk, new_key=created.api_key)


@post("/w/{workspace:str}/credentials/revoke/", status_code=200)
async def revoke_key(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Revoke a key."""
    desk.require_editor()
    fields = await desk.form()
    api_key_id = fields.get("api_key_id", "")
    await desk.services.workspaces.revoke_api_key(desk.actor, desk.grant.workspace_name, api_key_id)
    return redirect(f"{desk.paths.credentials()}?done=revoked")


HANDLERS = (credentials_page, create_key, revoke_key)
