"""Tenants: create, change, read and delete them; delete in small steps what deleted ones leave behind."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import DomainError, NotFound
from suprsend_hub.domain.records import TenantRow
from suprsend_hub.domain.tenant import (
    TenantChange,
    TenantSettings,
    check_deletable,
    check_size,
    decode_properties,
    decode_settings,
    encode_properties,
    encode_settings,
    name_required,
)
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.pages import ID_CURSOR, Page, PageRequest, fetch_page
from suprsend_hub.service.workspace_deletion import LAST_WRITE
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.store import tenants
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.tenants import DeadTenant

SWEEP_STEP = 2_000
"""Profiles that one transaction deletes: few enough not to delay others noticeably."""
_MAX_DEAD = 1_000
"""Dead tenants that one check of the sweeper looks at."""


class TenantService:
    """The tenants of all workspaces."""

    def __init__(
        self, database: Database, audit: AuditLog, rate_limits: RateLimits, *, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._audit = audit
        self._rate_limits = rate_limits
        self._now = now

    async def save(self, actor: Actor, workspace_id: int, tenant_id: str, change: TenantChange) -> TenantRow:
        """Create a tenant, or change the fields that are given. A new tenant needs a name (InvalidRequest)."""
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> TenantRow:
            stored = await tenants.lock(connection, workspace_id, tenant_id)
            if stored is None and change.tenant_name is not None:
                number = await tenants.next_number(connection, workspace_id)
                stored = await tenants.lock(connection, workspace_id, tenant_id)  # if somebody else was faster
                if stored is None:
                    saved = await self._insert(connection, workspace_id, tenant_id, number, change)
            if stored is not None:
                saved = await self._update(connection, workspace_id, stored, change)
            elif change.tenant_name is None:
                raise name_required(change)
            detail = {"fields": change.names}
            await self._audit.record(
                connection, actor, workspace_id, Change(Action.TENANT_SAVE, tenant_id, detail={**detail})
            )
            return saved

        return await self._database.run(use)

    async def _insert(
        self, connection: Connection, workspace_id: int, tenant_id: str, number: int, change: TenantChange
    ) -> TenantRow:
        settings, properties = _changed(TenantSettings(), {}, change)
        assert change.tenant_name is not None
        return await tenants.insert(
            connection, workspace_id, tenant_id, tenant_no=number, tenant_name=change.tenant_name,
            settings=settings, properties=properties, now=self._now(),
        )  # fmt: skip

    async def _update(
        self, connection: Connection, workspace_id: int, stored: TenantRow, change: TenantChange
    ) -> TenantRow:
        settings, properties = _changed(decode_settings(stored.settings), decode_properties(stored.properties), change)
        name = stored.tenant_name if change.tenant_name is None else change.tenant_name
        return await tenants.update(
            connection, workspace_id, stored.tenant_id,
            tenant_name=name, settings=settings, properties=properties, now=self._now(),
        )  # fmt: skip

    async def get(self, workspace_id: int, tenant_id: str) -> TenantRow:
        """Return one tenant; NotFound if it does not exist."""
        async with self._database.connection() as connection:
            found = await tenants.find(connection, workspace_id, tenant_id)
        if found is None:
            raise no_such_tenant(tenant_id)
        return found

    async def page(self, workspace_id: int, *, limit: int, offset: int) -> tuple[Sequence[TenantRow], int]:
        """Return tenants, newest first, with the number of all."""
        async with self._database.connection() as connection:
            count = await tenants.count(connection, workspace_id)
            return await tenants.page(connection, workspace_id, limit=limit, offset=offset), count

    async def search(self, workspace_id: int, prefix: str, request: PageRequest) -> Page[TenantRow]:
        """Return tenants whose id starts with `prefix`, which may be empty, in order of id."""
        async with self._database.connection() as connection:

            async def fetch(cursor: str | None, direction: Direction, limit: int) -> list[TenantRow]:
                return await tenants.page_by_prefix(
                    connection, workspace_id, prefix=prefix, cursor=cursor, direction=direction, limit=limit
                )

            return await fetch_page(
                request,
                form=ID_CURSOR,
                order=Direction.ASCENDING,
                fetch=fetch,
                cursor_of=lambda row: row.tenant_id,
                count=await tenants.count_prefix(connection, workspace_id, prefix),
            )

    async def delete(self, actor: Actor, workspace_id: int, tenant_id: str) -> None:
        """Delete a tenant with its profiles, of which nothing is shown any more; NotFound if it does not exist."""
        self._rate_limits.admit(workspace_id, 1)
        check_deletable(tenant_id)

        async def use(connection: Connection) -> None:
            if await tenants.delete(connection, workspace_id, tenant_id, self._now()) is None:
                raise no_such_tenant(tenant_id)
            await self._audit.record(connection, actor, workspace_id, Change(Action.TENANT_DELETE, tenant_id))

        await self._database.run(use)

    async def sweep(self, *, last_write: timedelta = LAST_WRITE) -> bool:
        """Delete some profiles of each dead tenant; return False if none has any.

        A dead tenant is remembered until no hub can write any more what it accepted before.
        """
        async with self._database.connection() as connection:
            dead = await tenants.list_dead(connection, at_most=_MAX_DEAD)
        has_swept = False
        for each in dead:
            is_over = each.deleted_at + last_write < self._now()
            has_swept |= await self._database.run(partial(_sweep, dead=each, is_over=is_over))
        return has_swept


async def _sweep(connection: Connection, *, dead: DeadTenant, is_over: bool) -> bool:
    deleted = await tenants.sweep(connection, dead, at_most=SWEEP_STEP)
    if deleted == 0 and is_over:
        await tenants.forget(connection, dead)
    return bool(deleted)


def _changed(settings: TenantSettings, properties: dict[str, object], change: TenantChange) -> tuple[str, str]:
    """Return settings and properties after the change, in storage form."""
    texts = (
        encode_settings(change.apply_to_settings(settings)),
        encode_properties(change.apply_to_properties(properties)),
    )
    check_size(*texts)
    return texts


def no_such_tenant(tenant_id: str) -> NotFound:
    """Return the error of the tenant endpoints for an unknown tenant, in upstream's words."""
    return NotFound(f"No tenant found for tenant_id {tenant_id}", code=Code.TENANT_NOT_FOUND)


def tenant_not_found(tenant_id: str) -> NotFound:
    """Return the error of all other endpoints for an unknown tenant, in upstream's words."""
    return NotFound(f"tenant '{tenant_id}' not found", code=Code.TENANT_NOT_FOUND)


def is_gone(error: DomainError | None) -> bool:
    """Tell whether the write path refused an edit because its tenant has been deleted since it was looked up."""
    return error is not None and error.code is Code.TENANT_NOT_FOUND
