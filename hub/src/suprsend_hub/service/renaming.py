"""Give a user another `distinct_id`: everything moves, and the old id becomes an alias of the new one.

Locks are taken in the order of everybody, which `writing/writer.py` describes: the new profiles are written first, then
the old ones are locked; if they have changed between being read and being locked, the transaction starts again.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from suprsend_hub.domain import merging as rules
from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Conflict, InvalidRequest
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.merging import Taken
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service import moving
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.deleting import Absorption, Changes, delete_recipients
from suprsend_hub.service.merging import history_row, profile_write, settled, stored_profile
from suprsend_hub.service.successors import gone
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.store import aliases, counters, merging, profiles
from suprsend_hub.store.database import Connection, Database, TransactionRace
from suprsend_hub.store.merging import NewProfile


class RenameService:
    """Renames of users of all workspaces."""

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

    async def rename(self, actor: Actor, old: RecipientKey, new: RecipientKey) -> StoredProfile:
        """Rename a user; return it under the new id.

        NotFound for an unknown user, Conflict if the new id belongs to a user or leads to another one.
        """
        self._rate_limits.admit(old.workspace_id, 1)
        if old == new:
            raise InvalidRequest("the user already has this id; choose another", code=Code.SELF_MERGE)
        return await self._database.run(partial(self._rename, actor, old, new))

    async def _rename(
        self, actor: Actor, old: RecipientKey, new: RecipientKey, connection: Connection
    ) -> StoredProfile:
        now, changes = self._now(), Changes()
        rows = await self._copy_profiles(connection, old, new, now, changes)
        dead_until = await moving.hold_parents_of(connection, old)
        await moving.move_subscriptions(connection, old, new, dead_until, changes)
        await moving.move_memberships(connection, old, new, changes)
        await moving.move_former_ids(connection, old, new)
        await aliases.delete_all_of(connection, old)
        await aliases.put_alias(connection, old, new, now)
        for name in ("copy_history", "copy_rejected", "move_request_keys"):
            await merging.copy(connection, name, old, new)
        before = rows[GLOBAL]
        write = profile_write(new, before.profile_id, before.version + 1, stored_profile(before), linked=True)
        entry = history_row(actor, write, self._ulids.new(), rules.record(rules.RENAME, old.recipient_id, Taken()), {})
        await profiles.insert_history(connection, [entry])
        change = Change.of_recipient(new, Action.USER_RENAME, old_id=old.recipient_id)
        await self._audit.record(connection, actor, new.workspace_id, change)
        absorbed = Absorption(new, makes_alias=True, changes=changes)
        await delete_recipients(connection, self._audit, actor, new.workspace_id, [old], absorbed=absorbed)
        return settled(before, write, now)

    async def _copy_profiles(
        self, connection: Connection, old: RecipientKey, new: RecipientKey, now: datetime, changes: Changes
    ) -> dict[int, StoredProfile]:
        """Write the profiles under the new id and lock those under the old one; return these."""
        rows = await merging.read(connection, old)
        if GLOBAL not in rows:
            raise await gone(connection, old)
        found = await aliases.find_successor(connection, new)
        if found.leads_to not in (None, old.recipient_id):
            raise Conflict(
                f"the id '{new.recipient_id}' leads to user [distinct_id: '{found.leads_to}'], who had it before",
                code=Code.ID_IS_ALIAS,
            )
        tenants = await merging.hold_tenants(connection, old.workspace_id, list(rows))
        moved = {number: row for number, row in rows.items() if number == GLOBAL or number in tenants}
        fresh = [
            NewProfile(
                profile_write(
                    new._replace(tenant_no=number),
                    row.profile_id,
                    row.version + 1,
                    stored_profile(row),
                    linked=row.linked,
                ),
                row.created_at,
            )
            for number, row in moved.items()
        ]
        if len(await merging.insert(connection, new, fresh, now)) < len(fresh):
            raise Conflict(f"{new.describe()} exists; choose another id, or merge the two users", code=Code.USER_EXISTS)
        if await merging.lock(connection, old) != rows:
            raise TransactionRace("the user was changed meanwhile", code=Code.COLLISION, retry_after_s=1)
        for number, row in moved.items():
            changes[new.workspace_id, counters.profiles_counter("", number)] += row.linked
        return rows
