"""Subscriber lists: definitions, members, drafts, and the lists of a user."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change, some
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import UlidFactory, parse_ulid, ulid_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import Member, Membership, SubscriberList
from suprsend_hub.domain.subscriber_list import ALL_USERS, ListDefinition, check_writable
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.list_reading import (
    all_users,
    as_draft,
    counted,
    list_not_found,
    page_all_users,
    version_not_found,
)
from suprsend_hub.service.list_room import check_room_for_draft, check_room_for_list
from suprsend_hub.service.pages import ULID_CURSOR, Page, PageRequest, fetch_page
from suprsend_hub.service.successors import gone
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.store import counters, lists, profiles
from suprsend_hub.store.database import Connection, Database

DEFAULT_MEMBERS_LIMIT = 20
"""Members on a page by default, as published."""
SWEEP_STEP = 10_000
"""How many members of a dead version one transaction removes."""


class ListService:
    """Subscriber lists of all workspaces."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        rate_limits: RateLimits,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._audit = audit
        self._rate_limits = rate_limits
        self._now = now
        self._ulids = ulids

    async def save(self, actor: Actor, workspace_id: int, definition: ListDefinition) -> SubscriberList:
        """Create a list, or change the fields that the definition has."""
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> SubscriberList:
            await check_room_for_list(connection, workspace_id, definition.list_id)
            row = await lists.upsert(
                connection,
                workspace_id,
                definition.list_id,
                live_version=self._ulids.new(),
                now=self._now(),
                list_name=definition.list_name,
                list_description=definition.list_description,
                track_user_entry=definition.track_user_entry,
                track_user_exit=definition.track_user_exit,
            )
            change = Change(Action.LIST_SAVE, definition.list_id, detail=_given(definition))
            await self._audit.record(connection, actor, workspace_id, change)
            [view] = await counted(connection, workspace_id, [row])
            return view

        return await self._database.run(use)

    async def get(self, workspace_id: int, list_id: str) -> SubscriberList:
        """Return one list; NotFound if it does not exist."""
        async with self._database.connection() as connection:
            if list_id == ALL_USERS:
                return await all_users(connection, workspace_id)
            row = await lists.find(connection, workspace_id, list_id)
            if row is None:
                raise list_not_found(list_id)
            [view] = await counted(connection, workspace_id, [row])
            return view

    async def page(self, workspace_id: int, *, limit: int, offset: int) -> tuple[Sequence[SubscriberList], int]:
        """Return lists, newest first and then all_users, which every workspace has, with the number of lists."""
        async with self._database.connection() as connection:
            count = await lists.count(connection, workspace_id)
            rows = await lists.page(connection, workspace_id, limit=limit, offset=offset)
            views = list(await counted(connection, workspace_id, rows))
            if len(views) < limit and offset <= count:
                views.append(await all_users(connection, workspace_id))
            return views, count + 1

    async def delete(self, actor: Actor, workspace_id: int, list_id: str) -> None:
        """Delete a list with its drafts at once; NotFound if it does not exist."""
        check_writable(list_id)
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> None:
            if not await lists.delete(connection, workspace_id, list_id):
                raise list_not_found(list_id)
            await self._audit.record(connection, actor, workspace_id, Change(Action.LIST_DELETE, list_id))

        await self._database.run(use)

    async def add(
        self,
        actor: Actor,
        workspace_id: int,
        list_id: str,
        distinct_ids: Sequence[str],
        *,
        version_id: str | None = None,
    ) -> int:
        """Add users to the list or to a draft; skip unknown users. Return how many were added.

        `distinct_ids` are distinct and sorted. One statement for any number of them.
        """
        version = _writable_version(list_id, version_id)
        self._rate_limits.admit(workspace_id, len(distinct_ids))

        async def use(connection: Connection) -> int:
            affected = await lists.add_members(
                connection, workspace_id, list_id, version, distinct_ids=distinct_ids,
                member_ids=self._ulids.batch(len(distinct_ids)), now=self._now(),
            )  # fmt: skip
            return await self._record_members(
                connection, actor, workspace_id, list_id, version, Action.LIST_ADD, distinct_ids, affected
            )

        return await self._database.run(use)

    async def remove(
        self,
        actor: Actor,
        workspace_id: int,
        list_id: str,
        distinct_ids: Sequence[str],
        *,
        version_id: str | None = None,
    ) -> int:
        """Remove members of the list or of a draft; ignore users who are not members. Return how many were removed."""
        version = _writable_version(list_id, version_id)
        self._rate_limits.admit(workspace_id, len(distinct_ids))

        async def use(connection: Connection) -> int:
            affected = await lists.remove_members(connection, workspace_id, list_id, version, distinct_ids=distinct_ids)
            return await self._record_members(
                connection, actor, workspace_id, list_id, version, Action.LIST_REMOVE, distinct_ids, affected
            )

        return await self._database.run(use)

    async def _record_members(
        self, connection: Connection, actor: Actor, workspace_id: int, list_id: str, version: UUID | None,
        action: Action, distinct_ids: Sequence[str], affected: int | None,
    ) -> int:  # fmt: skip
        """Record a call that changed members; NotFound, naming the list or draft, if that does not exist."""
        if affected is None:
            if await lists.find(connection, workspace_id, list_id) is None:
                raise list_not_found(list_id)
            raise version_not_found(list_id, "" if version is None else ulid_text(version))
        detail: dict[str, Json] = {**some(distinct_ids), "affected": affected}
        if version is not None:
            detail["version_id"] = ulid_text(version)
        await self._audit.record(connection, actor, workspace_id, Change(action, list_id, detail=detail))
        return affected

    async def page_members(
        self, workspace_id: int, list_id: str, request: PageRequest, *, order: Direction = Direction.NEWEST_FIRST
    ) -> Page[Member]:
        """Return members of a list, newest first by default; NotFound for an unknown list."""
        async with self._database.connection() as connection:
            if list_id == ALL_USERS:
                return await page_all_users(connection, workspace_id, request, order=order)
            row = await lists.find(connection, workspace_id, list_id)
            if row is None:
                raise list_not_found(list_id)
            version = row.live_version
            count = await counters.value(connection, workspace_id, counters.members_counter(list_id, version))

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[Member]:
                return await lists.page_members(
                    connection, workspace_id, list_id, version,
                    cursor=cursor, direction=direction, limit=limit,
                )  # fmt: skip

            return await fetch_page(
                request,
                form=ULID_CURSOR,
                order=order,
                fetch=fetch,
                cursor_of=lambda member: member.member_id,
                count=count,
            )

    async def page_of_user(self, workspace_id: int, distinct_id: str, request: PageRequest) -> Page[Membership]:
        """Return the lists of a user, oldest membership first, without all_users; NotFound for an unknown user."""
        key = RecipientKey.user(workspace_id, distinct_id)
        async with self._database.connection() as connection:
            if await profiles.find(connection, key) is None:
                raise await gone(connection, key)
            count = await lists.count_memberships(connection, workspace_id, distinct_id)

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[Membership]:
                return await lists.page_memberships(
                    connection, workspace_id, distinct_id, cursor=cursor, direction=direction, limit=limit
                )

            page = await fetch_page(
                request,
                form=ULID_CURSOR,
                order=Direction.OLDEST_FIRST,
                fetch=fetch,
                cursor_of=lambda row: row.member_id,
                count=count,
            )
            rows = await lists.read(connection, workspace_id, [membership.list_id for membership in page.rows])
            found = {each.list_id: each for each in await counted(connection, workspace_id, list(rows.values()))}
            return page.with_rows([replace(row, list=found[row.list_id]) for row in page.rows if row.list_id in found])

    async def start_sync(self, actor: Actor, workspace_id: int, list_id: str) -> SubscriberList:
        """Start an empty draft next to the live list; NotFound for an unknown list."""
        check_writable(list_id)
        self._rate_limits.admit(workspace_id, 1)

        async def use(connection: Connection) -> SubscriberList:
            if await lists.lock(connection, workspace_id, list_id) is None:
                raise list_not_found(list_id)
            await check_room_for_draft(connection, workspace_id, list_id)
            version_id = self._ulids.new()
            await lists.insert_draft(connection, workspace_id, list_id, version_id, self._now())
            change = _draft_change(Action.LIST_START_SYNC, list_id, version_id)
            await self._audit.record(connection, actor, workspace_id, change)
            return await as_draft(connection, workspace_id, list_id, version_id)

        return await self._database.run(use)

    async def get_draft(self, workspace_id: int, list_id: str, version_id: str) -> SubscriberList:
        """Return a draft; NotFound if the list or draft does not exist."""
        async with self._database.connection() as connection:
            return await as_draft(connection, workspace_id, list_id, _version(list_id, version_id))

    async def finish_sync(self, actor: Actor, workspace_id: int, list_id: str, version_id: str) -> SubscriberList:
        """Make a draft the live membership in one step, so that no reader sees anything in between."""
        check_writable(list_id)
        self._rate_limits.admit(workspace_id, 1)
        version = _version(list_id, version_id)

        async def use(connection: Connection) -> SubscriberList:
            live = await lists.lock(connection, workspace_id, list_id)
            if live is None:
                raise list_not_found(list_id)
            if not await lists.finish_draft(connection, workspace_id, list_id, version, live=live, now=self._now()):
                raise version_not_found(list_id, version_id)
            change = _draft_change(Action.LIST_FINISH_SYNC, list_id, version)
            await self._audit.record(connection, actor, workspace_id, change)
            row = await lists.find(connection, workspace_id, list_id)
            assert row is not None
            [view] = await counted(connection, workspace_id, [row])
            return view

        return await self._database.run(use)

    async def delete_draft(self, actor: Actor, workspace_id: int, list_id: str, version_id: str) -> None:
        """Discard a draft; NotFound if the list or draft does not exist."""
        check_writable(list_id)
        self._rate_limits.admit(workspace_id, 1)
        version = _version(list_id, version_id)

        async def use(connection: Connection) -> None:
            if await lists.lock(connection, workspace_id, list_id) is None:
                raise list_not_found(list_id)
            if not await lists.delete_draft(connection, workspace_id, list_id, version):
                raise version_not_found(list_id, version_id)
            change = _draft_change(Action.LIST_DELETE_DRAFT, list_id, version)
            await self._audit.record(connection, actor, workspace_id, change)

        await self._database.run(use)

    async def sweep(self) -> bool:
        """Remove some members of versions that are no longer live; return False if there are none."""
        return await self._database.run(lambda connection: lists.sweep(connection, at_most=SWEEP_STEP))


def _given(definition: ListDefinition) -> dict[str, Json]:
    """Return the fields that a definition has."""
    return {name: value for name, value in asdict(definition).items() if name != "list_id" and value is not None}


def _draft_change(action: Action, list_id: str, version_id: UUID) -> Change:
    return Change(action, list_id, detail={"version_id": ulid_text(version_id)})


def _writable_version(list_id: str, version_id: str | None) -> UUID | None:
    """Return the version to change, None for the live one; InvalidRequest for a read-only list."""
    check_writable(list_id)
    return None if version_id is None else _version(list_id, version_id)


def _version(list_id: str, text: str) -> UUID:
    """Return a version id from the path; NotFound for text that is not a ULID, which cannot exist."""
    try:
        return parse_ulid(text)
    except InvalidRequest as error:
        raise version_not_found(list_id, text) from error
