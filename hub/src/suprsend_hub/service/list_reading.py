"""Read subscriber lists for display: with counts and drafts, as one draft, and the list of all users."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import USERS
from suprsend_hub.domain.records import Member, SubscriberList
from suprsend_hub.domain.subscriber_list import ALL_USERS
from suprsend_hub.service.pages import ULID_CURSOR, Page, PageRequest, fetch_page
from suprsend_hub.store import counters, lists, sending, workspaces
from suprsend_hub.store.database import Connection

_NO_VERSION = UUID(int=0)


async def counted(
    connection: Connection, workspace_id: int, stored: Sequence[SubscriberList]
) -> Sequence[SubscriberList]:
    """Return the lists, in the same order, with their member counts and their drafts."""
    if not stored:
        return []
    drafts = await lists.read_drafts(connection, workspace_id, [each.list_id for each in stored])
    names = [counters.members_counter(each.list_id, each.live_version) for each in stored]
    names += [counters.members_counter(draft.list_id, draft.version_id) for draft in drafts]
    counts = await counters.values(connection, workspace_id, names)
    drafts = [
        replace(draft, subscribers_count=counts[counters.members_counter(draft.list_id, draft.version_id)])
        for draft in drafts
    ]
    return [
        replace(
            each,
            subscribers_count=counts[counters.members_counter(each.list_id, each.live_version)],
            drafts=[draft for draft in drafts if draft.list_id == each.list_id],
        )
        for each in stored
    ]


async def as_draft(connection: Connection, workspace_id: int, list_id: str, version_id: UUID) -> SubscriberList:
    """Return a list as one of its drafts; NotFound if the list or draft does not exist."""
    stored = await lists.find(connection, workspace_id, list_id)
    if stored is None:
        raise list_not_found(list_id)
    draft = await lists.find_draft(connection, workspace_id, list_id, version_id)
    if draft is None:
        raise version_not_found(list_id, ulid_text(version_id))
    count = await counters.value(connection, workspace_id, counters.members_counter(list_id, version_id))
    return replace(stored, subscribers_count=count, updated_at=draft.created_at, version_id=version_id)


async def all_users(connection: Connection, workspace_id: int) -> SubscriberList:
    """Return the list of all users, which every workspace has."""
    created_at = await workspaces.created_at(connection, workspace_id)
    return SubscriberList(
        list_id=ALL_USERS,
        list_name="All users",
        list_description="Every user of the workspace",
        track_user_entry=False,
        track_user_exit=False,
        live_version=_NO_VERSION,
        created_at=created_at,
        updated_at=created_at,
        subscribers_count=await counters.value(connection, workspace_id, counters.profiles_counter(USERS)),
        is_readonly=True,
    )


async def page_all_users(
    connection: Connection, workspace_id: int, request: PageRequest, *, order: Direction
) -> Page[Member]:
    """Return a page of the list of all users."""
    count = await counters.value(connection, workspace_id, counters.profiles_counter(USERS))

    async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[Member]:
        return await sending.page_users(connection, workspace_id, cursor=cursor, direction=direction, limit=limit)

    return await fetch_page(
        request, form=ULID_CURSOR, order=order, fetch=fetch, cursor_of=lambda member: member.member_id, count=count
    )


def list_not_found(list_id: str) -> NotFound:
    """Return the error of an unknown list."""
    return NotFound(f"list_id: {list_id} not found", code=Code.LIST_NOT_FOUND)


def version_not_found(list_id: str, version_id: str) -> NotFound:
    """Return the error of an unknown version of a list."""
    return NotFound(f"version_id {version_id} not found for list_id {list_id}", code=Code.LIST_VERSION_NOT_FOUND)
