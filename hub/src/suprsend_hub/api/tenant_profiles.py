"""`/v1/user/{id}/tenant/`: users within tenants. Lists of them are at `associated_tenant` as well, as SDKs say."""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_page
from suprsend_hub.api.bodies.profile import parse_patch, parse_upsert
from suprsend_hub.api.handlers import delete, get, patch, post
from suprsend_hub.api.rendering import encode, merged_user_object, page_json
from suprsend_hub.api.requests import BINDS_KEY, ApiRequest
from suprsend_hub.api.tenants import tenant_id_of
from suprsend_hub.api.users import user_key
from suprsend_hub.domain.wire import Json

_PATH = "/v1/user/{distinct_id:str}/tenant/{tenant_id:str}/"


@get(_PATH)
async def get_user_within_tenant(request: ApiRequest, distinct_id: FromPath[str], tenant_id: FromPath[str]) -> Answer:
    """Return what applies to a user within a tenant, and what the tenant set; 404 if either is unknown."""
    caller = request.caller
    view = await request.services.tenant_profiles.get(user_key(caller, distinct_id), tenant_id_of(tenant_id))
    return Answer(encode(merged_user_object(view, caller.workspace.tenancy)))


@post(_PATH, opt={BINDS_KEY: True})
async def upsert_user_within_tenant(
    request: ApiRequest, distinct_id: FromPath[str], tenant_id: FromPath[str]
) -> Answer:
    """Create or update the profile of a user within a tenant. 201 in both cases."""
    return await _edit(request, distinct_id, tenant_id, parse_upsert(request.caller.json_or({})), 201)


@patch(_PATH, opt={BINDS_KEY: True})
async def edit_user_within_tenant(request: ApiRequest, distinct_id: FromPath[str], tenant_id: FromPath[str]) -> Answer:
    """Apply operations to the profile of a user within a tenant, all or none. 202 as for users."""
    return await _edit(request, distinct_id, tenant_id, parse_patch(request.caller.json_or({})), 202)


async def _edit(request: ApiRequest, distinct_id: str, tenant_id: str, operations: list[Json], status: int) -> Answer:
    caller = request.caller
    view = await request.services.tenant_profiles.edit(
        caller.actor,
        user_key(caller, distinct_id),
        tenant_id_of(tenant_id),
        operations,
        tenancy=caller.workspace.tenancy,
        request=caller.request_key,
        size_bytes=len(caller.body),
    )
    return Answer(encode(merged_user_object(view, caller.workspace.tenancy)), status)


@delete(_PATH, status_code=204)
async def unlink_user(request: ApiRequest, distinct_id: FromPath[str], tenant_id: FromPath[str]) -> None:
    """Delete the profile of a user within a tenant; the user stays. 404 if there is none."""
    caller = request.caller
    await request.services.tenant_profiles.unlink(caller.actor, user_key(caller, distinct_id), tenant_id_of(tenant_id))


async def _page(request: ApiRequest, distinct_id: str) -> Answer:
    caller = request.caller
    page = await request.services.tenant_profiles.page_of_user(
        user_key(caller, distinct_id), parse_page(request.query_params)
    )
    return Answer(page_json(page, lambda view: merged_user_object(view, caller.workspace.tenancy)))


@get("/v1/user/{distinct_id:str}/tenant/")
async def list_tenants_of_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return a page of the tenants that a user is linked with, as the documentation says."""
    return await _page(request, distinct_id)


@get("/v1/user/{distinct_id:str}/associated_tenant/")
async def list_associated_tenants(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return the same page, as the SDKs ask for it."""
    return await _page(request, distinct_id)


HANDLERS = (
    get_user_within_tenant,
    upsert_user_within_tenant,
    edit_user_within_tenant,
    unlink_user,
    list_tenants_of_user,
    list_associated_tenants,
)
