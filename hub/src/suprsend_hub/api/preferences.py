"""Preferences: `…/preference/` of users, objects and tenants, and of many users at once.

Users and objects have the same routes below their own paths, and share the handlers.
"""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_offset
from suprsend_hub.api.bodies.preferences import (
    DEFAULT_LIMIT,
    PreferenceQuery,
    parse_bulk_reset,
    parse_bulk_update,
    parse_category_update,
    parse_channels_update,
    parse_full_update,
    parse_query,
    parse_tenant_update,
)
from suprsend_hub.api.bodies.query import parse_flag
from suprsend_hub.api.handlers import get, patch
from suprsend_hub.api.rendering import encode
from suprsend_hub.api.requests import BINDS_KEY, ApiRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.choices import Operation
from suprsend_hub.domain.ids import check_distinct_id, check_object_id, check_object_type, check_tenant_id
from suprsend_hub.domain.preference_views import (
    category_page,
    category_preference,
    channel_preferences,
    full_preference,
)
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenant_views import tenant_category, tenant_category_page, tenant_preference
from suprsend_hub.service.preferences import PreferenceView, TenantView

_TENANT = "/v1/tenant/{tenant_id:str}"


def _both(path: str) -> list[str]:
    """Return the paths of a route for users and for objects."""
    return [
        f"/v1/user/{{distinct_id:str}}/preference/{path}",
        f"/v1/object/{{object_type:str}}/{{object_id:str}}/preference/{path}",
    ]


def _key(request: ApiRequest) -> RecipientKey:
    """Return the user or the object that the path names."""
    named, workspace_id = request.path_params, request.caller.workspace_id
    if "distinct_id" in named:
        return RecipientKey.user(workspace_id, check_distinct_id(segment(named["distinct_id"], "distinct_id")))
    return RecipientKey(
        workspace_id,
        check_object_type(segment(named["object_type"], "object_type")),
        check_object_id(segment(named["object_id"], "object_id")),
    )


def _slug(request: ApiRequest) -> str:
    return segment(request.path_params["category"], "category")


async def _view(request: ApiRequest, asked: PreferenceQuery) -> PreferenceView:
    return await request.services.preferences.view(_key(request), asked.tenant_id, locale=asked.locale)


async def _choose(
    request: ApiRequest, asked: PreferenceQuery, operations: list[Operation], what: str, *, single: bool = False
) -> PreferenceView:
    """Apply choices. `what` is the part of the path that a reused `Idempotency-Key` would not fit."""
    service, key = request.services.preferences, _key(request)
    tenant = await service.tenant_view(key.workspace_id, asked.tenant_id, locale=asked.locale, patiently=True)
    request_key = request.caller.request_key(key._replace(tenant_no=tenant.tenant_no), f"preference/{what}")
    return await service.choose(request.caller.actor, key, operations, tenant, request=request_key, single=single)


def _full(view: PreferenceView, asked: PreferenceQuery) -> Answer:
    body = full_preference(
        view.document, view.viewpoint, show_opt_out_channels=asked.show_opt_out_channels, tags=asked.tags
    )
    return Answer(encode(body))


def _category(view: PreferenceView, slug: str, asked: PreferenceQuery, status: int = 200) -> Answer:
    placed = view.tenant.find(slug)
    body = category_preference(placed, view.viewpoint, show_opt_out_channels=asked.show_opt_out_channels)
    return Answer(encode(body), status)


def _channels(view: PreferenceView, status: int = 200) -> Answer:
    return Answer(encode({"channel_preferences": channel_preferences(view.viewpoint)}), status)


@get(_both(""))
async def get_preference(request: ApiRequest) -> Answer:
    """Return all preferences of a recipient, by section and by channel."""
    asked = parse_query(request.query_params)
    return _full(await _view(request, asked), asked)


@patch(_both(""), opt={BINDS_KEY: True})
async def update_preference(request: ApiRequest) -> Answer:
    """Choose for channels and categories, all or nothing. 200 with all preferences, as upstream."""
    asked = parse_query(request.query_params)
    operations = parse_full_update(request.caller.json_or({}))
    return _full(await _choose(request, asked, operations, ""), asked)


@get(_both("channel_preference/"))
async def get_channel_preference(request: ApiRequest) -> Answer:
    """Return the preferences for channels."""
    return _channels(await _view(request, parse_query(request.query_params)))


@patch(_both("channel_preference/"), opt={BINDS_KEY: True})
async def update_channel_preference(request: ApiRequest) -> Answer:
    """Restrict channels to mandatory notifications. 202 with all channels, as upstream."""
    operation = parse_channels_update(request.caller.json_or({}))
    asked = parse_query(request.query_params)
    return _channels(await _choose(request, asked, [operation], "channel_preference/"), 202)


