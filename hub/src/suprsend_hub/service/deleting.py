"""Delete recipients by sets: any number of keys in one transaction with a fixed number of statements.

Locks are taken in the order of everybody, which `writing/writer.py` describes: the profiles, together with those of the
objects that the recipients are subscribed to; dead objects; the recipients' own end of their relations, then the other
end; former ids; history; counters, each in the order of keys and the counters once. A deleted object may have millions
of subscribers. The sweeper removes them later; readers see no subscription of an earlier life.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.store import aliases, counters, deletion
from suprsend_hub.store.database import Connection, Database, TransactionRace

SWEEP_STEP = 2_000
"""How many subscriptions to a deleted object one transaction ends: few enough not to delay others noticeably."""

Changes = Counter[tuple[int, counters.Counter]]
"""Changes of counters, by workspace and counter."""


@dataclass(frozen=True, slots=True)
class Absorption:
    """Where a deleted recipient went: `into` has taken over what it was, and the tombstone or alias is there.

    `changes` are those of counters that taking over made, added with the deletion's own. `makes_alias`: the deleted id
    leads to the other one from now on.
    """

    into: RecipientKey
    makes_alias: bool
    changes: Changes = field(default_factory=Changes)


async def delete_recipients(
    connection: Connection,
    audit: AuditLog,
    actor: Actor,
    workspace_id: int,
    keys: Sequence[RecipientKey],
    *,
    absorbed: Absorption | None = None,
) -> Sequence[RecipientKey]:
    """Delete recipients with everything that names them, in the caller's transaction; return those that existed."""
    gone, parents = await _lock(connection, workspace_id, sorted(set(keys)))
    if not gone:
        return gone
    deleted = await deletion.delete_profiles(connection, workspace_id, gone)
    objects = [key for key in gone if not key.is_user]
    if objects:
        await deletion.bury_objects(connection, workspace_id, objects)
    changes = Changes() if absorbed is None else absorbed.changes
    for key, linked in deleted:
        changes[workspace_id, counters.profiles_counter(key.object_type, key.tenant_no)] -= linked
    if parents is not None:
        await _end_subscriptions(connection, workspace_id, gone, parents, changes)
    await _end_memberships(connection, workspace_id, gone, changes)
    if await aliases.lock(connection, gone):
        await deletion.end_former_ids(connection, workspace_id, gone)
        if absorbed is None:
            await deletion.end_own_tombstones(connection, workspace_id, gone)
    await deletion.scrub(connection, workspace_id, gone)
    if objects:
        names = [counters.subscribers_counter(key) for key in objects]
        await counters.delete(connection, workspace_id, names)
    await audit.record(connection, actor, workspace_id, *(_deletion(key, absorbed) for key in gone))
    makes_alias = absorbed is not None and absorbed.makes_alias
    await counters.add(connection, changes, makes_alias_in=workspace_id if makes_alias else None)
    return gone


def _deletion(key: RecipientKey, absorbed: Absorption | None) -> Change:
    action = Action.USER_DELETE if key.is_user else Action.OBJECT_DELETE
    return Change.of_recipient(key, action, **({} if absorbed is None else {"went_into": absorbed.into.recipient_id}))


async def _lock(
    connection: Connection, workspace_id: int, keys: Sequence[RecipientKey]
) -> tuple[list[RecipientKey], Mapping[RecipientKey, UUID] | None]:
    """Lock the profiles of recipients, and hold the objects that these are subscribed to, in the order of keys.

    Returns what `lock_objects` does, with None for the parents if the recipients have no subscriptions at all.
    TransactionRace if an object that is deleted has been subscribed to another one meanwhile. Users need no such check:
    objects come after them, so what they are subscribed to is read when they are locked.
    """
    users = [key for key in keys if key.is_user]
    objects = [key for key in keys if not key.is_user]
    locked = await deletion.lock_profiles(connection, workspace_id, users) if users else []
    subscribers = [*locked, *objects]
    if not subscribers:
        return [], None
    parents = await deletion.find_parents(connection, workspace_id, subscribers)
    if not objects:
        return locked, await deletion.hold_parents(connection, workspace_id, parents) if parents else None
    found, held = await deletion.lock_objects(connection, workspace_id, objects, parents)
    present = await deletion.find_parents(connection, workspace_id, objects)
    if not {*parents, *objects}.issuperset(present):
        raise TransactionRace("an object has been subscribed meanwhile", code=Code.COLLISION, retry_after_s=1)
    return [*locked, *found], held if parents or present else None


async def _end_subscriptions(
    connection: Connection,
    workspace_id: int,
    gone: Sequence[RecipientKey],
    parents: Mapping[RecipientKey, UUID],
    changes: Changes,
) -> None:
    """End what recipients are subscribed to. `parents` are the objects that stay, with the ends of earlier lives."""
    ended = await deletion.end_subscriptions(connection, workspace_id, gone)
    if not ended:
        return
    await deletion.delete_subscription_rows(connection, workspace_id, ended)
    for each in ended:
        dead_until = parents.get(each.parent)
        if dead_until is not None and each.subscription_id > dead_until:
            changes[workspace_id, counters.subscribers_counter(each.parent)] -= 1


async def _end_memberships(
    connection: Connection, workspace_id: int, gone: Sequence[RecipientKey], changes: Changes
) -> None:
    users = [key.recipient_id for key in gone if key.is_user]
    if not users:
        return
    for each in await deletion.end_memberships(connection, workspace_id, users):
        changes[workspace_id, counters.members_counter(each.list_id, each.version_id)] -= 1


async def sweep_dead_objects(database: Database) -> bool:
    """End some subscriptions to deleted objects; return False if there are none."""
    return await database.run(lambda connection: deletion.sweep(connection, at_most=SWEEP_STEP))
