"""The rows of one user that a merge, its reversal or a rename reads, locks, moves and copies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from suprsend_hub.domain.merge_snapshot import MembershipSnapshot, SubscriptionSnapshot
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.store import profiles
from suprsend_hub.store.database import Connection
from suprsend_hub.store.profiles import ProfileWrite
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import keyed_row, row


@dataclass(frozen=True, slots=True)
class NewProfile:
    """A profile to insert, created at another time or under another id."""

    write: ProfileWrite
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A membership as the user's end has it."""

    list_id: str
    version_id: UUID
    member_id: UUID
    created_at: datetime

    @property
    def version(self) -> tuple[str, UUID]:
        """The version of a list that it is about."""
        return self.list_id, self.version_id


async def lock(connection: Connection, key: RecipientKey) -> dict[int, StoredProfile]:
    """Lock all profiles of a recipient and return them, by number of tenant.

    The first statement waits for those who write a new profile for a tenant, because they hold the global one. It does
    not see what they wrote, so there is a second one; nobody can add a profile in between.
    """
    await connection.execute(sql("lock_profiles_of_recipient"), *key[:3])
    return await _read(connection, "lock_profiles_of_recipient", key)


async def read(connection: Connection, key: RecipientKey) -> dict[int, StoredProfile]:
    """Return all profiles of a recipient, by number of tenant."""
    return await _read(connection, "read_profiles_of_recipient", key)


async def _read(connection: Connection, name: str, key: RecipientKey) -> dict[int, StoredProfile]:
    found = [
        keyed_row(StoredProfile, record, workspace_id=key.workspace_id)
        for record in await connection.fetch(sql(name), *key[:3])
    ]
    return {each.key.tenant_no: each for each in found}


async def insert(connection: Connection, key: RecipientKey, rows: Sequence[NewProfile], now: datetime) -> set[int]:
    """Insert profiles of a recipient; return the numbers of tenants for which there was none."""
    ordered = sorted(rows, key=lambda each: each.write.key)
    records = await connection.fetch(
        sql("insert_profiles_of_recipient"),
        *key[:3],
        [each.write.key.tenant_no for each in ordered],
        [each.write.fresh_id for each in ordered],
        [each.write.version for each in ordered],
        [each.write.properties for each in ordered],
        [each.write.channels for each in ordered],
        [profiles.address_lines(each.write) for each in ordered],
        [each.write.preferences for each in ordered],
        [each.write.linked for each in ordered],
        [each.created_at for each in ordered],
        now,
    )
    return {record[0] for record in records}


async def delete_profile(connection: Connection, key: RecipientKey) -> None:
    """Delete one profile, which is locked."""
    await connection.execute(sql("delete_profile"), *key)


async def hold_tenants(connection: Connection, workspace_id: int, numbers: Sequence[int]) -> dict[int, str]:
    """Hold tenants against deletion; return the ids of those that exist among the numbers."""
    return await _tenants(connection, "hold_tenants", workspace_id, numbers)


async def read_tenants(connection: Connection, workspace_id: int, numbers: Sequence[int]) -> dict[int, str]:
    """Return the ids of the tenants that exist among the numbers."""
    return await _tenants(connection, "read_tenants", workspace_id, numbers)


async def _tenants(connection: Connection, name: str, workspace_id: int, numbers: Sequence[int]) -> dict[int, str]:
    wanted = sorted(number for number in numbers if number != GLOBAL)
    return dict(map(tuple, await connection.fetch(sql(name), workspace_id, wanted))) if wanted else {}


async def copy(connection: Connection, name: str, source: RecipientKey, target: RecipientKey) -> None:
    """Copy rows that name the source, by a statement of that name, so that they name the target."""
    await connection.execute(sql(name), *source[:3], target.recipient_id)


async def knows_entry(connection: Connection, key: RecipientKey, edit_id: UUID) -> bool:
    """Tell whether the history still has an entry of the global profile, with its content."""
    return bool(await connection.fetchval(sql("has_history_entry"), *key[:3], edit_id))


async def lock_subscribed_to(connection: Connection, key: RecipientKey) -> dict[RecipientKey, UUID]:
    """Lock what a recipient is subscribed to; return the ids of the subscriptions, by object."""
    records = await connection.fetch(sql("lock_subscribed_to"), *key[:3])
    return {
        RecipientKey(key.workspace_id, record["object_type"], record["object_id"]): record["subscription_id"]
        for record in records
    }


async def put_subscriptions(connection: Connection, key: RecipientKey, rows: Sequence[SubscriptionSnapshot]) -> None:
    """Subscribe a recipient as the rows say, at both ends."""
    if not rows:
        return
    keys = ([row.object_type for row in rows], [row.object_id for row in rows], [row.subscription_id for row in rows])
    await connection.execute(sql("put_subscribed_to"), *key[:3], *keys)
    await connection.execute(
        sql("put_subscriptions"),
        *key[:3],
        *keys,
        [row.properties for row in rows],
        [row.created_at for row in rows],
        [row.updated_at for row in rows],
    )


async def end_subscriptions(connection: Connection, key: RecipientKey, rows: Sequence[SubscriptionSnapshot]) -> None:
    """End subscriptions of a recipient, at both ends."""
    if not rows:
        return
    types, ids = [row.object_type for row in rows], [row.object_id for row in rows]
    await connection.execute(sql("end_subscribed_to"), *key[:3], types, ids, [row.subscription_id for row in rows])
    await connection.execute(
        sql("delete_subscription_rows"), key.workspace_id, types, ids,
        [key.object_type] * len(rows), [key.recipient_id] * len(rows),
    )  # fmt: skip


async def lock_memberships(connection: Connection, key: RecipientKey) -> list[MembershipRow]:
    """Lock the memberships of a user, in all versions of lists."""
    records = await connection.fetch(sql("lock_memberships"), key.workspace_id, key.recipient_id)
    return [row(MembershipRow, record) for record in records]


async def hold_versions(
    connection: Connection, workspace_id: int, versions: Sequence[tuple[str, UUID]]
) -> set[tuple[str, UUID]]:
    """Hold versions of lists against being replaced or discarded; return those that are live or drafts."""
    if not versions:
        return set()
    ordered = sorted(versions)
    held = await connection.fetch(sql("hold_lists"), workspace_id, sorted({list_id for list_id, _ in ordered}))
    drafts = await connection.fetch(
        sql("hold_drafts"), workspace_id, [each[0] for each in ordered], [each[1] for each in ordered]
    )
    return {(record[0], record[1]) for record in (*held, *drafts)}


async def put_memberships(connection: Connection, key: RecipientKey, rows: Sequence[MembershipSnapshot]) -> None:
    """Make a user a member as the rows say, at both ends."""
    if not rows:
        return
    columns = (
        [row.list_id for row in rows],
        [row.version_id for row in rows],
        [row.member_id for row in rows],
        [row.created_at for row in rows],
    )
    for name in ("put_memberships", "put_members"):
        await connection.execute(sql(name), key.workspace_id, key.recipient_id, *columns)


async def end_memberships(connection: Connection, key: RecipientKey, rows: Sequence[MembershipSnapshot]) -> None:
    """End memberships of a user, at both ends."""
    if not rows:
        return
    lists, versions = [row.list_id for row in rows], [row.version_id for row in rows]
    await connection.execute(sql("end_memberships"), key.workspace_id, key.recipient_id, lists, versions)
    await connection.execute(
        sql("delete_member_rows"), key.workspace_id, lists, versions, [key.recipient_id] * len(rows)
    )
