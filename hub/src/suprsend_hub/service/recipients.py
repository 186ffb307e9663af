"""Read, page, search, edit and delete recipients (users and objects).

Every change of a profile goes through the batcher to the write path. A user is the recipient whose object type is ''.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.addresses import address_keys
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import USERS, RecipientKey, not_found
from suprsend_hub.domain.records import HistoryEntry, StoredProfile
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.deleting import delete_recipients
from suprsend_hub.service.pages import ID_CURSOR, ULID_CURSOR, Page, PageRequest, fetch_page, text_bytes, walk
from suprsend_hub.service.profile_reader import ProfileReader
from suprsend_hub.service.reaching import ReachedUsers, reach_users
from suprsend_hub.service.successors import FormerId, former_ids, gone
from suprsend_hub.service.writing import Batcher, Edit, RateLimits, RequestKey
from suprsend_hub.store import counters, profiles
from suprsend_hub.store.database import Connection, Database

SEARCH_COUNT_CAP = 1000
"""A search stops counting its matches here, because counting a whole prefix would need a scan."""


ADDRESS_LIMIT = 20
"""How many recipients an address search returns at most; more than one is unusual."""
_HISTORY_STEP = 20
"""Edits that are fetched at once: an edit may have a megabyte of operations."""


class RecipientService:
    """The users and objects of all workspaces."""

    def __init__(
        self, database: Database, batcher: Batcher, audit: AuditLog, rate_limits: RateLimits, *, ulids: UlidFactory
    ) -> None:
        self._database = database
        self._rate_limits = rate_limits
        self._batcher = batcher
        self._audit = audit
        self._reader = ProfileReader(database)
        self._ulids = ulids

    async def edit(
        self,
        actor: Actor,
        key: RecipientKey,
        operations: list[Json],
        *,
        request: RequestKey | None = None,
        size_bytes: int = 0,
    ) -> StoredProfile:
        """Apply an edit as a whole or not at all (InvalidRequest); return the recipient, which is created if needed.

        If the `request` is known, apply nothing and return the present profile. Unprocessable if its key belongs to
        another request.
        """
        insert_key = self._ulids.new() if request is None else request.key
        edit = Edit(key, insert_key, operations, actor, strict=True, size_bytes=size_bytes or None, request=request)
        [outcome] = await self._batcher.submit(key.workspace_id, [edit], size_bytes=size_bytes)
        if outcome.error is not None:
            raise outcome.error
        if outcome.profile is None:  # a known edit of a recipient who has been deleted since
            raise not_found(key)
        return outcome.profile

    async def get(self, key: RecipientKey) -> StoredProfile:
        """Return the recipient; NotFound if it does not exist."""
        found = await self._reader.find(key)
        if found is None:
            async with self._database.connection() as connection:
                raise await gone(connection, key)
        return found

    async def former_ids(self, key: RecipientKey) -> Sequence[FormerId]:
        """Return the ids that lead to a recipient, and those of recipients that were merged into it, in order of id."""
        async with self._database.connection() as connection:
            return await former_ids(connection, key)

    async def read_many(self, workspace_id: int, distinct_ids: Sequence[str]) -> ReachedUsers:
        """Return the users with some ids, following aliases, as many as an answer has room for."""
        async with self._database.connection() as connection:
            return await reach_users(connection, workspace_id, distinct_ids)

    async def record_reveal(self, actor: Actor, key: RecipientKey, *, channel: str) -> None:
        """Record that the actor is shown a secret of a channel, such as a push token, in plain text."""
        change = Change.of_recipient(key, Action.SECRET_REVEAL, channel=channel)
        await self._audit.record_alone(actor, key.workspace_id, change)

    async def page(self, workspace_id: int, request: PageRequest, *, object_type: str = USERS) -> Page[StoredProfile]:
        """Return a page of all users, or of all objects of a type, newest first."""
        async with self._database.connection() as connection:
            count = await counters.value(connection, workspace_id, counters.profiles_counter(object_type))

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[StoredProfile]:
                return await profiles.page_by_creation(
                    connection, workspace_id, object_type=object_type, cursor=cursor, direction=direction, limit=limit
                )

            return await fetch_page(
                request,
                form=ULID_CURSOR,
                order=Direction.NEWEST_FIRST,
                fetch=fetch,
                cursor_of=lambda row: row.profile_id,
                count=count,
                size_of=_size_of,
            )

    async def search(
        self, workspace_id: int, prefix: str, request: PageRequest, *, object_type: str = USERS
    ) -> Page[StoredProfile]:
        """Return recipients whose id starts with `prefix`, in order of id. `count` stops at SEARCH_COUNT_CAP."""
        async with self._database.connection() as connection:

            async def fetch(cursor: str | None, direction: Direction, limit: int) -> list[StoredProfile]:
                return await profiles.page_by_prefix(
                    connection,
                    workspace_id,
                    object_type=object_type,
                    prefix=prefix,
                    cursor=cursor,
                    direction=direction,
                    limit=limit,
                )

            page = await fetch_page(
                request,
                form=ID_CURSOR,
                order=Direction.ASCENDING,
                fetch=fetch,
                cursor_of=lambda row: row.key.recipient_id,
                count=0,
                size_of=_size_of,
            )
            if request.after is None and request.before is None and page.after is None:
                count = len(page.rows)  # all of them are here: most searches end with a few
            else:
                count = await profiles.count_prefix(
                    connection, workspace_id, object_type=object_type, prefix=prefix, at_most=SEARCH_COUNT_CAP
                )
            return replace(page, count=count)

    async def find_by_address(self, workspace_id: int, text: str) -> list[str]:
        """Return the distinct_ids of users with exactly that e-mail address or phone number, in any usual spelling."""
        found: dict[str, None] = {}
        for address in address_keys(text):
            async with self._database.connection() as connection:
                matches = await profiles.find_by_address(connection, workspace_id, address, limit=ADDRESS_LIMIT)
            found |= {key.recipient_id: None for key in matches if key.is_user}
        return list(found)[:ADDRESS_LIMIT]

    async def history(
        self, key: RecipientKey, *, before: UUID | None = None, limit: int = 20
    ) -> Sequence[HistoryEntry]:
        """Return the edits of a recipient, newest first, older than the edit `before`; fewer if they are large."""
        async with self._database.connection() as connection:

            async def fetch(cursor: UUID | None, _direction: Direction, limit: int) -> list[HistoryEntry]:
                return await profiles.page_history(connection, key, before=cursor, limit=limit)

            rows, _ = await walk(
                fetch,
                before,
                Direction.NEWEST_FIRST,
                limit,
                cursor_of=lambda entry: entry.edit_id,
                size_of=lambda entry: text_bytes(entry.operations, entry.before or ""),
                step=_HISTORY_STEP,
            )
        return rows

    async def delete(self, actor: Actor, key: RecipientKey) -> None:
        """Delete a recipient with all its subscriptions and memberships; NotFound if it does not exist."""
        if not await self.bulk_delete(actor, key.workspace_id, [key]):
            raise not_found(key)

    async def bulk_delete(self, actor: Actor, workspace_id: int, keys: Sequence[RecipientKey]) -> int:
        """Delete recipients in one transaction; skip unknown ones. Return how many existed."""
        self._rate_limits.admit(workspace_id, len(keys))

        async def use(connection: Connection) -> int:
            return len(await delete_recipients(connection, self._audit, actor, workspace_id, keys))

        return await self._database.run(use)


def _size_of(row: StoredProfile) -> int:
    return text_bytes(row.properties, row.channels)
