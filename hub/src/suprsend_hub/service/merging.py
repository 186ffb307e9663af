"""Merge a user into another one: one transaction that unites the two, deletes the secondary and leaves a tombstone.

Locks are taken in the order of everybody, which `writing/writer.py` describes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from suprsend_hub.domain import merging as rules
from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.addresses import addresses
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.before import Before, diff_profiles
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, InvalidRequest, NotFound
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.merge_snapshot import ProfileSnapshot, Snapshot, encode_snapshot
from suprsend_hub.domain.merging import Merged
from suprsend_hub.domain.profile import Profile, decode_profile, encode_channels, encode_properties
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.tenancy import decode
from suprsend_hub.service import moving
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.deleting import Absorption, Changes, delete_recipients
from suprsend_hub.service.successors import gone
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.service.writing.group import first_version, json_text
from suprsend_hub.store import aliases, counters, merging, profiles, workspaces
from suprsend_hub.store.database import Connection, Database
from suprsend_hub.store.merging import NewProfile
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite


@dataclass(frozen=True, slots=True)
class ProfileMerge:
    """What a merge does to the primary's profile for one tenant. `primary` is None if it had none."""

    primary: StoredProfile | None
    secondary: StoredProfile
    merged: Merged

    @property
    def tenant_no(self) -> int:
        """The tenant, or GLOBAL."""
        return self.secondary.key.tenant_no


@dataclass(frozen=True, slots=True)
class MergePreview:
    """The primary as it would be, where the two disagree, and why the merge would be refused (None if it would not)."""

    primary: StoredProfile
    profile: Profile
    conflicts: Sequence[tuple[str | None, rules.MergeConflict]]
    refusal: str | None


class MergeService:
    """Merges of users of all workspaces."""

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

    async def merge(self, actor: Actor, primary: RecipientKey, secondary: RecipientKey) -> StoredProfile:
        """Merge the secondary into the primary and delete it; return the primary.

        NotFound if one of them does not exist, InvalidRequest if they are the same or the result is beyond a limit.
        """
        self._rate_limits.admit(primary.workspace_id, 1)
        _refuse_self(primary, secondary)
        return await self._database.run(partial(self._merge, actor, primary, secondary))

    async def preview(self, primary: RecipientKey, secondary: RecipientKey) -> MergePreview:
        """Return what `merge` would do, without doing it; it raises the same errors for users that are not there."""
        _refuse_self(primary, secondary)
        async with self._database.connection() as connection:
            rows = {key: await merging.read(connection, key) for key in (primary, secondary)}
            await _both_exist(connection, rows, primary, secondary)
            tenants = await merging.read_tenants(connection, primary.workspace_id, [*rows[primary], *rows[secondary]])
            tenancy = decode(await workspaces.read_tenancy(connection, primary.workspace_id))
        if tenancy.is_exclusive:
            _refuse_two_tenants(rows, tenants)
        planned = _plan(rows[primary], rows[secondary], tenants)
        return MergePreview(
            rows[primary][GLOBAL],
            planned[0].merged.profile,
            [(tenants.get(each.tenant_no), conflict) for each in planned for conflict in each.merged.conflicts],
            next((problem[1] for each in planned if (problem := rules.misfit(each.merged.profile))), None),
        )

    async def _merge(
        self, actor: Actor, primary: RecipientKey, secondary: RecipientKey, connection: Connection
    ) -> StoredProfile:
        rows = {key: await merging.lock(connection, key) for key in sorted([primary, secondary])}
        await _both_exist(connection, rows, primary, secondary)
        dead_until = await moving.hold_parents_of(connection, secondary)
        makes_alias = await workspaces.read_after_merge(connection, primary.workspace_id) == rules.ALIAS
        tenants = await merging.hold_tenants(connection, primary.workspace_id, [*rows[primary], *rows[secondary]])
        planned = _plan(rows[primary], rows[secondary], tenants)
        _refuse_misfits(planned)
        tenancy = decode(await workspaces.read_tenancy(connection, primary.workspace_id))
        if tenancy.is_exclusive:
            _refuse_two_tenants(rows, tenants)
        now, merge_id, changes = self._now(), self._ulids.new(), Changes()
        written = await self._write(connection, actor, primary, planned, now, merge_id, changes)
        snapshot = Snapshot(
            [_snapshot(each) for each in planned],
            await moving.move_subscriptions(connection, secondary, primary, dead_until, changes),
            await moving.move_memberships(connection, secondary, primary, changes),
            await moving.move_former_ids(connection, secondary, primary),
        )
        await aliases.delete_all_of(connection, secondary)
        await aliases.put_tombstone(
            connection, secondary, primary, merge_id=merge_id, now=now, snapshot=encode_snapshot(snapshot)
        )
        if makes_alias:
            await aliases.put_alias(connection, secondary, primary, now)
            await merging.copy(connection, "move_request_keys", secondary, primary)
        await merging.copy(connection, "copy_insert_keys", secondary, primary)
        await merging.copy(connection, "copy_rejected", secondary, primary)
        change = Change.of_recipient(primary, Action.USER_MERGE, from_user_id=secondary.recipient_id)
        await self._audit.record(connection, actor, primary.workspace_id, change)
        absorbed = Absorption(primary, makes_alias, changes)
        await delete_recipients(connection, self._audit, actor, primary.workspace_id, [secondary], absorbed=absorbed)
        return written

    async def _write(
        self, connection: Connection, actor: Actor, primary: RecipientKey, planned: Sequence[ProfileMerge],
        now: datetime, merge_id: UUID, changes: Changes,
    ) -> StoredProfile:  # fmt: skip
        """Write the primary's profiles and their history; return the global one."""
        writes = [_write_of(each, primary, now) for each in planned]
        pairs = list(zip(planned, writes, strict=True))
        await profiles.update(connection, [write for each, write in pairs if each.primary], now)
        fresh = [NewProfile(write, each.secondary.created_at) for each, write in pairs if each.primary is None]
        if fresh:
            await merging.insert(connection, primary, fresh, now)
        for each, write in pairs:
            joins = write.linked and (each.primary is None or not each.primary.linked)
            changes[primary.workspace_id, counters.profiles_counter("", write.key.tenant_no)] += joins
        await profiles.insert_history(
            connection,
            [
                history_row(
                    actor, write, merge_id if write.key.tenant_no == GLOBAL else self._ulids.new(),
                    rules.record(rules.MERGE, each.secondary.key.recipient_id, each.merged.taken),
                    None if each.primary is None else diff_profiles(_profile(each.primary), each.merged.profile),
                )
                for each, write in pairs
            ],
        )  # fmt: skip
        before = planned[0].primary
        assert before is not None
        return settled(before, writes[0], now)


