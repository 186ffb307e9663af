"""Users: read, page, search, edit, delete. Every change goes through the batcher to the write path."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import USERS, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.batcher import Batcher
from suprsend_hub.service.edits import Edit, RejectedRecord
from suprsend_hub.service.pages import ID_CURSOR, ULID_CURSOR, Page, PageRequest, fetch_page
from suprsend_hub.store import counters, profiles
from suprsend_hub.store.database import Database

SEARCH_COUNT_CAP = 1000
"""A search counts its matches no further than this: counting a whole prefix would cost a scan."""


@dataclass(frozen=True, slots=True)
class UserEvent:
    """An identity event, checked; `insert_key` is None if the caller gave no `$insert_id`."""

    distinct_id: str
    insert_key: UUID | None
    operations: Sequence[object]


class UserService:
    """The users of all workspaces; the workspace is the first argument everywhere."""

    def __init__(self, database: Database, batcher: Batcher, *, ulids: UlidFactory) -> None:
        self._database = database
        self._batcher = batcher
        self._ulids = ulids

    async def apply_events(
        self,
        workspace_id: int,
        events: Sequence[UserEvent],
        rejects: Sequence[RejectedRecord],
        *,
        source: str,
        size_bytes: int,
    ) -> None:
        """Apply identity events in order: what can be applied is committed on return, what cannot is in the log."""
        edits = [
            Edit(
                RecipientKey.user(workspace_id, event.distinct_id),
                event.insert_key or self._ulids.new(),
                event.operations,
                source,
            )
            for event in events
        ]
        await self._batcher.submit(workspace_id, edits, rejects, size_bytes=size_bytes)

    async def edit(
        self,
        workspace_id: int,
        distinct_id: str,
        operations: Sequence[object],
        *,
        source: str,
        insert_key: UUID | None = None,
        size_bytes: int = 0,
    ) -> StoredProfile:
        """Apply an edit whole or not at all (InvalidRequest), creating the user if needed; returns it then.

        With an `insert_key` that is known, nothing is applied again and the profile as it is now comes back.
        """
        key = RecipientKey.user(workspace_id, distinct_id)
        edit = Edit(key, insert_key or self._ulids.new(), operations, source, strict=True)
        [outcome] = await self._batcher.submit(workspace_id, [edit], size_bytes=size_bytes)
        if outcome.error is not None:
            raise outcome.error
        if outcome.profile is None:  # a known edit of a user who has been deleted since
            raise not_found(distinct_id)
        return outcome.profile

    async def get(self, workspace_id: int, distinct_id: str) -> StoredProfile:
        """The user; NotFound if there is none."""
        async with self._database.connection() as connection:
            found = await profiles.find(connection, RecipientKey.user(workspace_id, distinct_id))
        if found is None:
            raise not_found(distinct_id)
        return found

    async def page(self, workspace_id: int, request: PageRequest) -> Page[StoredProfile]:
        """Users, newest first. `count` is the number of all users."""
        async with self._database.connection() as connection:
            count = await counters.value(connection, workspace_id, counters.profiles_counter(USERS))

            async def fetch(cursor: UUID | None, backward: bool, limit: int) -> list[StoredProfile]:
                return await profiles.page_by_creation(
                    connection, workspace_id, cursor=cursor, backward=backward, limit=limit
                )

            return await fetch_page(
                request, form=ULID_CURSOR, fetch=fetch, cursor_of=lambda row: row.profile_id, count=count
            )

    async def search(self, workspace_id: int, prefix: str, request: PageRequest) -> Page[StoredProfile]:
        """Users whose distinct_id starts with `prefix`, in order of distinct_id. `count` stops at SEARCH_COUNT_CAP."""
        async with self._database.connection() as connection:
            count = await profiles.count_prefix(connection, workspace_id, prefix=prefix, at_most=SEARCH_COUNT_CAP)

            async def fetch(cursor: str | None, backward: bool, limit: int) -> list[StoredProfile]:
                return await profiles.page_by_prefix(
                    connection, workspace_id, prefix=prefix, cursor=cursor, backward=backward, limit=limit
                )

            return await fetch_page(
                request, form=ID_CURSOR, fetch=fetch, cursor_of=lambda row: row.key.recipient_id, count=count
            )

    async def delete(self, workspace_id: int, distinct_id: str) -> None:
        """Delete the user for good, with the content of the history; NotFound if there is none."""
        key = RecipientKey.user(workspace_id, distinct_id)
        async with self._database.transaction() as connection:
            if not await profiles.delete(connection, key):
                raise not_found(distinct_id)
            counter = (workspace_id, counters.profiles_counter(USERS))
            await counters.add(connection, {counter: -1}, slot=hash(distinct_id))


def not_found(distinct_id: str) -> NotFound:
    """The error of an unknown user, in upstream's words."""
    return NotFound(f"user [distinct_id: '{distinct_id}'] not found", code="user_not_found")
