"""Find users for the console: exact matches of the search box, and filtered views.

A filtered view examines a bounded number of users per page and then says where to continue. So its cost does not grow
with the number of users, however rare a match is.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from suprsend_hub.domain.characters import without_surroundings
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import InvalidRequest, NotFound
from suprsend_hub.domain.ids import check_distinct_id
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.subscriber_list import ALL_USERS
from suprsend_hub.service.pages import ID_CURSOR, ULID_CURSOR
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.store import lists, object_types, profiles, relations, subscriptions
from suprsend_hub.store.database import Connection, Database

STEP = 500
"""How many users one query reads."""
MAX_EXAMINED = 2_000
"""How many users one page examines."""
MAX_OBJECT_TYPES = 500
"""How many object types are shown; more than a handful is unusual."""

_CLOCK_MARGIN = timedelta(seconds=2)  # between the ULID of a creation and its created_at
_ULID_RANDOM_BITS = 80


@dataclass(frozen=True, slots=True)
class UserFilter:
    """A filter of users; None accepts everything.

    `state`: users with an identity of that status (`inactive`, `disabled`), or whose status has that reason
    (`hard_bounce` and others of `domain.feedback`), on the channel if one is given. Times are
    inclusive at the beginning, exclusive at the end.
    """

    prefix: str = ""
    channel: str | None = None
    state: str | None = None
    list_id: str | None = None
    object: tuple[str, str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    updated_from: datetime | None = None
    updated_until: datetime | None = None

    @property
    def narrows(self) -> bool:
        """Tell whether the filter has anything besides the prefix."""
        return self != UserFilter(prefix=self.prefix)

    def accepts(self, row: StoredProfile) -> bool:
        """Tell whether the profile itself matches; the database checks list and object."""
        if not _within(row.created_at, self.created_from, self.created_until):
            return False
        if not _within(row.updated_at, self.updated_from, self.updated_until):
            return False
        if self.channel is None and self.state is None:
            return True
        channels = decode_profile("{}", row.channels).channels
        named = channels.values() if self.channel is None else [channels.get(self.channel, [])]
        if self.state is None:
            return any(named)
        return any(
            self.state in (each.status, each.perma_status) or self.state == each.status_reason
            for identities in named
            for each in identities
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a filtered view. `after` continues it; None means that everything has been examined."""

    rows: Sequence[StoredProfile]
    examined: int
    after: str | None


@dataclass(frozen=True, slots=True)
class _Step:
    """Candidates in the order of the view, each with its cursor, and whether there may be more after them."""

    candidates: Sequence[tuple[Any, StoredProfile]]
    last: Any
    more: bool


class ConsoleSearchService:
    """Searches of the console."""

    def __init__(self, database: Database, recipients: RecipientService) -> None:
        self._database = database
        self._recipients = recipients

    async def resolve(self, workspace_id: int, text: str) -> Sequence[str]:
        """Return the distinct_ids that match a text exactly: as an id, else as an e-mail address or phone number.

        Invisible characters around an id come from where it was copied, unless there is a user with exactly that id.
        """
        for name in dict.fromkeys((text, without_surroundings(text))):
            try:
                found = await self._recipients.get(RecipientKey.user(workspace_id, check_distinct_id(name)))
            except (InvalidRequest, NotFound):
                continue
            return [found.key.recipient_id]
        return await self._recipients.find_by_address(workspace_id, text)

    async def object_types(self, workspace_id: int) -> Sequence[tuple[str, int]]:
        """Return the object types with their numbers of objects, by name."""
        async with self._database.connection() as connection:
            return await object_types.list_object_types(connection, workspace_id, MAX_OBJECT_TYPES)

    async def is_member(self, workspace_id: int, list_id: str, distinct_id: str) -> bool:
        """Tell whether a user is now a member of the list."""
        async with self._database.connection() as connection:
            return bool(await relations.members_among(connection, workspace_id, list_id, [distinct_id]))

    async def find(self, workspace_id: int, wanted: UserFilter, *, after: str | None, limit: int) -> Found:
        """Return the users that the filter accepts, newest first (with a prefix by id), beyond the cursor `after`."""
        form = ID_CURSOR if wanted.prefix else ULID_CURSOR
        cursor: Any = None if after is None else form.read(after)
        rows: list[StoredProfile] = []
        examined = 0
        async with self._database.connection() as connection:
            driver = await _driver(connection, workspace_id, wanted)
            while driver is not None and examined < MAX_EXAMINED:
                step = await driver(cursor)
                accepted = await _accepted(connection, workspace_id, wanted, step.candidates)
                for position, row in step.candidates:
                    examined += 1
                    cursor = position
                    if row.key.recipient_id in accepted:
                        rows.append(row)
                        if len(rows) == limit:
                            return Found(rows, examined, form.write(cursor))
                cursor = step.last if step.last is not None else cursor
                if not step.more:
                    return Found(rows, examined, None)
        return Found(rows, examined, None if driver is None or cursor is None else form.write(cursor))


