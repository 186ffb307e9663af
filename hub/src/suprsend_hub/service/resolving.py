"""Resolve users, or the members of an object or list, for a sender: a few statements for a thousand recipients."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from suprsend_hub.domain import choices
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.profile import Languages, Profile, decode_channels, decode_languages
from suprsend_hub.domain.recipient import RecipientKey, not_found
from suprsend_hub.domain.records import Member, StoredProfile
from suprsend_hub.domain.resolution import Matter, Resolution, resolve
from suprsend_hub.domain.tenancy import Tenancy, overlay
from suprsend_hub.domain.tenant import DEFAULT_TENANT, decode_settings
from suprsend_hub.service.lists import ListService
from suprsend_hub.service.pages import ULID_CURSOR, Page, PageRequest, fetch_page
from suprsend_hub.service.preferences import PreferenceService
from suprsend_hub.service.reaching import Reached, ReachedUsers, reach, reach_users
from suprsend_hub.store import counters, profiles, sending
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.sending import Subscriber

_STEP = 50
"""Recipients that are resolved before other requests get a turn: a few milliseconds."""

_Row = TypeVar("_Row", Member, Subscriber)
Resolved = list[tuple[RecipientKey, Resolution]]


@dataclass(frozen=True, slots=True)
class Question:
    """What a sender asks: may a message of this category go out, on which of the channels, within which tenant."""

    category: str
    channels: Sequence[Channel]
    tenant_id: str | None


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with everything about it that is the same for all recipients.

    `tenant_no` is that of the tenant's profiles, None without a tenant; `choices_no` that of the choices.
    """

    matter: Matter
    tenant_no: int | None
    choices_no: int
    falls_back: Callable[[str], bool]

    def resolve(self, key: RecipientKey, stored: dict[RecipientKey, StoredProfile]) -> Resolution:
        """Return the resolution of a recipient whose profiles have been read."""
        found = stored[key]
        own = None if self.tenant_no is None else stored.get(key._replace(tenant_no=self.tenant_no))
        chosen = stored.get(key._replace(tenant_no=self.choices_no))
        channels, languages = decode_channels(found.channels), decode_languages(found.properties)
        if self.tenant_no is not None:
            theirs, within = Profile(), Languages()
            if own is not None and own.linked:
                theirs, within = Profile(channels=decode_channels(own.channels)), decode_languages(own.properties)
            channels = overlay(Profile(channels=channels), theirs, self.falls_back).channels
            languages = within.over(languages)
        preferences = None if chosen is None else chosen.preferences
        return resolve(self.matter, choices.of_text(preferences), channels, languages)


class ResolvingService:
    """Answers senders. One instance per process."""

    def __init__(self, database: Database, lists: ListService, preferences: PreferenceService) -> None:
        self._database = database
        self._lists = lists
        self._preferences = preferences

    async def users(
        self, workspace_id: int, distinct_ids: Sequence[str], question: Question, tenancy: Tenancy
    ) -> tuple[Resolved, ReachedUsers]:
        """Resolve users by id, and say what became of ids that no user has.

        Raises:
            NotFound: there is no such category or tenant.
        """
        case = await self._case(workspace_id, question, tenancy)
        async with self._database.connection() as connection:
            found = await reach_users(
                connection, workspace_id, distinct_ids, tenant_no=case.tenant_no, choices_no=case.choices_no
            )
        return await _resolved(case, found.reached), found

    async def subscribers(
        self, parent: RecipientKey, question: Question, tenancy: Tenancy, request: PageRequest
    ) -> Page[tuple[RecipientKey, Resolution]]:
        """Resolve a page of an object's subscribers, newest first.

        Raises:
            NotFound: there is no such object, category or tenant.
        """
        case = await self._case(parent.workspace_id, question, tenancy)
        async with self._database.connection() as connection:
            if await profiles.find(connection, parent) is None:
                raise not_found(parent)
            count = await counters.value(connection, parent.workspace_id, counters.subscribers_counter(parent))

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[Subscriber]:
                return await sending.page_subscribers(
                    connection, parent, cursor=cursor, direction=direction, limit=limit
                )

            page = await fetch_page(
                request, form=ULID_CURSOR, order=Direction.NEWEST_FIRST, fetch=fetch,
                cursor_of=lambda row: row.subscription_id, count=count,
            )  # fmt: skip
            keys = [RecipientKey(parent.workspace_id, row.subscriber_type, row.subscriber_id) for row in page.rows]
            reached, page = await _reach_page(connection, case, page, keys, lambda row: row.subscription_id)
        return page.with_rows(await _resolved(case, reached))

    async def members(
        self, workspace_id: int, list_id: str, question: Question, tenancy: Tenancy, request: PageRequest
    ) -> Page[tuple[RecipientKey, Resolution]]:
        """Resolve a page of a list's members, newest first.

        Raises:
            NotFound: there is no such list, category or tenant.
        """
        case = await self._case(workspace_id, question, tenancy)
        page = await self._lists.page_members(workspace_id, list_id, request)
        keys = [RecipientKey.user(workspace_id, row.distinct_id) for row in page.rows]
        async with self._database.connection() as connection:
            reached, page = await _reach_page(connection, case, page, keys, lambda row: row.member_id)
        return page.with_rows(await _resolved(case, reached))

    async def _case(self, workspace_id: int, question: Question, tenancy: Tenancy) -> _Case:
        tenant = await self._preferences.tenant_view(workspace_id, question.tenant_id)
        category = tenant.find(question.category).category
        settings = tenant.settings
        matter = Matter(
            category,
            tenant.overrides.find(question.category),
            tenant.policy,
            question.channels,
            None if settings.settings is None else decode_settings(settings.settings).timezone,
        )
        tenant_no = None if question.tenant_id is None else settings.tenant_no
        return _Case(matter, tenant_no, tenant.tenant_no, tenancy.fallback(question.tenant_id or DEFAULT_TENANT))


async def _reach_page(
    connection: Connection,
    case: _Case,
    page: Page[_Row],
    keys: Sequence[RecipientKey],
    cursor_of: Callable[[_Row], UUID],
) -> tuple[Reached, Page[_Row]]:
    """Read the recipients of a page, which ends earlier if not all have room in the answer."""
    reached = await reach(connection, keys, tenant_no=case.tenant_no, choices_no=case.choices_no)
    if reached.left:
        end = keys.index(reached.left[0])
        page = replace(page, rows=page.rows[:end], after=ULID_CURSOR.write(cursor_of(page.rows[end - 1])))
    return reached, page


async def _resolved(case: _Case, reached: Reached) -> Resolved:
    resolved: Resolved = []
    for step in _steps(reached.recipients):
        resolved += [(key, case.resolve(key, reached.stored)) for key in step]
        await asyncio.sleep(0)
    return resolved


def _steps(recipients: Sequence[RecipientKey]) -> Iterator[Sequence[RecipientKey]]:
    for start in range(0, len(recipients), _STEP):
        yield recipients[start : start + _STEP]
