"""How many lists a workspace may have, and how many drafts a list."""

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.limits import MAX_DRAFTS, MAX_LISTS
from suprsend_hub.store import lists
from suprsend_hub.store.database import Connection


async def check_room_for_list(connection: Connection, workspace_id: int, list_id: str) -> None:
    """Raise InvalidRequest if the list is new and the workspace has too many. Two at the same time may both pass."""
    if (
        await lists.find(connection, workspace_id, list_id) is None
        and await lists.count(connection, workspace_id) >= MAX_LISTS
    ):
        raise InvalidRequest(
            f"the workspace has {MAX_LISTS} subscriber lists, the maximum; delete lists that you no longer need",
            code=Code.TOO_MANY_LISTS,
        )


async def check_room_for_draft(connection: Connection, workspace_id: int, list_id: str) -> None:
    """Raise InvalidRequest if the list, which is locked, has too many drafts."""
    drafts = await lists.read_drafts(connection, workspace_id, [list_id])
    if len(drafts) >= MAX_DRAFTS:
        raise InvalidRequest(
            f"the list {list_id} has {len(drafts)} drafts, the maximum; finish or delete one of them, "
            f"the oldest is {ulid_text(drafts[0].version_id)}",
            code=Code.TOO_MANY_DRAFTS,
        )
