"""Show the users' table (newest first, by prefix, or filtered), search, and create a user."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from suprsend_hub.console.rendering import page, redirect
from suprsend_hub.console.rows import ROWS, Row, table_row
from suprsend_hub.console.successors import Successor, successor_of
from suprsend_hub.console.users.filters import FILTER_CHANNELS, STATES, View, read_view
from suprsend_hub.console.visits import Desk, hub_address
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.domain.ids import check_distinct_id, check_new_id
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.wire import SET
from suprsend_hub.service.recipients import SEARCH_COUNT_CAP

_DEFAULTS: dict[str, Any] = {
    "exact": [],
    "moved": None,
    "count": None,
    "capped": False,
    "previous": None,
    "following": None,
    "first": None,
    "examined": 0,
}


@get("/w/{workspace:str}/users/")
async def users_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the table: all users, newest first; those whose id has a prefix; or those of a filtered view."""
    query = desk.request.query_params
    view = read_view(query)
    if view.wanted.narrows:
        return await _filtered(desk, view, after=query.get("after") or None)
    request = desk.page_request(ROWS)
    recipients, paths, prefix = desk.services.recipients, desk.paths, view.wanted.prefix
    exact: list[Row] = []
    moved = None
    if prefix:
        found = await recipients.search(desk.workspace_id, prefix, request)
        if request.after is None and request.before is None:
            exact, moved = await _exact(desk, prefix), await _moved(desk, prefix)
    else:
        found = await recipients.page(desk.workspace_id, request)
    typed = dict(view.typed)
    return await _table(
        desk, view, exact=exact, moved=moved, rows=[table_row(row) for row in found.rows], count=found.count,
        capped=bool(prefix) and found.count >= SEARCH_COUNT_CAP,
        previous=paths.users(**typed, before=found.before) if found.before else None,
        following=paths.users(**typed, after=found.after) if found.after else None,
    )  # fmt: skip


async def _exact(desk: Desk, text: str) -> list[Row]:
    """Return the users who have the text as an e-mail address or phone number."""
    found = await desk.services.console_search.resolve(desk.workspace_id, text)
    keys = [RecipientKey.user(desk.workspace_id, distinct_id) for distinct_id in found if distinct_id != text]
    return [table_row(await desk.services.recipients.get(key)) for key in keys]


async def _moved(desk: Desk, text: str) -> Successor | None:
    """Return the user that one with this id was merged into or renamed to; None for any other text."""
    try:
        await desk.services.recipients.get(RecipientKey.user(desk.workspace_id, check_distinct_id(text)))
    except InvalidRequest:
        return None
    except NotFound as error:
        return successor_of(error)
    return None


async def _filtered(desk: Desk, view: View, *, after: str | None) -> Response[bytes]:
    found = await desk.services.console_search.find(desk.workspace_id, view.wanted, after=after, limit=ROWS)
    typed = dict(view.typed)
    return await _table(
        desk, view, rows=[table_row(row) for row in found.rows],
        first=desk.paths.users(**typed) if after else None,
        following=desk.paths.users(**typed, after=found.after) if found.after else None,
        examined=found.examined,
    )  # fmt: skip


async def _table(desk: Desk, view: View, *, rows: list[Row], **context: Any) -> Response[bytes]:
    prefix = view.typed.get("q", "")
    is_first = "after" not in desk.request.query_params
    empty = is_first and not rows and not context.get("exact") and not prefix and not view.wanted.narrows
    may_create = (
        not rows and not context.get("exact") and not context.get("moved") and bool(prefix) and not view.wanted.narrows
    )
    workspace = await desk.services.workspaces.get(desk.grant.workspace_name) if empty else None
    return page(
        desk, "users/users.html", section="users", rows=rows, prefix=prefix, view=view, chips=view.chips(desk.paths),
        channels=FILTER_CHANNELS, states=STATES, empty=empty,
        workspace_key=workspace.workspace_key if workspace else "",
        offer=prefix if may_create and _possible_id(prefix) else None, address=hub_address(desk.request),
        notice="The user has been deleted." if desk.request.query_params.get("done") == "deleted" else None,
        **(_DEFAULTS | context),
    )  # fmt: skip


def _possible_id(text: str) -> bool:
    try:
        return check_new_id(check_distinct_id(text)) == text
    except InvalidRequest:
        return False


@get("/w/{workspace:str}/find/")
async def find(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Answer the search box: open the one exact match, else list the ids with that prefix."""
    text = desk.request.query_params.get("q", "").strip()
    found = await desk.services.console_search.resolve(desk.workspace_id, text) if text else []
    if len(found) == 1:
        return redirect(desk.paths.user(found[0]))
    if not found and await _moved(desk, text) is not None:
        return redirect(desk.paths.user(text))  # the page says where the user went
    return redirect(desk.paths.users(q=text))


@get("/w/{workspace:str}/new-user/")
async def new_user_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the form that creates a user."""
    desk.require_editor()
    return _new_user(desk, desk.request.query_params.get("distinct_id", ""), {})


@post("/w/{workspace:str}/new-user/", status_code=200)
async def new_user(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Create a user with an id and optionally a name; report an existing user instead of changing it."""
    desk.require_editor()
    fields = await desk.form()
    typed = fields.get("distinct_id", "")
    try:
        key = RecipientKey.user(desk.workspace_id, check_new_id(check_distinct_id(typed)))
    except InvalidRequest as error:
        return _new_user(desk, typed, {"distinct_id": error.message}, fields.get("name", ""))
    try:
        await desk.services.recipients.get(key)
        return _new_user(desk, typed, {"distinct_id": "A user with this id already exists."}, fields.get("name", ""))
    except NotFound:
        pass
    name = fields.get("name", "").strip()
    operations = [{SET: {"name": name}}] if name else []
    try:
        await desk.services.recipients.edit(desk.actor, key, operations)
    except InvalidRequest as error:
        return _new_user(desk, typed, {"name": error.message}, name)
    return redirect(desk.paths.recipient(key, done="created"))


def _new_user(desk: Desk, distinct_id: str, errors: dict[str, str], name: str = "") -> Response[bytes]:
    return page(
        desk, "users/new_user.html", section="users", distinct_id=distinct_id, name=name, errors=errors, notice=None,
        status=422 if errors else 200,
    )  # fmt: skip


HANDLERS = (users_page, find, new_user_page, new_user)
