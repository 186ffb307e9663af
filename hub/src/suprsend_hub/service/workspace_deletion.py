"""Delete a workspace with everything in it, in small steps: may be interrupted, and goes on when it is run again.

First nobody gets in any more. Running hubs learn that within seconds, and what they had accepted by then may still be
written for as long as edits have patience: so the workspace itself goes last, after a look at every table when no hub
can write any more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from functools import partial

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import HUB_WIDE, Action, Change
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.workspaces import WorkspaceService
from suprsend_hub.store import workspace_deletion
from suprsend_hub.store.database import Database

STEP_ROWS = 10_000
"""Rows that one transaction deletes."""
LAST_WRITE = timedelta(minutes=2)
"""When the last hub has written what it accepted before the workspace was disabled: cached credentials, a body that
arrives slowly, the queue and the patience with a database that is away, one after the other."""


class WorkspaceDeletionService:
    """Deletes workspaces, for the CLI."""

    def __init__(
        self, database: Database, workspaces: WorkspaceService, audit: AuditLog, *, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._workspaces = workspaces
        self._audit = audit
        self._now = now

    async def delete(self, actor: Actor, name: str, *, last_write: timedelta = LAST_WRITE) -> AsyncIterator[str]:
        """Delete a workspace for good, and say what has been done; NotFound if there is none of that name."""
        workspace_id = (await self._workspaces.get(name)).workspace_id
        async with self._database.transaction() as connection:
            since = await workspace_deletion.begin(connection, workspace_id, self._now())
            change = Change(Action.WORKSPACE_DELETE, name, detail={"state": "begun"})
            await self._audit.record(connection, actor, HUB_WIDE, change)
        yield "nobody gets in any more"
        async for done in self._empty(workspace_id):
            yield done
        wait_s = (since + last_write - self._now()).total_seconds()
        if wait_s > 0:
            yield f"waiting {wait_s:.0f} seconds for what running hubs may still write"
            await asyncio.sleep(wait_s)
        async for done in self._empty(workspace_id):
            yield done
        async with self._database.transaction() as connection:
            await workspace_deletion.finish(connection, workspace_id)
            change = Change(Action.WORKSPACE_DELETE, name, detail={"state": "finished"})
            await self._audit.record(connection, actor, HUB_WIDE, change)

    async def _empty(self, workspace_id: int) -> AsyncIterator[str]:
        for table in workspace_deletion.TABLES:
            deleted = 0
            while True:
                step = await self._database.run(
                    partial(workspace_deletion.empty, table=table, workspace_id=workspace_id, at_most=STEP_ROWS)
                )
                deleted += step
                if step < STEP_ROWS:
                    break
                yield f"{table}: {deleted} rows so far"
            if deleted:
                yield f"{table}: {deleted} rows deleted"
