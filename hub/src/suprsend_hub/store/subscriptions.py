"""Subscriptions of objects, kept at both ends: by object (`subscription`) and by subscriber (`subscribed_to`)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import Subscription
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.walks import FIRST_ID, LAST_ID, walk


def _columns(keys: Sequence[RecipientKey]) -> tuple[list[str], list[str]]:
    return [key.object_type for key in keys], [key.recipient_id for key in keys]


async def find_dead_until(connection: Connection, parent: RecipientKey) -> UUID:
    """Return the last unswept subscription to earlier lives of an object; the smallest UUID if there is none.

    The answer stays correct while the profile of the object is held.
    """
    found: UUID | None = await connection.fetchval(sql("find_dead_object"), *parent)
    return found or FIRST_ID


async def upsert(
    connection: Connection, parent: RecipientKey, subscribers: Sequence[RecipientKey], *,
    fresh_ids: Sequence[UUID], dead_until: UUID, properties: str, now: datetime,
) -> dict[RecipientKey, Subscription]:  # fmt: skip
    """Subscribe recipients, or overwrite the subscriptions' properties, at both ends.

    `subscribers` are distinct and in order, `fresh_ids` are all beyond `dead_until`. A subscription with a fresh id is
    new. Hold the profiles of both ends first.
    """
    if not subscribers:
        return {}
    ids = await connection.fetch(
        sql("upsert_subscribed_to"), *parent, *_columns(subscribers), list(fresh_ids), dead_until
    )
    records = await connection.fetch(sql("upsert_subscriptions"), *parent, *zip(*ids, strict=True), properties, now)
    found: dict[RecipientKey, Subscription] = {}
    for subscriber_type, subscriber_id, *rest in records:
        key = RecipientKey(parent.workspace_id, subscriber_type, subscriber_id)
        found[key] = Subscription(parent, key, *rest)
    return found


async def delete(
    connection: Connection, parent: RecipientKey, subscribers: Sequence[RecipientKey], *, after: UUID
) -> int:
    """End subscriptions with ids beyond `after`, at both ends; return how many. `subscribers` are in order."""
    ended = await connection.fetch(sql("delete_subscribed_to"), *parent, *_columns(subscribers), after, LAST_ID)
    if ended:
        # Only these: each statement sees what has been committed by then, also subscriptions that the first did not.
        types, ids = zip(*sorted(map(tuple, ended)), strict=True)
        await connection.execute(sql("delete_subscriptions"), *parent, types, ids, after, LAST_ID)
    return len(ended)


async def sweep(
    connection: Connection, parent: RecipientKey, subscribers: Sequence[RecipientKey], *, until: UUID
) -> None:
    """Delete subscriptions with ids up to `until`, all of earlier lives of the object, at both ends."""
    span = (*parent, *_columns(subscribers), FIRST_ID, until)
    await connection.execute(sql("delete_subscribed_to"), *span)
    await connection.execute(sql("delete_subscriptions"), *span)


async def page(
    connection: Connection, parent: RecipientKey, *, cursor: UUID | None, direction: Direction, limit: int
) -> list[Subscription]:
    """Return up to `limit` subscriptions to an object beyond the cursor, in that direction."""
    statement, start = walk("page_subscriptions", direction, cursor)
    records = await connection.fetch(statement, *parent, start, limit)
    return [
        Subscription(parent, RecipientKey(parent.workspace_id, subscriber_type, subscriber_id), *rest)
        for subscriber_type, subscriber_id, *rest in records
    ]


async def page_of_subscriber(
    connection: Connection, subscriber: RecipientKey, *, cursor: UUID | None, direction: Direction, limit: int
) -> list[tuple[RecipientKey, UUID]]:
    """Return the objects that a recipient is subscribed to, with the ids of the subscriptions, like `page`."""
    statement, start = walk("page_subscribed_to", direction, cursor)
    records = await connection.fetch(statement, *subscriber, start, limit)
    return [
        (RecipientKey(subscriber.workspace_id, object_type, object_id), subscription_id)
        for object_type, object_id, subscription_id in records
    ]


async def count_of_subscriber(connection: Connection, subscriber: RecipientKey) -> int:
    """Return the number of objects that a recipient is subscribed to."""
    return int(await connection.fetchval(sql("count_subscribed_to"), *subscriber))


async def read_of_subscriber(
    connection: Connection, subscriber: RecipientKey, parents: Sequence[tuple[RecipientKey, UUID]]
) -> list[Subscription]:
    """Return the subscriptions of a recipient to the given objects, in the same order, without ended ones."""
    records = await connection.fetch(
        sql("read_subscriptions_of_subscriber"),
        *subscriber,
        *_columns([key for key, _ in parents]),
        [subscription_id for _, subscription_id in parents],
    )
    found = {RecipientKey(subscriber.workspace_id, record[0], record[1]): record[2:] for record in records}
    return [
        Subscription(parent, subscriber, subscription_id, *found[parent])
        for parent, subscription_id in parents
        if parent in found
    ]


async def read_updated_at(
    connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]
) -> dict[RecipientKey, datetime]:
    """Return when each of the recipients was last updated, without absent ones."""
    records = await connection.fetch(sql("read_updated_at"), workspace_id, *_columns(keys))
    return {RecipientKey(workspace_id, record[0], record[1]): record[2] for record in records}


async def lock_nesting(connection: Connection, workspace_id: int) -> None:
    """Keep other transactions from nesting objects of this workspace until this transaction ends."""
    await connection.execute(sql("lock_nesting"), workspace_id)


async def neighbours(
    connection: Connection, workspace_id: int, keys: Sequence[RecipientKey], *, upward: bool
) -> list[RecipientKey]:
    """Return the objects one step up (that `keys` are subscribed to) or down (that are subscribed to `keys`)."""
    name = "find_parent_objects" if upward else "find_child_objects"
    records = await connection.fetch(sql(name), workspace_id, *_columns(keys))
    return [RecipientKey(workspace_id, *record) for record in records]
