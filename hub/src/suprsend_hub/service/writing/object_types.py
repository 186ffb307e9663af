"""How many types of objects a workspace may have."""

from collections.abc import Iterable

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.limits import MAX_OBJECT_TYPES
from suprsend_hub.store import object_types
from suprsend_hub.store.database import Connection

_REMEMBERED = 10_000


class ObjectTypes:
    """Checks the types of objects that are created. Remembers those it has seen, so most batches ask nothing."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, str]] = set()

    async def check(self, connection: Connection, created: Iterable[tuple[int, str]]) -> None:
        """Raise InvalidRequest if a (workspace, type) is one too many. Two at the same time may both pass."""
        unseen = [kind for kind in created if kind[1] and kind not in self._seen]
        for workspace_id in {workspace_id for workspace_id, _ in unseen}:
            types = [object_type for workspace, object_type in unseen if workspace == workspace_id]
            if await object_types.count_with(connection, workspace_id, types) > MAX_OBJECT_TYPES:
                raise InvalidRequest(
                    f"the workspace has {MAX_OBJECT_TYPES} object types, the maximum; use one of them",
                    code=Code.TOO_MANY_OBJECT_TYPES,
                )
        if len(self._seen) + len(unseen) > _REMEMBERED:
            self._seen.clear()
        self._seen.update(unseen)
