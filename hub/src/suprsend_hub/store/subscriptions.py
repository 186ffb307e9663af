"""Subscriptions of objects, kept at both ends: by object (`subscription`) and by subscriber (`subscribed_to`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import Subscription
from suprsend_hub.store.counters import subscribers_counter
from suprsend_hub.store.database import Connection
from suprsend_hub.store.profiles import FIRST_ID, LAST_ID
from suprsend_hub.store.queries import sql

if TYPE_CHECKING:
    import asyncpg


def _columns(keys: Sequence[RecipientKey]) -> tuple[list[str], list[str]]:
    return [key.object_type for key in keys], [key.recipient_id for key in keys]


async def lock_existing(connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]) -> set[RecipientKey]:
    """Hold recipients against deletion until the transaction ends; returns those that exist."""
    ordered = sorted(set(keys))
    records = await connection.fetch(sql("lock_profiles"), workspace_id, *_columns(ordered))
    return {RecipientKey(workspace_id, *record) for record in records}


async def upsert(
    connection: Connection, parent: RecipientKey, subscribers: Sequence[RecipientKey], *,
    fresh_ids: Sequence[UUID], properties: str, now: datetime,
) -> dict[RecipientKey, Subscription]:  # fmt: skip
    """Subscribe recipients, or overwrite the relation's properties, at both ends. `subscribers` are distinct.

    An answer whose id is the fresh one that was passed is a new subscription.
    """
    records = await connection.fetch(
        sql("upsert_subscriptions"), *parent, *_columns(subscribers), list(fresh_ids), properties, now
    )
    found: dict[RecipientKey, Subscription] = {}
    for subscriber_type, subscriber_id, *rest in records:
        key = RecipientKey(parent.workspace_id, subscriber_type, subscriber_id)
        found[key] = Subscription(parent, key, *rest)
    await connection.execute(
        sql("insert_subscribed_to"), *parent, *_columns(list(found)), [row.subscription_id for row in found.values()]
    )
    return found


async def delete(connection: Connection, parent: RecipientKey, subscribers: Sequence[RecipientKey]) -> int:
    """End subscriptions at both ends; returns how many there were."""
    records = await connection.fetch(sql("delete_subscriptions"), *parent, *_columns(subscribers))
    await _delete_other_end(connection, parent, records)
    return len(records)


async def delete_of_object(connection: Connection, parent: RecipientKey) -> None:
    """End all subscriptions to a deleted object."""
    records = await connection.fetch(sql("delete_subscriptions_of_object"), *parent)
    await _delete_other_end(connection, parent, records)


async def _delete_other_end(connection: Connection, parent: RecipientKey, records: "list[asyncpg.Record]") -> None:
    if records:
        await connection.execute(
            sql("delete_subscribed_to"), *parent, [record[0] for record in records], [record[1] for record in records]
        )


async def delete_of_subscriber(connection: Connection, subscriber: RecipientKey) -> list[tuple[str, int]]:
    """End all subscriptions of a deleted recipient; returns the changes of the objects' counters."""
    records = await connection.fetch(sql("delete_subscriptions_of_subscriber"), *subscriber)
    if not records:
        return []
    await connection.execute(
        sql("delete_subscription_rows"),
        *subscriber,
        [record[0] for record in records],
        [record[1] for record in records],
    )
    return [(subscribers_counter(RecipientKey(subscriber.workspace_id, *record)), -1) for record in records]


async def page(
    connection: Connection, parent: RecipientKey, *, cursor: UUID | None, backward: bool, limit: int
) -> list[Subscription]:
    """Up to `limit` subscriptions to an object beyond the cursor, newest first unless `backward`."""
    name = "page_subscriptions_oldest_first" if backward else "page_subscriptions_newest_first"
    start = cursor or (FIRST_ID if backward else LAST_ID)
    records = await connection.fetch(sql(name), *parent, start, limit)
    return [
        Subscription(parent, RecipientKey(parent.workspace_id, subscriber_type, subscriber_id), *rest)
        for subscriber_type, subscriber_id, *rest in records
    ]


async def page_of_subscriber(
    connection: Connection, subscriber: RecipientKey, *, cursor: UUID | None, backward: bool, limit: int
) -> list[tuple[RecipientKey, UUID]]:
    """Objects that a recipient is subscribed to, with the id of the subscription, like `page`."""
    name = "page_subscribed_to_oldest_first" if backward else "page_subscribed_to_newest_first"
    start = cursor or (FIRST_ID if backward else LAST_ID)
    records = await connection.fetch(sql(name), *subscriber, start, limit)
    return [
        (RecipientKey(subscriber.workspace_id, object_type, object_id), subscription_id)
        for object_type, object_id, subscription_id in records
    ]


async def count_of_subscriber(connection: Connection, subscriber: RecipientKey) -> int:
    """How many objects a recipient is subscribed to."""
    return int(await connection.fetchval(sql("count_subscribed_to"), *subscriber))


async def read_of_subscriber(
    connection: Connection, subscriber: RecipientKey, parents: Sequence[tuple[RecipientKey, UUID]]
) -> list[Subscription]:
    """The relations of a recipient with the given objects, in the order given; ended ones are left out."""
    records = await connection.fetch(
        sql("read_subscriptions_of_subscriber"), *subscriber, *_columns([key for key, _ in parents])
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
    """When each of the recipients was last updated; absent ones are left out."""
    records = await connection.fetch(sql("read_updated_at"), workspace_id, *_columns(keys))
    return {RecipientKey(workspace_id, record[0], record[1]): record[2] for record in records}


async def lock_nesting(connection: Connection, workspace_id: int) -> None:
    """Let no other transaction nest objects of this workspace until this one ends."""
    await connection.execute(sql("lock_nesting"), workspace_id)


async def neighbours(
    connection: Connection, workspace_id: int, keys: Sequence[RecipientKey], *, upward: bool
) -> list[RecipientKey]:
    """The objects one step up (those that `keys` are subscribed to) or down (their subscribed objects)."""
    name = "find_parent_objects" if upward else "find_child_objects"
    records = await connection.fetch(sql(name), workspace_id, *_columns(keys))
    return [RecipientKey(workspace_id, *record) for record in records]
