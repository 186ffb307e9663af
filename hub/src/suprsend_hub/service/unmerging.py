"""Take a merge back: restore the secondary, and take from the primary what came from it and has not changed since.

Locks are taken in the order of everybody, which `writing/writer.py` describes: the secondary's profiles are new and
come first, then the primary's and those of the objects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from suprsend_hub.domain import merging as rules
from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.before import diff_profiles
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, NotFound
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.merge_snapshot import MembershipSnapshot, ProfileSnapshot, Snapshot, decode_snapshot
from suprsend_hub.domain.merging import Taken
from suprsend_hub.domain.profile import Profile, decode_profile
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service import moving
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.deleting import Changes
from suprsend_hub.service.merging import history_row, profile_write, settled, stored_profile
from suprsend_hub.service.successors import gone
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.service.writing.group import first_version
from suprsend_hub.store import aliases, counters, merging, profiles, subscriptions
from suprsend_hub.store.aliases import Tombstone
from suprsend_hub.store.database import Connection, Database, TransactionRace
from suprsend_hub.store.merging import NewProfile
from suprsend_hub.store.profiles import ProfileWrite


@dataclass(frozen=True, slots=True)
class Unmerged:
    """The two users after the reversal of a merge. `kept`: what came with it, has changed since, and so stays."""

    primary: StoredProfile
    secondary: StoredProfile
    kept: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Return:
    """What happens to one profile: what is restored, what the primary has left (None: nothing), what it gives back."""

    snapshot: ProfileSnapshot
    primary: StoredProfile | None
    left: Profile | None
    given_back: Taken


class UnmergeService:
    """Reversals of merges, in all workspaces."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        rate_limits: RateLimits,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._audit = audit
        self._rate_limits = rate_limits
        self._now = now
        self._ulids = ulids

    async def unmerge(self, actor: Actor, primary: RecipientKey, secondary: RecipientKey) -> Unmerged:
        """Take back the merge of the secondary into the primary.

        NotFound if there was none. Conflict if it is too old, or other merges or a new user are in its way.
        """
        self._rate_limits.admit(primary.workspace_id, 1)
        return await self._database.run(partial(self._unmerge, actor, primary, secondary))

    async def preview(self, primary: RecipientKey, secondary: RecipientKey) -> Unmerged:
        """Return what `unmerge` would do, without doing it; it raises the same errors."""
        async with self._database.connection() as connection:
            rows = await merging.read(connection, primary)
            _, snapshot = await self._checked(connection, primary, secondary, rows)
            if await merging.read(connection, secondary):
                raise _in_use(secondary)
            numbers = [each.tenant_no for each in snapshot.profiles]
            tenants = await merging.read_tenants(connection, primary.workspace_id, numbers)
        now = self._now()
        returns = _returns(snapshot, rows, tenants)
        return Unmerged(
            settled(rows[GLOBAL], _write_of(returns[0], rows[GLOBAL]), now),
            _restored(secondary, returns[0].snapshot, now),
            _kept(returns, tenants),
        )

    async def _checked(
        self,
        connection: Connection,
        primary: RecipientKey,
        secondary: RecipientKey,
        rows: Mapping[int, StoredProfile],
    ) -> tuple[Tombstone, Snapshot]:
        """Return the merge, once both are known not to change; raise unless it can be taken back."""
        if GLOBAL not in rows:
            raise await gone(connection, primary)
        tombstone, snapshot = await _merge_of(connection, primary, secondary)
        if not await merging.knows_entry(connection, primary, tombstone.merge_id):
            raise Conflict(
                f"user [distinct_id: '{secondary.recipient_id}'] was merged too long ago, or into another user who was "
                "merged after that: take later merges back first",
                code=Code.UNMERGE_TOO_LATE,
            )
        return tombstone, snapshot

    async def _unmerge(
        self, actor: Actor, primary: RecipientKey, secondary: RecipientKey, connection: Connection
    ) -> Unmerged:
        tombstone, snapshot = await _merge_of(connection, primary, secondary)
        now, changes = self._now(), Changes()
        numbers = [each.tenant_no for each in snapshot.profiles]
        tenants = await merging.hold_tenants(connection, primary.workspace_id, numbers)
        await self._restore(connection, actor, secondary, primary, snapshot, tenants, now, changes)
        rows = await merging.lock(connection, primary)
        present, _ = await self._checked(connection, primary, secondary, rows)
        if present != tombstone:
            raise TransactionRace("the user was merged again meanwhile", code=Code.COLLISION, retry_after_s=1)
        parents = [
            RecipientKey(primary.workspace_id, each.object_type, each.object_id) for each in snapshot.subscriptions
        ]
        dead_until = await moving.hold_parents(connection, primary.workspace_id, parents)
        returns = _returns(snapshot, rows, tenants)
        written = await self._take_back(connection, actor, secondary, returns, now, changes)
        await self._return_subscriptions(connection, primary, secondary, snapshot, dead_until, changes)
        await self._return_memberships(connection, primary, secondary, snapshot.memberships, changes)
        await aliases.lock(connection, [primary, secondary])
        still = set(await aliases.former_ids(connection, primary)) & set(snapshot.former_ids)
        await aliases.hand_over(connection, primary, secondary, sorted(still))
        await aliases.delete_all_of(connection, secondary)
        change = Change.of_recipient(primary, Action.USER_UNMERGE, from_user_id=secondary.recipient_id)
        await self._audit.record(connection, actor, primary.workspace_id, change)
        await counters.add(connection, changes)
        return Unmerged(written, _restored(secondary, snapshot.profiles[0], now), _kept(returns, tenants))

    async def _restore(
        self, connection: Connection, actor: Actor, secondary: RecipientKey, primary: RecipientKey, snapshot: Snapshot,
        tenants: Mapping[int, str], now: datetime, changes: Changes,
    ) -> None:  # fmt: skip
        """Insert the secondary's profiles, with the beginning of their history."""
        rows = [
            (NewProfile(_restoring(secondary, each, now), each.created_at), _content(each))
            for each in snapshot.profiles
            if each.tenant_no == GLOBAL or each.tenant_no in tenants
        ]
        inserted = await merging.insert(connection, secondary, [row for row, _ in rows], now)
        if len(inserted) < len(rows):
            raise _in_use(secondary)
        for row, _ in rows:
            number = row.write.key.tenant_no
            changes[secondary.workspace_id, counters.profiles_counter("", number)] += row.write.linked
        await profiles.insert_history(
            connection,
            [
                history_row(
                    actor, row.write, self._ulids.new(),
                    rules.record(rules.RESTORE, primary.recipient_id, _whole(profile)), None,
                )
                for row, profile in rows
            ],
        )  # fmt: skip

    async def _take_back(
        self, connection: Connection, actor: Actor, secondary: RecipientKey, returns: Sequence[_Return],
        now: datetime, changes: Changes,
    ) -> StoredProfile:  # fmt: skip
        """Write what the primary has left, with its history; return its global profile."""
        writes: list[ProfileWrite] = []
        history = []
        for each in returns:
            if each.primary is None:
                continue
            key = each.primary.key
            counter = (key.workspace_id, counters.profiles_counter("", key.tenant_no))
            if each.left is None:
                await merging.delete_profile(connection, key)
                changes[counter] -= each.primary.linked
                continue
            write = _write_of(each, each.primary)
            changes[counter] -= each.primary.linked and not write.linked
            writes.append(write)
            operations = rules.record(rules.UNMERGE, secondary.recipient_id, each.given_back)
            before = diff_profiles(stored_profile(each.primary), each.left)
            history.append(history_row(actor, write, self._ulids.new(), operations, before))
        await profiles.update(connection, writes, now)
        await profiles.insert_history(connection, history)
        assert returns[0].primary is not None
        return settled(returns[0].primary, writes[0], now)

    async def _return_subscriptions(
        self, connection: Connection, primary: RecipientKey, secondary: RecipientKey, snapshot: Snapshot,
        dead_until: Mapping[RecipientKey, UUID], changes: Changes,
    ) -> None:  # fmt: skip
        """Subscribe the secondary again, and end what came to the primary and is as it was."""
        own = await merging.lock_subscribed_to(connection, primary)
        parents = {
            RecipientKey(primary.workspace_id, each.object_type, each.object_id): each
            for each in snapshot.subscriptions
        }
        live = {
            key: each for key, each in parents.items() if key in dead_until and each.subscription_id > dead_until[key]
        }
        await moving.add_subscriptions(connection, secondary, list(live.values()), changes)
        came = [(key, own[key]) for key, each in live.items() if each.moved and own.get(key) == each.subscription_id]
        unchanged = [
            live[row.parent]
            for row in await subscriptions.read_of_subscriber(connection, primary, came)
            if (row.properties, row.updated_at) == (live[row.parent].properties, live[row.parent].updated_at)
        ]
        await moving.end_subscriptions(connection, primary, unchanged, changes)

    async def _return_memberships(
        self, connection: Connection, primary: RecipientKey, secondary: RecipientKey,
        rows: Sequence[MembershipSnapshot], changes: Changes,
    ) -> None:  # fmt: skip
        """Make the secondary a member again, and end what came to the primary."""
        own = {row.version: row.member_id for row in await merging.lock_memberships(connection, primary)}
        versions = [(row.list_id, row.version_id) for row in rows]
        held = await merging.hold_versions(connection, primary.workspace_id, versions)
        live = [row for row, version in zip(rows, versions, strict=True) if version in held]
        await moving.add_memberships(connection, secondary, live, changes)
        came = [row for row in live if row.moved and own.get((row.list_id, row.version_id)) == row.member_id]
        await moving.end_memberships(connection, primary, came, changes)


