"""Show the log of records and operations that could not be applied, newest first."""

from litestar import Response, get
from litestar.di import NamedDependency

from suprsend_hub.console.rendering import page
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.ids import ulid_text

_ROWS = 30


@get("/w/{workspace:str}/rejected/")
async def rejected_page(desk: NamedDependency[Desk]) -> Response[bytes]:
    """Show a page of the log."""
    before = desk.newest_before()
    rows = await desk.services.rejected.page(desk.workspace_id, before=before, limit=_ROWS + 1)
    older = ulid_text(rows[_ROWS - 1].rejected_id) if len(rows) > _ROWS else None
    return page(
        desk, "rejected/rejected.html", section="rejected", rows=rows[:_ROWS], older=older, is_first=before is None,
        notice=None,
    )  # fmt: skip


HANDLERS = (rejected_page,)
