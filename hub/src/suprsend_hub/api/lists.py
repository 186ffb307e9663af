"""`/v1/subscriber_list/`: lists, their members, and draft versions that replace the members."""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_offset, parse_page, parse_sort
from suprsend_hub.api.bodies.subscriber_list import parse_definition, parse_distinct_ids
from suprsend_hub.api.handlers import delete, get, patch, post
from suprsend_hub.api.rendering import encode, list_object, member_object, page_json
from suprsend_hub.api.requests import ApiRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.ids import check_list_id
from suprsend_hub.service.lists import DEFAULT_MEMBERS_LIMIT


def _list_id(encoded: str) -> str:
    return check_list_id(segment(encoded, "list_id"))


@post("/v1/subscriber_list/")
async def create_list(request: ApiRequest) -> Answer:
    """Create a list, or change the given fields. 201 in both cases."""
    view = await request.services.lists.save(
        request.caller.actor, request.caller.workspace_id, parse_definition(request.caller.json())
    )
    return Answer(encode(list_object(view)), 201)


@get("/v1/subscriber_list/")
async def list_lists(request: ApiRequest) -> Answer:
    """Return lists by `limit` (20) and `offset` (0), as every official SDK asks for them."""
    limit, offset = parse_offset(request.query_params)
    views, count = await request.services.lists.page(request.caller.workspace_id, limit=limit, offset=offset)
    meta = {"count": count, "limit": limit, "offset": offset}
    body = encode({"meta": meta, "results": [list_object(view) for view in views]})
    return Answer(body)


@get("/v1/subscriber_list/{list_id:str}/")
async def get_list(request: ApiRequest, list_id: FromPath[str]) -> Answer:
    """Return one list; 404 if unknown."""
    return Answer(encode(list_object(await request.services.lists.get(request.caller.workspace_id, _list_id(list_id)))))


@delete("/v1/subscriber_list/{list_id:str}/", status_code=204)
async def delete_list(request: ApiRequest, list_id: FromPath[str]) -> None:
    """Delete a list (as the Python SDK does)."""
    await request.services.lists.delete(request.caller.actor, request.caller.workspace_id, _list_id(list_id))


@patch("/v1/subscriber_list/{list_id:str}/delete/")
async def patch_delete_list(request: ApiRequest, list_id: FromPath[str]) -> Answer:
    """Delete a list (as the other SDKs do)."""
    await request.services.lists.delete(request.caller.actor, request.caller.workspace_id, _list_id(list_id))
    return _success()


@get("/v1/subscriber_list/{list_id:str}/subscriber/")
async def list_members(request: ApiRequest, list_id: FromPath[str]) -> Answer:
    """Return a page of members, newest first; with `?sort=id` oldest first."""
    query = request.query_params
    order = parse_sort(query)
    page = await request.services.lists.page_members(
        request.caller.workspace_id,
        _list_id(list_id),
        parse_page(query, default_limit=DEFAULT_MEMBERS_LIMIT),
        order=order,
    )
    return Answer(page_json(page, member_object))


@post("/v1/subscriber_list/{list_id:str}/subscriber/add/")
async def add_members(request: ApiRequest, list_id: FromPath[str]) -> Answer:
    """Add existing users; `affected_count` is the number of new members."""
    ids = parse_distinct_ids(request.caller.json())
    return _affected(
        await request.services.lists.add(request.caller.actor, request.caller.workspace_id, _list_id(list_id), ids)
    )


@post("/v1/subscriber_list/{list_id:str}/subscriber/remove/")
async def remove_members(request: ApiRequest, list_id: FromPath[str]) -> Answer:
    """Remove members; ignore users that are not members."""
    ids = parse_distinct_ids(request.caller.json())
    return _affected(
        await request.services.lists.remove(request.caller.actor, request.caller.workspace_id, _list_id(list_id), ids)
    )


@post("/v1/subscriber_list/{list_id:str}/start_sync/")
async def start_sync(request: ApiRequest, list_id: FromPath[str]) -> Answer:
    """Start an empty draft."""
    view = await request.services.lists.start_sync(request.caller.actor, request.caller.workspace_id, _list_id(list_id))
    return Answer(encode(list_object(view)), 201)


@get("/v1/subscriber_list/{list_id:str}/version/{version_id:str}/")
async def get_version(request: ApiRequest, list_id: FromPath[str], version_id: FromPath[str]) -> Answer:
    """Return one draft; 404 if unknown."""
    view = await request.services.lists.get_draft(
        request.caller.workspace_id, _list_id(list_id), segment(version_id, "version_id")
    )
    return Answer(encode(list_object(view)))


@post(
    "/v1/subscriber_list/{list_id:str}/version/{version_id:str}/subscriber/add/",
)
async def add_to_version(request: ApiRequest, list_id: FromPath[str], version_id: FromPath[str]) -> Answer:
    """Add existing users to a draft."""
    ids = parse_distinct_ids(request.caller.json())
    version = segment(version_id, "version_id")
    return _affected(
        await request.services.lists.add(
            request.caller.actor, request.caller.workspace_id, _list_id(list_id), ids, version_id=version
        )
    )


@post(
    "/v1/subscriber_list/{list_id:str}/version/{version_id:str}/subscriber/remove/",
)
async def remove_from_version(request: ApiRequest, list_id: FromPath[str], version_id: FromPath[str]) -> Answer:
    """Remove users from a draft."""
    ids = parse_distinct_ids(request.caller.json())
    version = segment(version_id, "version_id")
    return _affected(
        await request.services.lists.remove(
            request.caller.actor, request.caller.workspace_id, _list_id(list_id), ids, version_id=version
        )
    )


@patch(
    "/v1/subscriber_list/{list_id:str}/version/{version_id:str}/finish_sync/",
)
async def finish_sync(request: ApiRequest, list_id: FromPath[str], version_id: FromPath[str]) -> Answer:
    """Make a draft the live list in one step, and answer with the live list."""
    view = await request.services.lists.finish_sync(
        request.caller.actor, request.caller.workspace_id, _list_id(list_id), segment(version_id, "version_id")
    )
    return Answer(encode(list_object(view)), 201)


@delete("/v1/subscriber_list/{list_id:str}/version/{version_id:str}/", status_code=204)
async def delete_version(request: ApiRequest, list_id: FromPath[str], version_id: FromPath[str]) -> None:
    """Discard a draft (as the Python SDK does)."""
    await request.services.lists.delete_draft(
        request.caller.actor, request.caller.workspace_id, _list_id(list_id), segment(version_id, "version_id")
    )


@patch("/v1/subscriber_list/{list_id:str}/version/{version_id:str}/delete/")
async def patch_delete_version(request: ApiRequest, list_id: FromPath[str], version_id: FromPath[str]) -> Answer:
    """Discard a draft (as the other SDKs do)."""
    await request.services.lists.delete_draft(
        request.caller.actor, request.caller.workspace_id, _list_id(list_id), segment(version_id, "version_id")
    )
    return _success()


def _affected(count: int) -> Answer:
    return Answer(encode({"success": True, "affected_count": count}), 201)


def _success() -> Answer:
    return Answer(encode({"success": True}))


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