async def _merge_of(
    connection: Connection, primary: RecipientKey, secondary: RecipientKey
) -> tuple[Tombstone, Snapshot]:
    tombstone = await aliases.find_tombstone(connection, secondary)
    if tombstone is None or tombstone.merged_into != primary.recipient_id:
        raise NotFound(
            f"from_user_id: [distinct_id: '{secondary.recipient_id}'] was not merged into {primary.describe()}",
            code=Code.NOT_MERGED,
            detail=None if tombstone is None else {"merged_into": tombstone.merged_into},
        )
    if tombstone.snapshot is None:
        raise Conflict(
            f"user [distinct_id: '{secondary.recipient_id}'] was merged too long ago: what it was has been deleted "
            "with the history",
            code=Code.UNMERGE_TOO_LATE,
        )
    return tombstone, decode_snapshot(tombstone.snapshot)


def _in_use(secondary: RecipientKey) -> Conflict:
    return Conflict(
        f"{secondary.describe()} exists again: delete it, or merge it as well, before you take the merge back",
        code=Code.USER_EXISTS,
    )


def _returns(snapshot: Snapshot, rows: Mapping[int, StoredProfile], tenants: Mapping[int, str]) -> list[_Return]:
    """Return what happens to each profile, the global one first."""
    returns = []
    for each in snapshot.profiles:
        row = rows.get(each.tenant_no)
        if each.tenant_no != GLOBAL and each.tenant_no not in tenants:
            continue
        if row is None:
            returns.append(_Return(each, None, None, Taken()))
            continue
        left, given_back = rules.unmerge(stored_profile(row), each.taken)
        came_whole = each.moved and not left.properties and not left.channels and left.preferences is None
        returns.append(_Return(each, row, None if came_whole else left, given_back))
    return returns


