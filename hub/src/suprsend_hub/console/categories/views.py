"""Show the preference categories in force, or the draft, with versions, translations and the channels in use."""

from shlex import quote

from litestar import Response, get
from litestar.di import NamedDependency

from suprsend_hub.console.rendering import page
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.categories import Mode
from suprsend_hub.domain.preference_terms import Channel, RootCategory

_VERSIONS = 10


@get("/w/{workspace:str}/categories/")
async def categories_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the document in force; with `?mode=draft` the draft."""
    categories, workspace_id = desk.services.categories, desk.workspace_id
    live = await categories.get(workspace_id, Mode.LIVE)
    draft = await categories.get(workspace_id, Mode.DRAFT)
    has_draft = draft.hash != live.hash
    mode = Mode.DRAFT if has_draft and desk.request.query_params.get("mode") == Mode.DRAFT else Mode.LIVE
    shown = draft if mode is Mode.DRAFT else live
    active = await categories.active_channels(workspace_id)
    return page(
        desk, "categories/categories.html", section="categories", shown=shown, live=live, has_draft=has_draft,
        mode=str(mode), roots=[(str(root), shown.document.roots[root]) for root in RootCategory],
        command_name=quote(desk.grant.workspace_name),
        versions=await categories.versions(workspace_id, limit=_VERSIONS),
        locales=await categories.locales(workspace_id), active=active,
        inactive=[channel for channel in Channel if channel not in active], notice=None,
    )  # fmt: skip


HANDLERS = (categories_page,)
