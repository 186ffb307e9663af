"""Show subscriber lists with counts and the members of one list; add and remove members."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.console.paths import segment
from suprsend_hub.console.rendering import page, redirect
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id, check_list_id

_LISTS = 50
_MEMBERS = 50
_MAX_OFFSET = 1_000_000
_NOTICES = {
    "added": "Added to the list.",
    "there": "That user is already a member.",
    "removed": "Removed from the list.",
}


@get("/w/{workspace:str}/lists/")
async def lists_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the lists, newest first."""
    text = desk.request.query_params.get("offset", "")
    offset = min(int(text), _MAX_OFFSET) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    views, count = await desk.services.lists.page(desk.workspace_id, limit=_LISTS, offset=offset)
    return page(
        desk, "lists/lists.html", section="lists", views=views, count=count, notice=None,
        previous=desk.paths.lists(offset=max(0, offset - _LISTS) or None) if offset else None,
        following=desk.paths.lists(offset=offset + _LISTS) if offset + _LISTS < count else None,
    )  # fmt: skip


@get("/w/{workspace:str}/lists/{list_id:str}/")
async def list_page(desk: NamedDependency[Desk], list_id: FromPath[str]) -> Response[bytes]:
    """Show one list with its drafts and members."""
    return await _list_page(desk, check_list_id(segment(list_id)))


async def _list_page(
    desk: Desk, list_id: str, *, status: int = 200, typed: str = "", error: str = ""
) -> Response[bytes]:
    query = desk.request.query_params
    view = await desk.services.lists.get(desk.workspace_id, list_id)
    request = desk.page_request(_MEMBERS)
    found = await desk.services.lists.page_members(desk.workspace_id, list_id, request)
    return page(
        desk, "lists/list.html", status=status, section="lists", view=view, found=found, typed=typed, error=error,
        notice=_NOTICES.get(query.get("done", "")),
    )  # fmt: skip


@post("/w/{workspace:str}/lists/{list_id:str}/add/", status_code=200)
async def add_member(desk: NamedDependency[Desk], list_id: FromPath[str]) -> Response[bytes]:
    """Add an existing user."""
    desk.require_editor()
    fields = await desk.form()
    name, typed = check_list_id(segment(list_id)), fields.get("distinct_id", "")
    try:
        distinct_id = check_distinct_id(typed)
    except InvalidRequest as error:
        return await _list_page(desk, name, status=422, typed=typed, error=error.message)
    if await desk.services.lists.add(desk.actor, desk.workspace_id, name, [distinct_id]):
        return redirect(desk.paths.list_(name, done="added"))
    if await desk.services.console_search.is_member(desk.workspace_id, name, distinct_id):
        return redirect(desk.paths.list_(name, done="there"))
    return await _list_page(
        desk, name, status=422, typed=typed, error="No user has this distinct_id. Check it, or create the user first."
    )


@post("/w/{workspace:str}/lists/{list_id:str}/remove/", status_code=200)
async def remove_member(desk: NamedDependency[Desk], list_id: FromPath[str]) -> Response[bytes]:
    """Remove a user from the list."""
    desk.require_editor()
    fields = await desk.form()
    name = check_list_id(segment(list_id))
    await desk.services.lists.remove(
        desk.actor, desk.workspace_id, name, [check_distinct_id(fields.get("distinct_id", ""))]
    )
    return redirect(desk.paths.list_(name, done="removed"))


HANDLERS = (lists_page, list_page, add_member, remove_member)
