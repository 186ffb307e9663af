"""`/v1/user/`: page, search, read, upsert, edit and delete users, and show what a user is subscribed to."""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_page, parse_search
from suprsend_hub.api.bodies.profile import parse_ids, parse_patch, parse_upsert
from suprsend_hub.api.handlers import delete, get, patch, post
from suprsend_hub.api.recipients import apply_edit
from suprsend_hub.api.rendering import (
    membership_object,
    page_json,
    parent_object,
    profile_summary,
    tenant_user_object,
    user_json,
)
from suprsend_hub.api.requests import BINDS_KEY, ApiRequest, Caller
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id, check_new_id, check_tenant_id
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.recipients import SEARCH_COUNT_CAP


def user_key(caller: Caller, distinct_id: str) -> RecipientKey:
    """Return the key of the user that a path segment names."""
    return RecipientKey.user(caller.workspace_id, check_distinct_id(segment(distinct_id, "distinct_id")))


def _new_key(caller: Caller, distinct_id: str) -> RecipientKey:
    """Return the key of a user that is created if it does not exist."""
    key = user_key(caller, distinct_id)
    check_new_id(key.recipient_id)
    return key


@get("/v1/user/")
async def list_users(request: ApiRequest) -> Answer:
    """Return a page of users, newest first; with `?search=`, those whose id has that prefix, in order of id.

    With `?tenant_id=`, those linked with the tenant, each with channels and the tenant's part, last linked first.
    """
    page_request, prefix = parse_page(request.query_params), parse_search(request.query_params)
    tenant_id = request.query_params.get("tenant_id")
    if tenant_id:
        return await _list_users_of_tenant(request, check_tenant_id(tenant_id), page_request, prefix)
    if not prefix:
        page = await request.services.recipients.page(request.caller.workspace_id, page_request)
        return Answer(page_json(page, profile_summary))
    page = await request.services.recipients.search(request.caller.workspace_id, prefix, page_request)
    capped = {"count_capped": page.count >= SEARCH_COUNT_CAP}
    return Answer(page_json(page, profile_summary, capped))


async def _list_users_of_tenant(request: ApiRequest, tenant_id: str, page_request: PageRequest, prefix: str) -> Answer:
    if prefix:
        raise InvalidRequest("`search` and `tenant_id` cannot be combined; send one", code=Code.INVALID_SEARCH)
    page = await request.services.tenant_profiles.page_of_tenant(request.caller.workspace_id, tenant_id, page_request)
    return Answer(page_json(page, tenant_user_object))


@get("/v1/user/{distinct_id:str}/")
async def get_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return one user with all channels; 404 if unknown."""
    return Answer(user_json(await request.services.recipients.get(user_key(request.caller, distinct_id))))


@post("/v1/user/{distinct_id:str}/", opt={BINDS_KEY: True})
async def upsert_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Create or update a user: merge properties key by key, add channel values. 201 in both cases, as upstream."""
    key = _new_key(request.caller, distinct_id)
    return await apply_edit(request, key, parse_upsert(request.caller.json_or({})), 201)


@patch("/v1/user/{distinct_id:str}/", opt={BINDS_KEY: True})
async def edit_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Apply operations, all or none, and create an unknown user. 202 with the user after the edit, as upstream."""
    key = _new_key(request.caller, distinct_id)
    return await apply_edit(request, key, parse_patch(request.caller.json_or({})), 202)


@delete("/v1/user/{distinct_id:str}/", status_code=204)
async def delete_user(request: ApiRequest, distinct_id: FromPath[str]) -> None:
    """Delete a user with its subscriptions and list memberships; 404 if unknown."""
    await request.services.recipients.delete(request.caller.actor, user_key(request.caller, distinct_id))


@delete("/v1/bulk/user/", status_code=204)
async def bulk_delete_users(request: ApiRequest) -> None:
    """Delete several users in one transaction; skip unknown ones."""
    ids = parse_ids(request.caller.json_or({}), "distinct_ids", check_distinct_id)
    keys = [RecipientKey.user(request.caller.workspace_id, distinct_id) for distinct_id in ids]
    await request.services.recipients.bulk_delete(request.caller.actor, request.caller.workspace_id, keys)


@get("/v1/user/{distinct_id:str}/subscribed_to/object/")
async def list_objects_of_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return a page of the objects that a user is subscribed to, oldest first."""
    page = await request.services.subscriptions.page_of_subscriber(
        user_key(request.caller, distinct_id), parse_page(request.query_params)
    )
    return Answer(page_json(page, parent_object))


@get("/v1/user/{distinct_id:str}/subscribed_to/list/")
async def list_lists_of_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return a page of the lists that a user is a member of, oldest first."""
    key = user_key(request.caller, distinct_id)
    page = await request.services.lists.page_of_user(
        request.caller.workspace_id, key.recipient_id, parse_page(request.query_params)
    )
    return Answer(page_json(page, membership_object))


HANDLERS = (
    list_users,
    get_user,
    upsert_user,
    edit_user,
    delete_user,
    bulk_delete_users,
    list_objects_of_user,
    list_lists_of_user,
)