def history_row(
    actor: Actor, write: ProfileWrite, edit_id: UUID, operations: object, before: Before | None
) -> HistoryRow:
    """Return the history entry of a profile that is written outside the write path; before: None for a new one."""
    return HistoryRow(
        write.key, edit_id, edit_id, write.version, 0, actor.source, actor.label, json_text(operations),
        None if before is None else json_text(before),
    )  # fmt: skip


def profile_write(key: RecipientKey, fresh_id: UUID, version: int, profile: Profile, *, linked: bool) -> ProfileWrite:
    """Return the row for a profile."""
    return ProfileWrite(
        key, fresh_id, version, encode_properties(profile), encode_channels(profile), addresses(profile.channels),
        profile.preferences, linked,
    )  # fmt: skip


def stored_profile(row: StoredProfile) -> Profile:
    """Return the content of a stored profile."""
    return decode_profile(row.properties, row.channels, row.preferences)


def settled(before: StoredProfile, write: ProfileWrite, now: datetime) -> StoredProfile:
    """Return a profile as it is after a write."""
    return StoredProfile(
        write.key, before.profile_id, write.version, write.properties, write.channels, before.created_at,
        max(before.updated_at, now), write.preferences, write.linked,
    )  # fmt: skip


def _refuse_self(primary: RecipientKey, secondary: RecipientKey) -> None:
    if primary == secondary:
        raise InvalidRequest("a user cannot be merged into itself; name two users", code=Code.SELF_MERGE)


async def _both_exist(
    connection: Connection,
    rows: Mapping[RecipientKey, Mapping[int, StoredProfile]],
    primary: RecipientKey,
    secondary: RecipientKey,
) -> None:
    """Raise NotFound, in upstream's words, unless both users are there."""
    if GLOBAL not in rows[primary]:
        raise await gone(connection, primary)
    if GLOBAL not in rows[secondary]:
        error = await gone(connection, secondary)
        words = f"from_user_id: [distinct_id: '{secondary.recipient_id}'] not found"
        raise NotFound(words, code=error.code, detail=error.detail)


def _plan(
    primary: Mapping[int, StoredProfile], secondary: Mapping[int, StoredProfile], tenants: Mapping[int, str]
) -> list[ProfileMerge]:
    """Return what happens to each profile, the global one first. Profiles for tenants that are gone go as well."""
    return [
        ProfileMerge(primary.get(number), row, rules.merge(_profile(primary.get(number)), _profile(row)))
        for number, row in sorted(secondary.items())
        if number == GLOBAL or number in tenants
    ]


def _refuse_misfits(planned: Sequence[ProfileMerge]) -> None:
    for each in planned:
        problem = rules.misfit(each.merged.profile)
        if problem is not None:
            code, words = problem
            raise InvalidRequest(f"{words}; remove what is not needed before you merge", code=code)


def _refuse_two_tenants(rows: Mapping[RecipientKey, Mapping[int, StoredProfile]], tenants: Mapping[int, str]) -> None:
    """Raise Conflict if the users are linked with different tenants, in a workspace that allows one."""
    linked = {
        tenants[number] for profiles_ in rows.values() for number, row in profiles_.items()
        if number in tenants and row.linked
    }  # fmt: skip
    if len(linked) > 1:
        raise Conflict(
            f"the users are linked with different tenants ({', '.join(sorted(linked))}), and the workspace is in "
            "exclusive mode; unlink one of them first",
            code=Code.TENANTS_DIFFER,
        )


def _write_of(planned: ProfileMerge, primary: RecipientKey, now: datetime) -> ProfileWrite:
    before = planned.primary
    return profile_write(
        primary._replace(tenant_no=planned.tenant_no),
        planned.secondary.profile_id,
        first_version(now) if before is None else before.version + 1,
        planned.merged.profile,
        linked=planned.secondary.linked or (before is not None and before.linked),
    )


def _profile(row: StoredProfile | None) -> Profile:
    return Profile() if row is None else stored_profile(row)


def _snapshot(planned: ProfileMerge) -> ProfileSnapshot:
    row = planned.secondary
    return ProfileSnapshot(
        row.key.tenant_no, row.profile_id, row.created_at, row.properties, row.channels, row.preferences, row.linked,
        planned.merged.taken, moved=planned.primary is None,
        primary_linked=planned.primary is not None and planned.primary.linked,
    )  # fmt: skip
