"""`/v1/tenant/`, and `/v1/brand/` as older SDKs call it: page, read, save and delete tenants."""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_offset
from suprsend_hub.api.bodies.tenant import parse_tenant
from suprsend_hub.api.handlers import delete, get, post
from suprsend_hub.api.rendering import brand_object, encode, tenant_object
from suprsend_hub.api.requests import ApiRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.ids import check_tenant_id


def tenant_id_of(encoded: str) -> str:
    """Return the tenant id of a path segment, in lower case."""
    return check_tenant_id(segment(encoded, "tenant_id"))


def _brand_id_of(encoded: str) -> str:
    return check_tenant_id(segment(encoded, "brand_id"), "brand_id")


@get("/v1/tenant/")
async def list_tenants(request: ApiRequest) -> Answer:
    """Return tenants by `limit` (20) and `offset` (0), newest first."""
    limit, offset = parse_offset(request.query_params)
    rows, count = await request.services.tenants.page(request.caller.workspace_id, limit=limit, offset=offset)
    meta = {"count": count, "limit": limit, "offset": offset}
    return Answer(encode({"meta": meta, "results": [tenant_object(row) for row in rows]}))


@get("/v1/tenant/{tenant_id:str}/")
async def get_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Return one tenant; 404 if unknown."""
    row = await request.services.tenants.get(request.caller.workspace_id, tenant_id_of(tenant_id))
    return Answer(encode(tenant_object(row)))


@post("/v1/tenant/{tenant_id:str}/")
async def save_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Create a tenant, or change the given fields. 201 in both cases."""
    caller = request.caller
    row = await request.services.tenants.save(
        caller.actor, caller.workspace_id, tenant_id_of(tenant_id), parse_tenant(caller.json_or({}))
    )
    return Answer(encode(tenant_object(row)), 201)


@delete("/v1/tenant/{tenant_id:str}/", status_code=204)
async def delete_tenant(request: ApiRequest, tenant_id: FromPath[str]) -> None:
    """Delete a tenant with the profiles for it; 404 if unknown."""
    caller = request.caller
    await request.services.tenants.delete(caller.actor, caller.workspace_id, tenant_id_of(tenant_id))


@get("/v1/brand/")
async def list_brands(request: ApiRequest) -> Answer:
    """Return tenants as brands."""
    limit, offset = parse_offset(request.query_params)
    rows, count = await request.services.tenants.page(request.caller.workspace_id, limit=limit, offset=offset)
    meta = {"count": count, "limit": limit, "offset": offset}
    return Answer(encode({"meta": meta, "results": [brand_object(row) for row in rows]}))


@get("/v1/brand/{brand_id:str}/")
async def get_brand(request: ApiRequest, brand_id: FromPath[str]) -> Answer:
    """Return one tenant as a brand; 404 if unknown."""
    row = await request.services.tenants.get(request.caller.workspace_id, _brand_id_of(brand_id))
    return Answer(encode(brand_object(row)))


@post("/v1/brand/{brand_id:str}/")
async def save_brand(request: ApiRequest, brand_id: FromPath[str]) -> Answer:
    """Create a tenant, or change the given fields, as a brand. 201 in both cases."""
    caller = request.caller
    change = parse_tenant(caller.json_or({}), name_field="brand_name")
    row = await request.services.tenants.save(caller.actor, caller.workspace_id, _brand_id_of(brand_id), change)
    return Answer(encode(brand_object(row)), 201)


@delete("/v1/brand/{brand_id:str}/", status_code=204)
async def delete_brand(request: ApiRequest, brand_id: FromPath[str]) -> None:
    """Delete a tenant with the profiles for it; 404 if unknown."""
    caller = request.caller
    await request.services.tenants.delete(caller.actor, caller.workspace_id, _brand_id_of(brand_id))


HANDLERS = (
    list_tenants,
    get_tenant,
    save_tenant,
    delete_tenant,
    list_brands,
    get_brand,
    save_brand,
    delete_brand,
)
