"""Delete a workspace with everything in it, in small steps that can be interrupted and continued.

First the workspace is disabled. Running hubs learn that within seconds, but may still write edits that they accepted
before, for as long as edits wait. So the workspace itself is deleted last, after another pass over every table when no
hub can write any more.
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
"""Number of rows that one transaction deletes."""
LAST_WRITE = timedelta(minutes=2)
"""Seconds until the last hub has written what it accepted before the workspace was disabled. They cover cached
credentials, a slow body, the queue and the wait for an absent database, one after the other."""


class WorkspaceDeletionService:
    """Deletion of workspaces, for the CLI."""

    def __init__(
        self, database: Database, workspaces: WorkspaceService, audit: AuditLog, *, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._workspaces = workspaces
        self._audit = audit
        self._now = now

    async def delete(self, actor: Actor, name: str, *, last_write: timedelta = LAST_WRITE) -> AsyncIterator[str]:
        """Delete a workspace permanently; yield a text for each step. NotFound if no workspace has that name."""
        workspace_id = (await self._workspaces.get(name)).workspace_id
        async with self._database.transaction() as connection:
            since = await workspace_deletion.begin(connection, workspace_id, self._now())
            change = Change(Action.WORKSPACE_DELETE, name, detail={"state": "begun"})
            await self._audit.record(connection, actor, HUB_WIDE, change)
        yield "the workspace is disabled"
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
