"""Show object types with counts, and the objects of a type, newest first or by prefix."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.console.paths import segment
from suprsend_hub.console.rendering import page
from suprsend_hub.console.rows import ROWS, table_row
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.ids import check_object_type
from suprsend_hub.service.console_search import MAX_OBJECT_TYPES
from suprsend_hub.service.recipients import SEARCH_COUNT_CAP

_MAX_PREFIX_CHARS = 255


@get("/w/{workspace:str}/objects/")
async def types_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show the types that have objects."""
    types = await desk.services.console_search.object_types(desk.workspace_id)
    return page(
        desk, "objects/types.html", section="objects", types=types, is_cut=len(types) == MAX_OBJECT_TYPES, notice=None
    )


@get("/w/{workspace:str}/objects/{object_type:str}/")
async def objects_page(desk: NamedDependency[Desk], object_type: FromPath[str]) -> Response[bytes]:
    """Show the objects of one type."""
    kind = check_object_type(segment(object_type))
    query = desk.request.query_params
    request = desk.page_request(ROWS)
    prefix = query.get("q", "").strip()[:_MAX_PREFIX_CHARS].replace("\x00", "")
    recipients = desk.services.recipients
    if prefix:
        found = await recipients.search(desk.workspace_id, prefix, request, object_type=kind)
    else:
        found = await recipients.page(desk.workspace_id, request, object_type=kind)
    counts = await desk.services.subscriptions.count_of([row.key for row in found.rows])
    return page(
        desk, "objects/objects.html", section="objects", object_type=kind, prefix=prefix, found=found,
        rows=[table_row(row) for row in found.rows], counts=counts,
        capped=bool(prefix) and found.count >= SEARCH_COUNT_CAP,
        notice="The object has been deleted." if query.get("done") == "deleted" else None,
    )  # fmt: skip


HANDLERS = (types_page, objects_page)
