"""A workspace's rules about users and tenants: read and change them. Running hubs follow within `CACHE_S` seconds."""

from suprsend_hub.domain import tenancy
from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.tenancy import Tenancy, TenancyChange, tenancy_to_wire
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.store import workspaces
from suprsend_hub.store.database import Connection, Database


class TenancyService:
    """The rules of all workspaces, for the CLI and the API."""

    def __init__(self, database: Database, audit: AuditLog, rate_limits: RateLimits) -> None:
        self._database = database
        self._audit = audit
        self._rate_limits = rate_limits

    async def get(self, workspace_id: int) -> Tenancy:
        """Return the rules of a workspace."""
        async with self._database.connection() as connection:
            return tenancy.decode(await workspaces.read_tenancy(connection, workspace_id))

    async def change(self, actor: Actor, workspace_id: int, name: str, change: TenancyChange) -> Tenancy:
        """Change the rules of a workspace and return them. Links that exist stay, whatever the mode is."""
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> Tenancy:
            stored = tenancy.decode(await workspaces.lock_tenancy(connection, workspace_id))
            changed = change.apply(stored)
            await workspaces.set_tenancy(connection, workspace_id, tenancy.encode(changed))
            entry = Change(Action.WORKSPACE_TENANCY, name, detail=tenancy_to_wire(changed))
            await self._audit.record(connection, actor, workspace_id, entry)
            return changed

        return await self._database.run(use)