def _within(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment < end)


async def _accepted(
    connection: Connection, workspace_id: int, wanted: UserFilter, candidates: Sequence[tuple[Any, StoredProfile]]
) -> set[str]:
    accepted = {row.key.recipient_id for _, row in candidates if wanted.accepts(row)}
    if wanted.list_id not in (None, ALL_USERS) and accepted:
        accepted &= await relations.members_among(connection, workspace_id, wanted.list_id or "", list(accepted))
    if wanted.object is not None and accepted:
        parent = RecipientKey(workspace_id, *wanted.object)
        accepted &= await relations.subscribers_among(connection, parent, list(accepted))
    return accepted


async def _driver(
    connection: Connection, workspace_id: int, wanted: UserFilter
) -> Callable[[Any], Awaitable[_Step]] | None:
    """Return the narrowest walk along an index that yields all candidates; None if there cannot be any."""
    if wanted.prefix:
        return lambda cursor: _by_prefix(connection, workspace_id, wanted.prefix, cursor)
    if wanted.list_id not in (None, ALL_USERS):
        row = await lists.find(connection, workspace_id, wanted.list_id or "")
        if row is None:
            return None
        return lambda cursor: _by_list(connection, workspace_id, row.list_id, row.live_version, cursor)
    if wanted.object is not None:
        parent = RecipientKey(workspace_id, *wanted.object)
        return lambda cursor: _by_object(connection, parent, cursor)
    return lambda cursor: _by_creation(connection, workspace_id, wanted, cursor)


async def _by_prefix(connection: Connection, workspace_id: int, prefix: str, cursor: str | None) -> _Step:
    rows = await profiles.page_by_prefix(
        connection, workspace_id, prefix=prefix, cursor=cursor, direction=Direction.ASCENDING, limit=STEP
    )
    return _Step([(row.key.recipient_id, row) for row in rows], None, len(rows) == STEP)


async def _by_list(
    connection: Connection, workspace_id: int, list_id: str, version: UUID, cursor: UUID | None
) -> _Step:
    members = await lists.page_members(
        connection, workspace_id, list_id, version, cursor=cursor, direction=Direction.NEWEST_FIRST, limit=STEP
    )
    keys = [(member.member_id, RecipientKey.user(workspace_id, member.distinct_id)) for member in members]
    return await _of_keys(connection, keys, len(members) == STEP)


async def _by_object(connection: Connection, parent: RecipientKey, cursor: UUID | None) -> _Step:
    relations = await subscriptions.page(
        connection, parent, cursor=cursor, direction=Direction.NEWEST_FIRST, limit=STEP
    )
    keys = [(relation.subscription_id, relation.subscriber) for relation in relations]
    return await _of_keys(connection, keys, len(relations) == STEP)


async def _of_keys(connection: Connection, keys: Sequence[tuple[UUID, RecipientKey]], more: bool) -> _Step:
    stored = await profiles.read(connection, [key for _, key in keys if key.is_user])
    candidates = [(position, stored[key]) for position, key in keys if key in stored]
    return _Step(candidates, keys[-1][0] if keys else None, more)


async def _by_creation(connection: Connection, workspace_id: int, wanted: UserFilter, cursor: UUID | None) -> _Step:
    """Walk the users, newest first. A range of creation times is a range of ids, so no other users are read."""
    if cursor is None and wanted.created_until is not None:
        cursor = _ulid_at(wanted.created_until + _CLOCK_MARGIN)
    rows = await profiles.page_by_creation(
        connection, workspace_id, cursor=cursor, direction=Direction.NEWEST_FIRST, limit=STEP
    )
    more = len(rows) == STEP
    if wanted.created_from is not None:
        earliest = _ulid_at(wanted.created_from - _CLOCK_MARGIN)
        inside = [row for row in rows if row.profile_id >= earliest]
        more = more and len(inside) == len(rows)
        rows = inside
    return _Step([(row.profile_id, row) for row in rows], None, more)


def _ulid_at(moment: datetime) -> UUID:
    """Return the smallest ULID of that millisecond."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << _ULID_RANDOM_BITS)
