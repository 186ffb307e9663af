"""`/v1/user/`: pages and search, read, upsert, synchronous edit, delete."""

from litestar import MediaType, Response, delete, get, patch, post

from suprsend_hub.api.rendering import page_json, profile_summary, user_json
from suprsend_hub.api.requests import Caller, HubRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id
from suprsend_hub.domain.operation import check_patch, upsert_operations
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.users import SEARCH_COUNT_CAP, UserService

_MAX_PREFIX_CHARS = 255


def _distinct_id(encoded: str) -> str:
    return check_distinct_id(segment(encoded, "distinct_id"))


@get("/v1/user/", media_type=MediaType.JSON)
async def list_users(caller: Caller, users: UserService, request: HubRequest) -> Response[bytes]:
    """A page of users, newest first; with `?search=` those whose id starts with it, in order of id."""
    query = request.query_params
    page_request = PageRequest.parse(query)
    prefix = query.get("search", "")
    if not prefix:
        page = await users.page(caller.workspace_id, page_request)
        return Response(page_json(page, profile_summary), media_type=MediaType.JSON)
    if len(prefix) > _MAX_PREFIX_CHARS or "\x00" in prefix:
        raise InvalidRequest(f"search takes at most {_MAX_PREFIX_CHARS} characters and no NUL", code="invalid_search")
    page = await users.search(caller.workspace_id, prefix, page_request)
    capped = {"count_capped": page.count >= SEARCH_COUNT_CAP}
    return Response(page_json(page, profile_summary, capped), media_type=MediaType.JSON)


@get("/v1/user/{distinct_id:str}/", media_type=MediaType.JSON)
async def get_user(caller: Caller, users: UserService, distinct_id: str) -> Response[bytes]:
    """One user with all channels; 404 if unknown."""
    user = await users.get(caller.workspace_id, _distinct_id(distinct_id))
    return Response(user_json(user), media_type=MediaType.JSON)


@post("/v1/user/{distinct_id:str}/", status_code=201, media_type=MediaType.JSON)
async def upsert_user(caller: Caller, users: UserService, distinct_id: str) -> Response[bytes]:
    """Create or update: properties are merged key by key, channel values added. 201 in both cases, as upstream."""
    user = await users.edit(
        caller.workspace_id,
        _distinct_id(distinct_id),
        upsert_operations(caller.json() if caller.body else {}),
        source=caller.source,
        insert_key=caller.idempotency_key,
        size_bytes=len(caller.body),
    )
    return Response(user_json(user), status_code=201, media_type=MediaType.JSON)


@patch("/v1/user/{distinct_id:str}/", status_code=202, media_type=MediaType.JSON)
async def edit_user(caller: Caller, users: UserService, distinct_id: str) -> Response[bytes]:
    """Apply operations, all or none; creates an unknown user. 202 with the user after the edit, as upstream."""
    user = await users.edit(
        caller.workspace_id,
        _distinct_id(distinct_id),
        check_patch(caller.json() if caller.body else {}),
        source=caller.source,
        insert_key=caller.idempotency_key,
        size_bytes=len(caller.body),
    )
    return Response(user_json(user), status_code=202, media_type=MediaType.JSON)


@delete("/v1/user/{distinct_id:str}/", status_code=204)
async def delete_user(caller: Caller, users: UserService, distinct_id: str) -> None:
    """Delete for good; 404 if unknown."""
    await users.delete(caller.workspace_id, _distinct_id(distinct_id))


HANDLERS = (list_users, get_user, upsert_user, edit_user, delete_user)
