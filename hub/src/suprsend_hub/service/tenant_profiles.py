"""Users within tenants: what applies to them there, the profiles that tenants have for them, and their links."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.profile import Profile, decode_profile
from suprsend_hub.domain.recipient import USERS, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.tenancy import Tenancy, overlay
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.pages import NUMBER_CURSOR, ULID_CURSOR, Page, PageRequest, fetch_page
from suprsend_hub.service.profile_reader import ProfileReader
from suprsend_hub.service.successors import gone
from suprsend_hub.service.tenant_numbers import TenantNumbers
from suprsend_hub.service.tenants import is_gone, tenant_not_found
from suprsend_hub.service.writing import Batcher, Edit, RateLimits, RequestKey
from suprsend_hub.store import counters, profiles, tenant_links
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.tenant_links import Link

Request = Callable[[RecipientKey], RequestKey | None]
"""Returns the `Idempotency-Key` of a request, with a digest that names the profile."""


@dataclass(frozen=True, slots=True)
class TenantUser:
    """A user within a tenant: the global profile, and the tenant's, which is None without a link."""

    user: StoredProfile
    tenant_id: str
    own: StoredProfile | None

    def merged(self, tenancy: Tenancy) -> Profile:
        """Return what applies to the user within the tenant."""
        return overlay(_profile(self.user), self.own_profile(), tenancy.fallback(self.tenant_id))

    def own_profile(self) -> Profile:
        """Return what was set on the level of the tenant."""
        return Profile() if self.own is None else _profile(self.own)