@get(_both("category/"))
async def list_categories(request: ApiRequest) -> Answer:
    """Return a page of the categories that a recipient sees, by `limit` (10) and `offset` (0)."""
    asked = parse_query(request.query_params)
    limit, offset = parse_offset(request.query_params, default_limit=DEFAULT_LIMIT)
    view = await _view(request, asked)
    body = category_page(
        view.document,
        view.viewpoint,
        limit=limit,
        offset=offset,
        show_opt_out_channels=asked.show_opt_out_channels,
        tags=asked.tags,
    )
    return Answer(encode(body))


@get(_both("category/{category:str}/"))
async def get_category(request: ApiRequest) -> Answer:
    """Return one category with what is in force for a recipient; 404 if unknown."""
    asked = parse_query(request.query_params)
    return _category(await _view(request, asked), _slug(request), asked)


@patch(_both("category/{category:str}/"), opt={BINDS_KEY: True})
async def update_category(request: ApiRequest) -> Answer:
    """Choose for one category. 202 with the category, as upstream."""
    slug, asked = _slug(request), parse_query(request.query_params)
    operation = parse_category_update(slug, request.caller.json_or({}))
    view = await _choose(request, asked, [operation], f"category/{slug}", single=True)
    return _category(view, slug, asked, 202)


async def _choose_for_many(request: ApiRequest, ids: list[str], operations: list[Operation]) -> Answer:
    service, caller = request.services.preferences, request.caller
    tenant = await service.tenant_view(caller.workspace_id, parse_query(request.query_params).tenant_id, patiently=True)
    await service.choose_for_many(caller.actor, caller.workspace_id, ids, operations, tenant)
    return Answer(encode({"success": True}), 202)


@patch("/v1/bulk/user/preference/")
async def update_many(request: ApiRequest) -> Answer:
    """Make the same choices for many users; skip unknown ones."""
    ids, operations = parse_bulk_update(request.caller.json_or({}))
    return await _choose_for_many(request, ids, operations)


@patch("/v1/bulk/user/preference/reset/")
async def reset_many(request: ApiRequest) -> Answer:
    """Forget the choices of many users; skip unknown ones."""
    ids, operation = parse_bulk_reset(request.caller.json_or({}))
    return await _choose_for_many(request, ids, [operation])


# Tenants --------------------------------------------------------------------------------------------------------------


async def _tenant_view(request: ApiRequest, tenant_id: str) -> TenantView:
    named, asked = check_tenant_id(segment(tenant_id, "tenant_id")), parse_query(request.query_params)
    return await request.services.preferences.tenant_view(request.caller.workspace_id, named, locale=asked.locale)


@get(f"{_TENANT}/preference/")
async def get_tenant_preference(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Return what a tenant sets for all categories, by root category and section."""
    view = await _tenant_view(request, tenant_id)
    return Answer(encode(tenant_preference(view.document, view.overrides)))


@get([f"{_TENANT}/preference/category/", f"{_TENANT}/category/"])
async def list_tenant_categories(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Return a page of what a tenant sets for categories, by `limit` (10) and `offset` (0)."""
    query = request.query_params
    limit, offset = parse_offset(query, default_limit=DEFAULT_LIMIT)
    view = await _tenant_view(request, tenant_id)
    body = tenant_category_page(
        view.document,
        view.overrides,
        limit=limit,
        offset=offset,
        tags=parse_query(query).tags,
        include_disabled=parse_flag(query, "include_disabled"),
    )
    return Answer(encode(body))


@get(f"{_TENANT}/preference/category/{{category:str}}/")
async def get_tenant_category(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Return what a tenant sets for one category; 404 if unknown."""
    view = await _tenant_view(request, tenant_id)
    return Answer(encode(tenant_category(view.find(_slug(request)), view.overrides)))


async def _override(request: ApiRequest, tenant_id: str, status: int) -> Answer:
    slug, caller = _slug(request), request.caller
    named = check_tenant_id(segment(tenant_id, "tenant_id"))
    operation = parse_tenant_update(slug, caller.json_or({}))
    view = await request.services.preferences.override(
        caller.actor, caller.workspace_id, named, operation, locale=parse_query(request.query_params).locale
    )
    return Answer(encode(tenant_category(view.find(slug), view.overrides)), status)


@patch(f"{_TENANT}/preference/category/{{category:str}}/")
async def update_tenant_category(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Change what a tenant sets for a category. 200 as upstream, where the deprecated path answers 202."""
    return await _override(request, tenant_id, 200)


@patch(f"{_TENANT}/category/{{category:str}}/")
async def update_tenant_category_deprecated(request: ApiRequest, tenant_id: FromPath[str]) -> Answer:
    """Do the same on the path of older SDKs."""
    return await _override(request, tenant_id, 202)


HANDLERS = (
    get_preference,
    update_preference,
    get_channel_preference,
    update_channel_preference,
    list_categories,
    get_category,
    update_category,
    update_many,
    reset_many,
    get_tenant_preference,
    list_tenant_categories,
    get_tenant_category,
    update_tenant_category,
    update_tenant_category_deprecated,
)
