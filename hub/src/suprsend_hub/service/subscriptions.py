"""Subscribe recipients to objects, and read subscriptions from both ends."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias
from uuid import UUID

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change, some
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import InvalidRequest, NotFound, Unavailable
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import RecipientKey, not_found
from suprsend_hub.domain.records import StoredProfile, Subscription
from suprsend_hub.domain.subscription import MAX_NESTING, Recipient, SubscribeRequest
from suprsend_hub.domain.work import work_of_each
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.pages import ULID_CURSOR, Page, PageRequest, fetch_page, text_bytes
from suprsend_hub.service.successors import gone
from suprsend_hub.service.writing import Batcher, Edit, RateLimits
from suprsend_hub.store import counters, profiles, subscriptions
from suprsend_hub.store.database import Connection, Database

_DELETION_RACES = 5
"""How often recipients may be deleted between being created and being subscribed, before the call gives up."""


@dataclass(frozen=True, slots=True)
class SubscriberView:
    """A subscription as seen from the object. `subscriptions_count` is set if the subscriber is an object."""

    subscription: Subscription
    updated_at: datetime
    subscriptions_count: int


@dataclass(frozen=True, slots=True)
class ParentView:
    """A subscription as seen from the subscriber."""

    subscription: Subscription
    parent: StoredProfile
    subscriptions_count: int


_ParentRow: TypeAlias = tuple[UUID, Subscription | None, StoredProfile | None]


class SubscriptionService:
    """Subscriptions of all workspaces."""

    def __init__(
        self,
        database: Database,
        batcher: Batcher,
        audit: AuditLog,
        rate_limits: RateLimits,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._rate_limits = rate_limits
        self._nesting = asyncio.Lock()
        self._audit = audit
        self._now = now
        self._ulids = ulids

    async def count_of(self, keys: Sequence[RecipientKey]) -> dict[RecipientKey, int]:
        """Return the number of direct subscribers of each of the objects (of one workspace)."""
        if not keys:
            return {}
        async with self._database.connection() as connection:
            return await _counts(connection, keys)

    async def create(
        self, actor: Actor, parent: RecipientKey, request: SubscribeRequest, *, size_bytes: int = 0
    ) -> list[SubscriberView]:
        """Subscribe recipients to an object, create unknown ones, and apply inline changes.

        `size_bytes`: of the request's body. NotFound for an unknown parent (unless the request upserts it),
        InvalidRequest for a recipient that cannot be subscribed: then nothing has changed.
        """
        keys = [_key(parent.workspace_id, recipient) for recipient in request.recipients]
        if parent in keys:
            raise InvalidRequest(f"{parent.describe()} cannot be subscribed to itself", code=Code.SELF_SUBSCRIPTION)
        edits = self._edits(actor, parent, keys, request)
        self._rate_limits.admit(parent.workspace_id, len(keys))
        for _ in range(_DELETION_RACES):
            if all(key.is_user for key in keys):
                needed = await self._database.run(partial(_needed, parent=parent, keys=keys, edits=edits))
                reached = await self._prepare(parent, needed, size_bytes)
                found = await self._database.run(
                    partial(self._subscribe, actor, parent, _directed(keys, reached), request)
                )
            else:
                # One at a time in this process: it keeps a connection while the edits wait for others.
                async with self._nesting:
                    found = await self._database.run(
                        partial(self._nest, actor, parent, keys, request, edits, size_bytes)
                    )
            if found is not None:
                return found
        raise Unavailable(
            "recipients of this request are being deleted at the same time; send the request again",
            code=Code.COLLISION,
            retry_after_s=1,
        )

    def _edits(
        self, actor: Actor, parent: RecipientKey, keys: Sequence[RecipientKey], request: SubscribeRequest
    ) -> list[Edit]:
        """Return the edits of parent and recipients, which apply all or none."""
        changes = [(key, each.operations) for key, each in zip(keys, request.recipients, strict=True)]
        if request.parent_operations is not None:
            changes.insert(0, (parent, request.parent_operations))
        token, max_work = object(), work_of_each(len(changes))
        return [
            Edit(key, self._ulids.new(), operations, actor, strict=True, together=token, max_work=max_work)
            for key, operations in changes
        ]

    async def _prepare(
        self, parent: RecipientKey, edits: Sequence[Edit], size_bytes: int
    ) -> dict[RecipientKey, RecipientKey]:
        """Apply edits of recipients; return the keys that they reached, others than asked for if those were aliases.

        If one is rejected, apply none and raise InvalidRequest, naming the recipient.
        """
        if not edits:
            return {}
        outcomes = await self._batcher.submit(parent.workspace_id, edits, size_bytes=size_bytes)
        for edit, outcome in zip(edits, outcomes, strict=True):
            error = outcome.error
            if error is not None and (outcome.refusals or len(edits) == 1):
                message = f"{edit.key.describe()}: {error.message}"
                raise InvalidRequest(message, code=error.code, detail=error.detail)
        return {
            edit.key: outcome.profile.key
            for edit, outcome in zip(edits, outcomes, strict=True)
            if outcome.profile is not None
        }

    async def _nest(
        self,
        actor: Actor,
        parent: RecipientKey,
        keys: Sequence[RecipientKey],
        request: SubscribeRequest,
        edits: Sequence[Edit],
        size_bytes: int,
        connection: Connection,
    ) -> list[SubscriberView] | None:
        """Subscribe recipients that include objects. A lock keeps others from nesting, so the checks stay true."""
        await subscriptions.lock_nesting(connection, parent.workspace_id)
        needed = await _needed(connection, parent, keys, edits)
        await _check_nesting(connection, parent, keys)
        reached = await self._prepare(parent, needed, size_bytes)
        return await self._subscribe(actor, parent, _directed(keys, reached), request, connection)

    async def _subscribe(
        self,
        actor: Actor,
        parent: RecipientKey,
        keys: Sequence[RecipientKey],
        request: SubscribeRequest,
        connection: Connection,
    ) -> list[SubscriberView] | None:
        """Write the subscriptions; return None if a recipient has been deleted since it was prepared."""
        existing = await profiles.hold_existing(connection, [parent, *keys])
        if parent not in existing and request.parent_operations is None:
            raise not_found(parent)
        if parent not in existing or len(existing) < len(keys) + 1:
            return None
        ordered = sorted(keys)
        dead_until = await subscriptions.find_dead_until(connection, parent)
        fresh_ids = self._ulids.batch(len(ordered), after=dead_until)
        written = await subscriptions.upsert(
            connection,
            parent,
            ordered,
            fresh_ids=fresh_ids,
            dead_until=dead_until,
            properties=msgspec.json.encode(request.properties).decode(),
            now=self._now(),
        )
        change = Change.of_recipient(parent, Action.OBJECT_SUBSCRIBE, **some([key.label for key in ordered]))
        await self._audit.record(connection, actor, parent.workspace_id, change)
        new = set(fresh_ids) & {row.subscription_id for row in written.values()}
        await counters.add(connection, {(parent.workspace_id, counters.subscribers_counter(parent)): len(new)})
        return await _subscriber_views(connection, [written[key] for key in keys])

    async def delete(self, actor: Actor, parent: RecipientKey, recipients: Sequence[Recipient]) -> None:
        """End subscriptions; ignore recipients that are not subscribed. NotFound for an unknown object."""
        keys = sorted(_key(parent.workspace_id, recipient) for recipient in recipients)
        self._rate_limits.admit(parent.workspace_id, len(keys))

        async def use(connection: Connection) -> None:
            if parent not in await profiles.hold_existing(connection, [parent]):
                raise not_found(parent)
            dead_until = await subscriptions.find_dead_until(connection, parent)
            deleted = await subscriptions.delete(connection, parent, keys, after=dead_until)
            change = Change.of_recipient(parent, Action.OBJECT_UNSUBSCRIBE, **some([key.label for key in keys]))
            await self._audit.record(connection, actor, parent.workspace_id, change)
            await counters.add(connection, {(parent.workspace_id, counters.subscribers_counter(parent)): -deleted})

        await self._database.run(use)

    async def page(self, parent: RecipientKey, request: PageRequest) -> Page[SubscriberView]:
        """Return subscribers of an object, newest first; NotFound for an unknown object."""
        async with self._database.connection() as connection:
            if await profiles.find(connection, parent) is None:
                raise not_found(parent)
            count = await counters.value(connection, parent.workspace_id, counters.subscribers_counter(parent))

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[Subscription]:
                return await subscriptions.page(connection, parent, cursor=cursor, direction=direction, limit=limit)

            page = await fetch_page(
                request,
                form=ULID_CURSOR,
                order=Direction.NEWEST_FIRST,
                fetch=fetch,
                cursor_of=lambda row: row.subscription_id,
                count=count,
                size_of=lambda row: text_bytes(row.properties),
            )
            return page.with_rows(await _subscriber_views(connection, page.rows))

    async def page_of_subscriber(self, subscriber: RecipientKey, request: PageRequest) -> Page[ParentView]:
        """Return objects that a recipient is subscribed to, oldest subscription first; NotFound if it is unknown."""
        async with self._database.connection() as connection:
            if await profiles.find(connection, subscriber) is None:
                error = await gone(connection, subscriber)
                first = error.message[0].upper() if subscriber.is_user else error.message[0]
                raise NotFound(f"{first}{error.message[1:]}", code=error.code, detail=error.detail)
            count = await subscriptions.count_of_subscriber(connection, subscriber)

            async def fetch(cursor: UUID | None, direction: Direction, limit: int) -> list[_ParentRow]:
                ids = await subscriptions.page_of_subscriber(
                    connection, subscriber, cursor=cursor, direction=direction, limit=limit
                )
                return await _parent_rows(connection, subscriber, ids)

            page = await fetch_page(
                request,
                form=ULID_CURSOR,
                order=Direction.OLDEST_FIRST,
                fetch=fetch,
                cursor_of=lambda row: row[0],
                count=count,
                size_of=_size_of,
            )
            found = [(relation, parent) for _, relation, parent in page.rows if relation and parent]
            counts = await _counts(connection, [parent.key for _, parent in found])
            return page.with_rows([ParentView(relation, parent, counts[parent.key]) for relation, parent in found])


async def _parent_rows(
    connection: Connection, subscriber: RecipientKey, ids: Sequence[tuple[RecipientKey, UUID]]
) -> list[_ParentRow]:
    """Read subscriptions and objects for a page; None for those that have just ended."""
    relations = {each.parent: each for each in await subscriptions.read_of_subscriber(connection, subscriber, ids)}
    parents = await profiles.read(connection, list(relations))
    return [(subscription_id, relations.get(parent), parents.get(parent)) for parent, subscription_id in ids]


def _size_of(row: _ParentRow) -> int:
    _, relation, parent = row
    return (text_bytes(relation.properties) if relation else 0) + (
        text_bytes(parent.properties, parent.channels) if parent else 0
    )


def _directed(keys: Sequence[RecipientKey], reached: dict[RecipientKey, RecipientKey]) -> list[RecipientKey]:
    """Return the keys after aliases have been followed, each once."""
    return list(dict.fromkeys(reached.get(key, key) for key in keys))


async def _needed(
    connection: Connection, parent: RecipientKey, keys: Sequence[RecipientKey], edits: Sequence[Edit]
) -> list[Edit]:
    """Return the edits that change or create recipients; NotFound if the parent will not exist after them."""
    stored = await profiles.read(connection, [parent, *keys])
    if parent not in stored and all(edit.key != parent for edit in edits):
        raise not_found(parent)
    return [edit for edit in edits if edit.operations or edit.key not in stored]


def _key(workspace_id: int, recipient: Recipient) -> RecipientKey:
    return RecipientKey(workspace_id, recipient.object_type, recipient.recipient_id)


async def _counts(connection: Connection, keys: Sequence[RecipientKey]) -> dict[RecipientKey, int]:
    if not keys:
        return {}
    names = {key: counters.subscribers_counter(key) for key in keys}
    values = await counters.values(connection, keys[0].workspace_id, list(names.values()))
    return {key: values[name] for key, name in names.items()}


async def _subscriber_views(connection: Connection, rows: Sequence[Subscription]) -> list[SubscriberView]:
    if not rows:
        return []
    keys = [row.subscriber for row in rows]
    updated_at = await subscriptions.read_updated_at(connection, keys[0].workspace_id, keys)
    counts = await _counts(connection, [key for key in keys if not key.is_user])
    return [
        SubscriberView(row, updated_at[row.subscriber], counts.get(row.subscriber, 0))
        for row in rows
        if row.subscriber in updated_at
    ]


async def _check_nesting(connection: Connection, parent: RecipientKey, keys: Sequence[RecipientKey]) -> None:
    """Reject a cycle, and a chain of more than MAX_NESTING object-to-object subscriptions."""
    objects = [key for key in keys if not key.is_user]
    if not objects:
        return
    above = await _steps(connection, [parent], upward=True)
    below = await _steps(connection, objects, upward=False)
    circular = set(objects) & {key for step in above for key in step}
    if circular:
        raise InvalidRequest(
            f"{min(circular).describe()} cannot be subscribed to {parent.describe()}, which is already subscribed to "
            "it; subscribe in one direction only",
            code=Code.SUBSCRIPTION_CYCLE,
        )
    if len(above) - 1 + len(below) > MAX_NESTING:
        raise InvalidRequest(
            f"a chain of objects subscribed to objects must have at most {MAX_NESTING} steps; this one would be longer",
            code=Code.NESTED_TOO_DEEPLY,
        )


async def _steps(
    connection: Connection, start: Sequence[RecipientKey], *, upward: bool
) -> list[Sequence[RecipientKey]]:
    """Return the objects at 0, 1, 2 … steps from `start`, as far as the check needs them."""
    steps: list[Sequence[RecipientKey]] = [start]
    while steps[-1] and len(steps) <= MAX_NESTING + 1:
        steps.append(await subscriptions.neighbours(connection, start[0].workspace_id, steps[-1], upward=upward))
    return [step for step in steps if step]