class TenantProfileService:
    """The users of all workspaces within tenants. One instance per process."""

    def __init__(
        self,
        database: Database,
        batcher: Batcher,
        numbers: TenantNumbers,
        audit: AuditLog,
        rate_limits: RateLimits,
        *,
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._numbers = numbers
        self._audit = audit
        self._rate_limits = rate_limits
        self._ulids = ulids
        self._reader = ProfileReader(database)

    async def get(self, user: RecipientKey, tenant_id: str) -> TenantUser:
        """Return a user within a tenant; NotFound if either does not exist."""
        return await self._read(user, tenant_id, await self._number(user.workspace_id, tenant_id))

    async def edit(
        self,
        actor: Actor,
        user: RecipientKey,
        tenant_id: str,
        operations: list[Json],
        *,
        tenancy: Tenancy,
        request: Request,
        size_bytes: int,
    ) -> TenantUser:
        """Apply an edit to the tenant's profile of a user, as a whole or not at all; return the user.

        Raises:
            NotFound: there is no such tenant or user.
            InvalidRequest: an operation cannot be applied; or the user is linked with another tenant, in a workspace
                that allows one.
        """
        for anew in (False, True):
            numbers = await self._numbers.find(user.workspace_id, [tenant_id], anew=anew)
            if tenant_id not in numbers:
                break
            key = user._replace(tenant_no=numbers[tenant_id])
            request_key = request(key)
            edit = Edit(
                key,
                self._ulids.new() if request_key is None else request_key.key,
                operations,
                actor,
                strict=True,
                size_bytes=size_bytes or None,
                request=request_key,
                needs_user=True,
                exclusive=tenancy.is_exclusive,
            )
            [outcome] = await self._batcher.submit(user.workspace_id, [edit], size_bytes=size_bytes)
            if outcome.error is None:
                # By an old id of the user, the edit reached another key.
                reached = user if outcome.profile is None else outcome.profile.key.recipient
                return await self._read(reached, tenant_id, key.tenant_no)
            if not is_gone(outcome.error):
                raise outcome.error
        raise tenant_not_found(tenant_id)

    async def unlink(self, actor: Actor, user: RecipientKey, tenant_id: str) -> None:
        """Delete the tenant's profile of a user; NotFound if there is no such tenant or profile."""
        self._rate_limits.admit(user.workspace_id, 1)
        key = user._replace(tenant_no=await self._number(user.workspace_id, tenant_id))

        async def use(connection: Connection) -> None:
            if not await tenant_links.unlink(connection, key):
                raise _no_link(tenant_id)
            change = Change.of_recipient(user, Action.USER_UNLINK_TENANT, tenant_id=tenant_id)
            await self._audit.record(connection, actor, user.workspace_id, change)
            counter = counters.profiles_counter(user.object_type, key.tenant_no)
            await counters.add(connection, {(user.workspace_id, counter): -1})

        await self._database.run(use)

    async def page_of_user(self, user: RecipientKey, request: PageRequest) -> Page[TenantUser]:
        """Return a page of the tenants that a user is linked with, in the order of the tenants' creation."""
        async with self._database.connection() as connection:
            stored = await profiles.find(connection, user)
            if stored is None:
                error = await gone(connection, user)
                words = f"{error.message[:1].upper()}{error.message[1:]}"
                raise NotFound(words, code=error.code, detail=error.detail)
            count = await tenant_links.count(connection, user)

            async def fetch(cursor: int | None, direction: Direction, limit: int) -> list[Link]:
                return await tenant_links.page(connection, user, cursor=cursor, direction=direction, limit=limit)

            page = await fetch_page(
                request,
                form=NUMBER_CURSOR,
                order=Direction.OLDEST_FIRST,
                fetch=fetch,
                cursor_of=lambda link: link.profile.key.tenant_no,
                count=count,
            )
        return page.with_rows([TenantUser(stored, link.tenant_id, link.profile) for link in page.rows])

    async def page_of_tenant(self, workspace_id: int, tenant_id: str, request: PageRequest) -> Page[TenantUser]:
        """Return a page of the users that are linked with a tenant, those linked last first; NotFound if unknown."""
        number = await self._number(workspace_id, tenant_id)
        async with self._database.connection() as connection:
            count = await counters.value(connection, workspace_id, counters.profiles_counter(USERS, number))

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[StoredProfile]:
                return await profiles.page_by_creation(
                    connection, workspace_id, tenant_no=number, cursor=cursor, direction=direction, limit=limit
                )

            page = await fetch_page(
                request,
                form=ULID_CURSOR,
                order=Direction.NEWEST_FIRST,
                fetch=fetch,
                cursor_of=lambda row: row.profile_id,
                count=count,
            )
            users = await profiles.read(connection, [own.key.recipient for own in page.rows]) if page.rows else {}
        return page.with_rows(_within(tenant_id, page.rows, users))

    async def counts(self, workspace_id: int, tenant_nos: Sequence[int]) -> dict[int, int]:
        """Return how many users are linked with each of some tenants, by the tenants' numbers."""
        names = {number: counters.profiles_counter(USERS, number) for number in tenant_nos}
        async with self._database.connection() as connection:
            found = await counters.values(connection, workspace_id, list(names.values()))
        return {number: found[name] for number, name in names.items()}

    async def _number(self, workspace_id: int, tenant_id: str) -> int:
        """Return the number of a tenant as it is now, because what is read is shown."""
        numbers = await self._numbers.read(workspace_id, [tenant_id])
        if tenant_id not in numbers:
            raise tenant_not_found(tenant_id)
        return numbers[tenant_id]

    async def _read(self, user: RecipientKey, tenant_id: str, tenant_no: int) -> TenantUser:
        """Return a user within a tenant, by one statement; NotFound if the user does not exist."""
        key = user._replace(tenant_no=tenant_no)
        found, own = await asyncio.gather(self._reader.find(user), self._reader.find(key))
        if found is None:
            async with self._database.connection() as connection:
                raise await gone(connection, user)
        return TenantUser(found, tenant_id, own if own is not None and own.linked else None)


def _within(
    tenant_id: str, rows: Sequence[StoredProfile], users: dict[RecipientKey, StoredProfile]
) -> list[TenantUser]:
    """Return the users of a tenant, without those that were deleted while the page was read."""
    return [TenantUser(users[own.key.recipient], tenant_id, own) for own in rows if own.key.recipient in users]


def _profile(stored: StoredProfile) -> Profile:
    return decode_profile(stored.properties, stored.channels)


def _no_link(tenant_id: str) -> NotFound:
    """Return the error for a user without a link to a tenant, in upstream's words."""
    return NotFound(f"no per-tenant profile for user in tenant '{tenant_id}'", code=Code.TENANT_PROFILE_NOT_FOUND)
