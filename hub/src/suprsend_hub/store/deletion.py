"""Deletion by sets: the statements that delete recipients of one workspace from each table, and the sweeping of
deleted objects' subscribers. The order of the calls is `service/deleting.py`'s.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.store import subscriptions
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql

_NEVER = UUID(int=0)


class DeletedProfile(NamedTuple):
    """A profile that was deleted. If it is not `linked`, it held preferences only and was not counted."""

    key: RecipientKey
    linked: bool


class EndedSubscription(NamedTuple):
    """A subscription of a deleted recipient."""

    parent: RecipientKey
    subscriber: RecipientKey
    subscription_id: UUID


class EndedMembership(NamedTuple):
    """A membership of a deleted user in a version of a list."""

    list_id: str
    version_id: UUID
    distinct_id: str


def _columns(keys: Sequence[RecipientKey]) -> tuple[list[str], list[str]]:
    return [key.object_type for key in keys], [key.recipient_id for key in keys]


async def lock_profiles(connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]) -> list[RecipientKey]:
    """Lock the profiles of recipients, also those for tenants; `keys` are in order. Return the recipients found."""
    locked = await connection.fetch(sql("lock_profiles"), workspace_id, *_columns(keys))
    return list(dict.fromkeys(RecipientKey(workspace_id, *key) for key in locked))


async def find_parents(
    connection: Connection, workspace_id: int, subscribers: Sequence[RecipientKey]
) -> list[RecipientKey]:
    """Return the objects that recipients are subscribed to, or were in earlier lives of the objects, in order."""
    records = await connection.fetch(sql("find_parents"), workspace_id, *_columns(subscribers))
    return sorted(RecipientKey(workspace_id, *record) for record in records)


async def lock_objects(
    connection: Connection, workspace_id: int, objects: Sequence[RecipientKey], parents: Collection[RecipientKey]
) -> tuple[list[RecipientKey], dict[RecipientKey, UUID]]:
    """Lock objects as `lock_profiles` does and hold others as `hold_parents` does, in one pass in the order of keys."""
    keys = sorted({*objects, *parents})
    deleted = set(objects)
    records = await connection.fetch(
        sql("lock_objects"), workspace_id, *_columns(keys), [key in deleted for key in keys]
    )
    found: dict[RecipientKey, None] = {}
    held: dict[RecipientKey, UUID] = {}
    for *parts, is_deleted, dead_until in records:
        key = RecipientKey(workspace_id, *parts)
        if is_deleted:
            found[key] = None
        else:
            held[key] = dead_until or _NEVER
    return list(found), held


async def delete_profiles(
    connection: Connection, workspace_id: int, locked: Sequence[RecipientKey]
) -> list[DeletedProfile]:
    """Delete all profiles of recipients that are locked, and return them."""
    deleted = await connection.fetch(sql("delete_profiles"), workspace_id, *_columns(locked))
    return [DeletedProfile(RecipientKey(workspace_id, *key), linked) for *key, linked in deleted]


async def end_subscriptions(
    connection: Connection, workspace_id: int, subscribers: Sequence[RecipientKey]
) -> list[EndedSubscription]:
    """Delete the recipients' own subscriptions, at the subscriber's end."""
    records = await connection.fetch(sql("delete_subscriptions_of_subscribers"), workspace_id, *_columns(subscribers))
    return sorted(
        EndedSubscription(
            RecipientKey(workspace_id, object_type, object_id),
            RecipientKey(workspace_id, subscriber_type, subscriber_id),
            subscription_id,
        )
        for object_type, object_id, subscriber_type, subscriber_id, subscription_id in records
    )


async def hold_parents(
    connection: Connection, workspace_id: int, parents: Sequence[RecipientKey]
) -> dict[RecipientKey, UUID]:
    """Hold objects against deletion; `parents` are in order.

    Returns those that exist, each with the last subscription of its earlier lives that has not been swept yet.
    """
    records = await connection.fetch(sql("hold_parents"), workspace_id, *_columns(parents))
    return {RecipientKey(workspace_id, *key): dead_until or _NEVER for *key, dead_until in records}


async def delete_subscription_rows(
    connection: Connection, workspace_id: int, ended: Sequence[EndedSubscription]
) -> None:
    """Delete the objects' end of the subscriptions that `end_subscriptions` ended."""
    await connection.execute(
        sql("delete_subscription_rows"),
        workspace_id,
        *_columns([each.parent for each in ended]),
        *_columns([each.subscriber for each in ended]),
    )


async def end_memberships(
    connection: Connection, workspace_id: int, distinct_ids: Sequence[str]
) -> list[EndedMembership]:
    """Remove deleted users from all lists and drafts, at both ends."""
    records = await connection.fetch(sql("delete_memberships_of_users"), workspace_id, list(distinct_ids))
    ended = sorted(EndedMembership(*record) for record in records)
    if ended:
        await connection.execute(
            sql("delete_member_rows"),
            workspace_id,
            [each.list_id for each in ended],
            [each.version_id for each in ended],
            [each.distinct_id for each in ended],
        )
    return ended


async def scrub(connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]) -> None:
    """Remove the content of the recipients' history, unbind their keys, and delete their rejected records."""
    await connection.execute(sql("scrub_history"), workspace_id, *_columns(keys))
    await connection.execute(sql("scrub_keys"), workspace_id, *_columns(keys))
    await connection.execute(sql("delete_rejected_of_recipients"), workspace_id, *_columns(keys))


async def end_former_ids(connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]) -> None:
    """Delete the aliases of the recipients, and the tombstones of those merged into them."""
    former = await connection.fetch(sql("delete_former_ids"), workspace_id, *_columns(keys))
    if former:
        types, ids = zip(*sorted(map(tuple, former)), strict=True)
        for name in ("delete_aliases", "delete_tombstones"):
            await connection.execute(sql(name), workspace_id, types, ids)


async def end_own_tombstones(connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]) -> None:
    """Delete the tombstones of earlier lives of the recipients, who were merged then."""
    found = await connection.fetch(sql("delete_own_tombstones"), workspace_id, *_columns(keys))
    for owner, object_type, recipient_id in sorted(map(tuple, found)):
        await connection.execute(sql("delete_former_id"), workspace_id, object_type, owner, recipient_id)


async def bury_objects(connection: Connection, workspace_id: int, objects: Sequence[RecipientKey]) -> None:
    """Mark deleted objects, whose subscribers `sweep` will remove."""
    await connection.execute(sql("bury_objects"), workspace_id, *_columns(objects))


async def sweep(connection: Connection, *, at_most: int) -> bool:
    """End some subscriptions to one deleted object; return False if no deleted object has any."""
    record = await connection.fetchrow(sql("claim_dead_object"))
    if record is None:
        return False
    *key, last = record
    parent = RecipientKey(*key)
    found = await connection.fetch(sql("find_dead_subscribers"), *parent[:3], last, at_most)
    subscribers = sorted(RecipientKey(parent.workspace_id, *each) for each in found)
    await subscriptions.sweep(connection, parent, subscribers, until=last)
    if len(subscribers) < at_most:
        await connection.execute(sql("delete_dead_object"), *parent[:3])
    return True
