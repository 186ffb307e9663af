"""`/v1/{workspace}/preference_category/`: how a workspace defines its categories. The vendor's management interface.

Its tokens are API keys with the scope *manage*, behind `ServiceToken` or `Bearer`. `/hub/v1/active_channels/` is this
hub's own: which channels the workspace uses.
"""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.categories import (
    parse_active_channels,
    parse_categories,
    parse_commit,
    parse_locale,
    parse_mode,
    parse_save,
    parse_translations,
)
from suprsend_hub.api.handlers import get, patch, post, put
from suprsend_hub.api.rendering import category_document, encode, timestamp
from suprsend_hub.api.requests import SCOPE, SERVICE_TOKEN, ApiRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import NotFound

_PATH = "/v1/{workspace:str}/preference_category/"
_MANAGEMENT = {SCOPE: Scope.MANAGE, SERVICE_TOKEN: True}


def _workspace_id(request: ApiRequest, workspace: str) -> int:
    """Return the id of the caller's workspace, if that is the one that the path names."""
    name = segment(workspace, "workspace")
    if not request.caller.workspace.is_called(name):
        raise NotFound(f"workspace not found for slug/uid: {name}", code=Code.WORKSPACE_NOT_FOUND)
    return request.caller.workspace_id


@get(_PATH, opt=_MANAGEMENT)
async def get_categories(request: ApiRequest, workspace: FromPath[str]) -> Answer:
    """Return the document in force, or the draft (`mode`)."""
    workspace_id = _workspace_id(request, workspace)
    found = await request.services.categories.get(workspace_id, parse_mode(request.query_params))
    return Answer(encode(category_document(found)))


@post(_PATH, opt=_MANAGEMENT)
async def save_categories(request: ApiRequest, workspace: FromPath[str]) -> Answer:
    """Save a document as the draft; with `commit=true` also put it into force, if it is valid."""
    workspace_id, commit = _workspace_id(request, workspace), parse_save(request.query_params)
    document = parse_categories(request.caller.json())
    saved = await request.services.categories.save(request.caller.actor, workspace_id, document, commit)
    return Answer(encode(category_document(saved)))


@patch(f"{_PATH}commit/", opt=_MANAGEMENT)
async def commit_categories(request: ApiRequest, workspace: FromPath[str]) -> Answer:
    """Put the draft into force."""
    workspace_id = _workspace_id(request, workspace)
    commit = parse_commit(request.query_params)
    return Answer(
        encode(category_document(await request.services.categories.commit(request.caller.actor, workspace_id, commit)))
    )


@get(f"{_PATH}translation/locale/", opt=_MANAGEMENT)
async def list_locales(request: ApiRequest, workspace: FromPath[str]) -> Answer:
    """Return the locales that have translations."""
    found = await request.services.categories.locales(_workspace_id(request, workspace))
    return Answer(encode({"results": [{"locale": name, "updated_at": timestamp(moment)} for name, moment in found]}))


@get(f"{_PATH}translation/content/{{locale:str}}/", opt=_MANAGEMENT)
async def get_translations(request: ApiRequest, workspace: FromPath[str], locale: FromPath[str]) -> Answer:
    """Return the translations of a locale."""
    name = parse_locale(segment(locale, "locale"))
    found = await request.services.categories.translations(_workspace_id(request, workspace), name)
    return Answer(encode(found.to_wire()))


@post(f"{_PATH}translation/content/{{locale:str}}/", opt=_MANAGEMENT)
async def save_translations(request: ApiRequest, workspace: FromPath[str], locale: FromPath[str]) -> Answer:
    """Replace the translations of a locale."""
    workspace_id, name = _workspace_id(request, workspace), parse_locale(segment(locale, "locale"))
    translations = parse_translations(request.caller.json())
    await request.services.categories.save_translations(request.caller.actor, workspace_id, name, translations)
    return Answer(encode(translations.to_wire()))


@get("/hub/v1/active_channels/", opt={SCOPE: Scope.MANAGE})
async def get_active_channels(request: ApiRequest) -> Answer:
    """Return the channels that the workspace uses."""
    return Answer(encode({"channels": await request.services.categories.active_channels(request.caller.workspace_id)}))


@put("/hub/v1/active_channels/", opt={SCOPE: Scope.MANAGE})
async def set_active_channels(request: ApiRequest) -> Answer:
    """Set the channels that the workspace uses; null means all."""
    channels = parse_active_channels(request.caller.json())
    used = await request.services.categories.set_active_channels(
        request.caller.actor, request.caller.workspace_id, channels
    )
    return Answer(encode({"channels": used}))


HANDLERS = (
    get_categories,
    save_categories,
    commit_categories,
    list_locales,
    get_translations,
    save_translations,
    get_active_channels,
    set_active_channels,
)
