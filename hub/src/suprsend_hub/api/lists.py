"""`/v1/subscriber_list/`: lists, their members, and replacing a list by draft versions."""

from collections.abc import Mapping

from litestar import MediaType, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.api.rendering import encode, list_object, member_object, page_json
from suprsend_hub.api.requests import Caller, HubRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_list_id
from suprsend_hub.domain.subscriber_list import parse_definition, parse_distinct_ids
from suprsend_hub.service.lists import DEFAULT_MEMBERS_LIMIT, ListService
from suprsend_hub.service.pages import MAX_LIMIT, PageRequest

_DEFAULT_LIMIT = 20
_MAX_OFFSET = 1_000_000


def _list_id(encoded: str) -> str:
    return check_list_id(segment(encoded, "list_id"))


def _number(query: Mapping[str, str], name: str, default: int, at_most: int) -> int:
    text = query.get(name, "")
    return min(int(text), at_most) if text.isascii() and text.isdigit() and len(text) < 10 else default


@post("/v1/subscriber_list/", status_code=201, media_type=MediaType.JSON)
async def create_list(caller: NamedDependency[Caller], lists: NamedDependency[ListService]) -> Response[bytes]:
    """Create a list, or change the fields named. 201 in both cases."""
    view = await lists.save(caller.workspace_id, parse_definition(caller.json()))
    return Response(encode(list_object(view)), status_code=201, media_type=MediaType.JSON)


@get("/v1/subscriber_list/", media_type=MediaType.JSON)
async def list_lists(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], request: HubRequest
) -> Response[bytes]:
    """Lists by `limit` (20) and `offset` (0), as every official SDK asks for them."""
    query = request.query_params
    limit = _number(query, "limit", _DEFAULT_LIMIT, MAX_LIMIT) or _DEFAULT_LIMIT
    offset = _number(query, "offset", 0, _MAX_OFFSET)
    views, count = await lists.page(caller.workspace_id, limit=limit, offset=offset)
    meta = {"count": count, "limit": limit, "offset": offset}
    body = encode({"meta": meta, "results": [list_object(view) for view in views]})
    return Response(body, media_type=MediaType.JSON)


@get("/v1/subscriber_list/{list_id:str}/", media_type=MediaType.JSON)
async def get_list(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str]
) -> Response[bytes]:
    """One list; 404 if unknown."""
    return Response(
        encode(list_object(await lists.get(caller.workspace_id, _list_id(list_id)))), media_type=MediaType.JSON
    )


@delete("/v1/subscriber_list/{list_id:str}/", status_code=204)
async def delete_list(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str]
) -> None:
    """Delete a list (the form of the Python SDK)."""
    await lists.delete(caller.workspace_id, _list_id(list_id))


@patch("/v1/subscriber_list/{list_id:str}/delete/", status_code=200, media_type=MediaType.JSON)
async def patch_delete_list(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str]
) -> Response[bytes]:
    """Delete a list (the form of the other SDKs)."""
    await lists.delete(caller.workspace_id, _list_id(list_id))
    return _success()


@get("/v1/subscriber_list/{list_id:str}/subscriber/", media_type=MediaType.JSON)
async def list_members(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str], request: HubRequest
) -> Response[bytes]:
    """A page of members, newest first; `?sort=id` is oldest first."""
    query = request.query_params
    sort = query.get("sort", "-id") or "-id"
    if sort not in ("id", "-id"):
        raise InvalidRequest("sort must be `id` or `-id`", code="invalid_sort")
    page = await lists.page_members(
        caller.workspace_id,
        _list_id(list_id),
        PageRequest.parse(query, default_limit=DEFAULT_MEMBERS_LIMIT),
        oldest_first=sort == "id",
    )
    return Response(page_json(page, member_object), media_type=MediaType.JSON)


@post("/v1/subscriber_list/{list_id:str}/subscriber/add/", status_code=201, media_type=MediaType.JSON)
async def add_members(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str]
) -> Response[bytes]:
    """Add users that exist; `affected_count` says how many were no members before."""
    ids = parse_distinct_ids(caller.json())
    return _affected(await lists.add(caller.workspace_id, _list_id(list_id), ids))


