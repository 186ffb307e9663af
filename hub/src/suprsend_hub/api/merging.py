"""Merge, unmerge and rename users. Merging is at the published path, everything else is this hub's own."""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.merging import FROM_USER_ID, TO, parse_after_merge, parse_other_user
from suprsend_hub.api.handlers import get, post, put
from suprsend_hub.api.rendering import encode, merge_preview_object, user_json, user_object
from suprsend_hub.api.requests import SCOPE, ApiRequest
from suprsend_hub.api.users import user_key
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.unmerging import Unmerged


def _other(request: ApiRequest, field: str) -> RecipientKey:
    caller = request.caller
    return RecipientKey.user(caller.workspace_id, parse_other_user(caller.json_or({}), field))


@post("/v1/user/{distinct_id:str}/merge/")
async def merge_users(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Merge another user into this one and delete it. 201 with this user, as upstream."""
    key = user_key(request.caller, distinct_id)
    merged = await request.services.merging.merge(request.caller.actor, key, _other(request, FROM_USER_ID))
    return Answer(user_json(merged), 201)


@post("/hub/v1/user/{distinct_id:str}/merge_preview/", opt={SCOPE: Scope.READ})
async def preview_merge(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return what a merge would do, without doing it."""
    key = user_key(request.caller, distinct_id)
    preview = await request.services.merging.preview(key, _other(request, FROM_USER_ID))
    return Answer(encode(merge_preview_object(preview)))


@post("/hub/v1/user/{distinct_id:str}/unmerge/")
async def unmerge_users(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Take a merge back: restore the other user, and take from this one what came with it and has not changed."""
    key = user_key(request.caller, distinct_id)
    done = await request.services.unmerging.unmerge(request.caller.actor, key, _other(request, FROM_USER_ID))
    return _unmerged(done)


@post("/hub/v1/user/{distinct_id:str}/unmerge_preview/", opt={SCOPE: Scope.READ})
async def preview_unmerge(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Return what taking a merge back would do, without doing it."""
    key = user_key(request.caller, distinct_id)
    return _unmerged(await request.services.unmerging.preview(key, _other(request, FROM_USER_ID)))


def _unmerged(done: Unmerged) -> Answer:
    users = {"user": user_object(done.primary), "from_user": user_object(done.secondary)}
    return Answer(encode({**users, "kept": list(done.kept)}))


@post("/hub/v1/user/{distinct_id:str}/rename/", opt={SCOPE: Scope.MANAGE})
async def rename_user(request: ApiRequest, distinct_id: FromPath[str]) -> Answer:
    """Give a user another `distinct_id`; the old one leads to the new one."""
    key = user_key(request.caller, distinct_id)
    return Answer(user_json(await request.services.renaming.rename(request.caller.actor, key, _other(request, TO))))


@get("/hub/v1/after_merge/", opt={SCOPE: Scope.MANAGE})
async def get_after_merge(request: ApiRequest) -> Answer:
    """Return what a new event for a merged user does."""
    row = await request.services.workspaces.get(request.caller.workspace.name)
    return Answer(encode({"after_merge": row.after_merge}))


@put("/hub/v1/after_merge/", opt={SCOPE: Scope.MANAGE})
async def set_after_merge(request: ApiRequest) -> Answer:
    """Set what a new event for a merged user does."""
    caller = request.caller
    value = parse_after_merge(caller.json_or({}))
    await request.services.workspaces.set_after_merge(caller.actor, caller.workspace.name, value)
    return Answer(encode({"after_merge": value}))


HANDLERS = (
    merge_users,
    preview_merge,
    unmerge_users,
    preview_unmerge,
    rename_user,
    get_after_merge,
    set_after_merge,
)
