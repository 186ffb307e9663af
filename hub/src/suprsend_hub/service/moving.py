"""Move what hangs on a user to another user, at both ends and with exact counters.

That is subscriptions, memberships and former ids. Both users' profiles are locked, and the objects that the first one
is subscribed to are held (`hold_parents_of`), before anything is written. Moving only adds: the deletion of
the first user ends its own relations and counts that. What happens is returned as snapshots, which can be taken back.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from suprsend_hub.domain.merge_snapshot import MembershipSnapshot, SubscriptionSnapshot
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.deleting import Changes
from suprsend_hub.store import aliases, counters, deletion, merging, subscriptions
from suprsend_hub.store.database import Connection


async def move_subscriptions(
    connection: Connection,
    source: RecipientKey,
    target: RecipientKey,
    dead_until: Mapping[RecipientKey, UUID],
    changes: Changes,
) -> list[SubscriptionSnapshot]:
    """Subscribe the target to what the source is subscribed to; its own subscriptions stay as they are.

    `dead_until` is what `hold_parents_of` has returned for the source.
    """
    own = {key: await merging.lock_subscribed_to(connection, key) for key in sorted([source, target])}

    def is_live(key: RecipientKey, parent: RecipientKey) -> bool:
        return parent in dead_until and parent in own[key] and own[key][parent] > dead_until[parent]

    live = [(parent, id_) for parent, id_ in own[source].items() if is_live(source, parent)]
    if not live:
        return []
    snapshots = [
        SubscriptionSnapshot(
            *each.parent[1:3], each.subscription_id, each.properties, each.created_at, each.updated_at,
            moved=not is_live(target, each.parent),
        )
        for each in await subscriptions.read_of_subscriber(connection, source, live)
    ]  # fmt: skip
    await add_subscriptions(connection, target, [each for each in snapshots if each.moved], changes)
    return snapshots


async def hold_parents_of(connection: Connection, key: RecipientKey) -> dict[RecipientKey, UUID]:
    """Hold the objects to which a user, who is locked, is subscribed; return what `hold_parents` does."""
    parents = await deletion.find_parents(connection, key.workspace_id, [key])
    return await hold_parents(connection, key.workspace_id, parents)


async def hold_parents(
    connection: Connection, workspace_id: int, parents: Sequence[RecipientKey]
) -> dict[RecipientKey, UUID]:
    """Hold the objects that exist; return the last subscription of the earlier lives of each."""
    if not parents:
        return {}
    return await deletion.hold_parents(connection, workspace_id, sorted(parents))


async def add_subscriptions(
    connection: Connection, key: RecipientKey, rows: Sequence[SubscriptionSnapshot], changes: Changes
) -> None:
    """Subscribe a user as the rows say, and count that; the objects are held."""
    await merging.put_subscriptions(connection, key, rows)
    _count_subscriptions(key.workspace_id, rows, 1, changes)


async def end_subscriptions(
    connection: Connection, key: RecipientKey, rows: Sequence[SubscriptionSnapshot], changes: Changes
) -> None:
    """End subscriptions of a user, and count that; the objects are held."""
    await merging.end_subscriptions(connection, key, rows)
    _count_subscriptions(key.workspace_id, rows, -1, changes)


def _count_subscriptions(
    workspace_id: int, rows: Sequence[SubscriptionSnapshot], change: int, changes: Changes
) -> None:
    for each in rows:
        parent = RecipientKey(workspace_id, each.object_type, each.object_id)
        changes[workspace_id, counters.subscribers_counter(parent)] += change


async def move_memberships(
    connection: Connection, source: RecipientKey, target: RecipientKey, changes: Changes
) -> list[MembershipSnapshot]:
    """Make the target a member of the lists and drafts of the source."""
    own = {key: await merging.lock_memberships(connection, key) for key in sorted([source, target])}
    held = await merging.hold_versions(connection, source.workspace_id, [row.version for row in own[source]])
    present = {row.version for row in own[target]}
    snapshots = [
        MembershipSnapshot(row.list_id, row.version_id, row.member_id, row.created_at, row.version not in present)
        for row in own[source]
        if row.version in held
    ]
    await add_memberships(connection, target, [each for each in snapshots if each.moved], changes)
    return snapshots


async def add_memberships(
    connection: Connection, key: RecipientKey, rows: Sequence[MembershipSnapshot], changes: Changes
) -> None:
    """Make a user a member as the rows say, and count that; the versions are held."""
    await merging.put_memberships(connection, key, rows)
    _count_memberships(key.workspace_id, rows, 1, changes)


async def end_memberships(
    connection: Connection, key: RecipientKey, rows: Sequence[MembershipSnapshot], changes: Changes
) -> None:
    """End memberships of a user, and count that; the versions are held."""
    await merging.end_memberships(connection, key, rows)
    _count_memberships(key.workspace_id, rows, -1, changes)


def _count_memberships(workspace_id: int, rows: Sequence[MembershipSnapshot], change: int, changes: Changes) -> None:
    for each in rows:
        changes[workspace_id, counters.members_counter(each.list_id, each.version_id)] += change


async def move_former_ids(connection: Connection, source: RecipientKey, target: RecipientKey) -> list[str]:
    """Make the former ids of the source those of the target, and return them; the target's own id is none any more."""
    await aliases.lock(connection, [source, target])
    ids = await aliases.former_ids(connection, source)
    await aliases.delete_all_of(connection, target)
    moved = [each for each in ids if each != target.recipient_id]
    await aliases.hand_over(connection, source, target, moved)
    return moved