@post("/v1/subscriber_list/{list_id:str}/subscriber/remove/", status_code=201, media_type=MediaType.JSON)
async def remove_members(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str]
) -> Response[bytes]:
    """Remove members; absent ones are ignored."""
    ids = parse_distinct_ids(caller.json())
    return _affected(await lists.remove(caller.workspace_id, _list_id(list_id), ids))


@post("/v1/subscriber_list/{list_id:str}/start_sync/", status_code=201, media_type=MediaType.JSON)
async def start_sync(
    caller: NamedDependency[Caller], lists: NamedDependency[ListService], list_id: FromPath[str]
) -> Response[bytes]:
    """Begin an empty draft."""
    view = await lists.start_sync(caller.workspace_id, _list_id(list_id))
    return Response(encode(list_object(view)), status_code=201, media_type=MediaType.JSON)


@get("/v1/subscriber_list/{list_id:str}/version/{version_id:str}/", media_type=MediaType.JSON)
async def get_version(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    list_id: FromPath[str],
    version_id: FromPath[str],
) -> Response[bytes]:
    """A draft."""
    view = await lists.get_draft(caller.workspace_id, _list_id(list_id), segment(version_id, "version_id"))
    return Response(encode(list_object(view)), media_type=MediaType.JSON)


@post(
    "/v1/subscriber_list/{list_id:str}/version/{version_id:str}/subscriber/add/",
    status_code=201,
    media_type=MediaType.JSON,
)
async def add_to_version(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    list_id: FromPath[str],
    version_id: FromPath[str],
) -> Response[bytes]:
    """Add users that exist to a draft."""
    ids = parse_distinct_ids(caller.json())
    version = segment(version_id, "version_id")
    return _affected(await lists.add(caller.workspace_id, _list_id(list_id), ids, version_id=version))


@post(
    "/v1/subscriber_list/{list_id:str}/version/{version_id:str}/subscriber/remove/",
    status_code=201,
    media_type=MediaType.JSON,
)
async def remove_from_version(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    list_id: FromPath[str],
    version_id: FromPath[str],
) -> Response[bytes]:
    """Remove users from a draft."""
    ids = parse_distinct_ids(caller.json())
    version = segment(version_id, "version_id")
    return _affected(await lists.remove(caller.workspace_id, _list_id(list_id), ids, version_id=version))


@patch(
    "/v1/subscriber_list/{list_id:str}/version/{version_id:str}/finish_sync/",
    status_code=201,
    media_type=MediaType.JSON,
)
async def finish_sync(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    list_id: FromPath[str],
    version_id: FromPath[str],
) -> Response[bytes]:
    """Make a draft the live list, in one step; answers with the live list."""
    view = await lists.finish_sync(caller.workspace_id, _list_id(list_id), segment(version_id, "version_id"))
    return Response(encode(list_object(view)), status_code=201, media_type=MediaType.JSON)


@delete("/v1/subscriber_list/{list_id:str}/version/{version_id:str}/", status_code=204)
async def delete_version(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    list_id: FromPath[str],
    version_id: FromPath[str],
) -> None:
    """Discard a draft (the form of the Python SDK)."""
    await lists.delete_draft(caller.workspace_id, _list_id(list_id), segment(version_id, "version_id"))


@patch("/v1/subscriber_list/{list_id:str}/version/{version_id:str}/delete/", status_code=200, media_type=MediaType.JSON)
async def patch_delete_version(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    list_id: FromPath[str],
    version_id: FromPath[str],
) -> Response[bytes]:
    """Discard a draft (the form of the other SDKs)."""
    await lists.delete_draft(caller.workspace_id, _list_id(list_id), segment(version_id, "version_id"))
    return _success()


def _affected(count: int) -> Response[bytes]:
    return Response(encode({"success": True, "affected_count": count}), status_code=201, media_type=MediaType.JSON)


def _success() -> Response[bytes]:
    return Response(encode({"success": True}), media_type=MediaType.JSON)


HANDLERS = (
    create_list,
    list_lists,
    get_list,
    delete_list,
    patch_delete_list,
    list_members,
    add_members,
    remove_members,
    start_sync,
    get_version,
    add_to_version,
    remove_from_version,
    finish_sync,
    delete_version,
    patch_delete_version,
)