def _write_of(returned: _Return, primary: StoredProfile) -> ProfileWrite:
    left = returned.left
    assert left is not None
    stays = returned.snapshot.primary_linked or bool(left.properties or left.channels)
    return profile_write(primary.key, primary.profile_id, primary.version + 1, left, linked=primary.linked and stays)


def _restoring(secondary: RecipientKey, snapshot: ProfileSnapshot, now: datetime) -> ProfileWrite:
    key = secondary._replace(tenant_no=snapshot.tenant_no)
    return profile_write(key, snapshot.profile_id, first_version(now), _content(snapshot), linked=snapshot.linked)


def _content(snapshot: ProfileSnapshot) -> Profile:
    return decode_profile(snapshot.properties, snapshot.channels, snapshot.preferences)


def _whole(profile: Profile) -> Taken:
    return Taken(profile.properties, profile.channels, rules.choices_of(profile))


def _restored(secondary: RecipientKey, snapshot: ProfileSnapshot, now: datetime) -> StoredProfile:
    return StoredProfile(
        secondary, snapshot.profile_id, first_version(now), snapshot.properties, snapshot.channels, snapshot.created_at,
        now, snapshot.preferences, snapshot.linked,
    )  # fmt: skip


def _kept(returns: Sequence[_Return], tenants: Mapping[int, str]) -> list[str]:
    """Return the keys that came with the merge and stay with the primary, because they have changed since."""
    kept = []
    for each in returns:
        tenant = tenants.get(each.snapshot.tenant_no)
        taken, back = each.snapshot.taken, each.given_back
        names = [key for key in taken.properties if key not in back.properties] + [
            channel
            for channel, identities in taken.channels.items()
            if len(back.channels.get(channel, ())) < len(identities)
        ]
        kept += [name if tenant is None else f"{tenant}: {name}" for name in names]
    return kept
