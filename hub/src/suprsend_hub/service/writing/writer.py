"""Write a batch in one transaction: history, profiles, counters, and the log of rejected records.

The profiles are read and folded first. Then the history is recorded (edits that it knows drop out), the folded profiles
are written if their version has not moved, and the counters are added up. The attempt locks a profile that lost the
race, so reading and folding it a second time settles it. If it has been deleted meanwhile, the attempt starts over.

Everybody who writes takes locks in one order, so that transactions wait for each other and never in a circle:

1. what edits bind and record: idempotency keys, history;
2. new recipients, in the order of their keys: whoever creates the same one waits, and has locked no profile yet;
3. profiles that exist, in one pass in the order of their keys, also those that are only held, such as the users of
   profiles for tenants and the parents of subscriptions; whoever turns out to need more starts over;
4. new profiles for tenants: whoever writes one has locked the user's own;
5. objects that are dead (`dead_object`);
6. the recipients' own end of their relations, then the other end: first subscriptions, then memberships;
7. former ids, aliases, tombstones;
8. the history, request keys and rejected records of profiles that are locked;
9. counters, once.

Nobody can lock a new profile before it is committed, so 3 never waits for 2. A second pass over profiles that are
locked waits for nobody, if the first one was as strong; so a batch that holds profiles locks all of them as strongly as
those that it changes. A deletion locks all its profiles before it deletes the first. A list is locked before its draft,
and who has changed it waits for no profile.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.service.writing import linking
from suprsend_hub.service.writing.aliases import AliasFollower, was_lost
from suprsend_hub.service.writing.batch import Batch
from suprsend_hub.service.writing.edit import Edit, Outcome, RejectedRecord
from suprsend_hub.service.writing.group import Correction, EditKey, Entry, Group, fold_again
from suprsend_hub.service.writing.object_types import ObjectTypes
from suprsend_hub.service.writing.refused import rows_of
from suprsend_hub.service.writing.turns import in_turns
from suprsend_hub.store import counters, idempotency, profiles, rejected, tenant_links
from suprsend_hub.store.database import MAX_RACES, AssumptionFailed, Connection, Database, TransactionRace
from suprsend_hub.store.profiles import HistoryRow, ProfileWrite

FAST_PATH_EDITS = 50
"""A batch of this many edits takes the fast path first: two more round trips, half the cost of everything else."""


class Applies(Protocol):
    """The part of a writer that the batcher uses."""

    async def apply(self, edits: Sequence[Edit], rejects: Sequence[RejectedRecord] = ()) -> list[Outcome]:
        """Apply a batch in order; one outcome per edit, in the same order."""


class Writer:
    """Applies batches. One instance per process; safe for concurrent use."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
        fast_path_edits: int = FAST_PATH_EDITS,
    ) -> None:
        self._database = database
        self._now = now
        self._ulids = ulids
        self._fast_path_edits = fast_path_edits
        self._aliases = AliasFollower()
        self._object_types = ObjectTypes()

    async def apply(self, edits: Sequence[Edit], rejects: Sequence[RejectedRecord] = ()) -> list[Outcome]:
        """Apply a batch in order; one outcome per edit, in the same order.

        Raises Unavailable if the database does not answer: then nothing is known to be applied, and applying the same
        edits again (same insert keys) is safe.
        """
        known: set[EditKey] = set()
        write = self._write_fast if len(edits) >= self._fast_path_edits else self._write_slow
        for _ in range(MAX_RACES):
            try:
                return await self._attempt(edits, rejects, write, known)
            except (AssumptionFailed, TransactionRace):
                write = self._write_slow
        return await self._attempt(edits, rejects, self._write_slow, known)

    async def _attempt(
        self,
        edits: Sequence[Edit],
        rejects: Sequence[RejectedRecord],
        write: Callable[[Connection, Batch], Awaitable[None]],
        known: set[EditKey],
    ) -> list[Outcome]:
        """Try once. The attempt records known edits in `known` for the next one."""
        now = self._now()
        async with self._database.connection() as connection:
            edits, stored, reached = await self._aliases.direct(connection, edits)
            batch = Batch.of(edits, self._ulids.batch(len(edits)), now=now, known=known)
            await in_turns(batch.fold(stored))
            refused = batch.refused_events()
            if refused:
                # A repetition is not judged by the profile of today: it was applied when it came first.
                edit_keys = [(entry.edit.key, entry.edit.insert_key) for entry in refused]
                found = await profiles.find_known(connection, edit_keys)
                for group in batch.mark_known({refused[position].edit_id for position in found}):
                    await in_turns(group.fold())
            if batch.counts() or rejects or refused:
                try:
                    async with connection.transaction():
                        await write(connection, batch)
                        await self._count_created(connection, batch.groups, reached)
                        await self._look_for_aliases(connection, batch.groups)
                        rows = list(rows_of(batch.groups, rejects, self._ulids.new))
                        if rows:
                            await rejected.insert(connection, rows)
                finally:
                    known.update(batch.known())
            else:
                await self._look_for_aliases(connection, batch.groups)
        return batch.outcomes()

    async def _write_fast(self, connection: Connection, batch: Batch) -> None:
        """Write a batch, assuming that all edits are new and nobody else writes to their profiles (nearly always true).

        Raises AssumptionFailed if that is wrong; then the transaction must be rolled back.
        """
        keys = batch.key_rows()
        if keys:
            await idempotency.copy_claims(connection, keys)
        await profiles.copy_history(connection, batch.history_rows())
        of_tenants = linking.tenant_groups(batch)
        if of_tenants:
            standing = await tenant_links.read(connection, [group.key for group in of_tenants])
            if linking.of_dead_tenants(batch, standing.alive):
                raise AssumptionFailed("a tenant has been deleted")
            added = await in_turns(linking.add_users(batch, standing.users, self._ulids.new))
            if added:
                await profiles.copy_history(connection, _rows_of(added))
        # Divided before anything is written: what has been written is stored.
        fresh, within_tenants = _fresh(batch)
        present = [group for group in batch.groups if _is_present(group)]
        await _write_all(connection, fresh, profiles.copy_new)
        if batch.must_exist() or of_tenants:
            await self._hold_fast(connection, batch)
        await _write_all(connection, present, profiles.update)
        await _write_all(connection, within_tenants, profiles.copy_new)

    async def _write_slow(self, connection: Connection, batch: Batch) -> None:
        """Write a batch without assuming anything about concurrent writers.

        Raises TransactionRace if a recipient has been deleted meanwhile: it cannot be created in order any more.
        """
        keys = batch.key_rows()
        if keys:
            await in_turns(batch.refuse_reused(await idempotency.claim(connection, keys)))
        await self._record(connection, batch)
        of_tenants = linking.tenant_groups(batch)
        if of_tenants:
            standing = await tenant_links.read(connection, [group.key for group in of_tenants])
            await self._refuse(connection, batch, linking.of_dead_tenants(batch, standing.alive))
            added = await in_turns(linking.add_users(batch, standing.users, self._ulids.new))
            if added:
                await profiles.insert_history(connection, _rows_of(added))
            await self._refuse(connection, batch, linking.without_user(batch, standing.users))
            await self._refuse(connection, batch, linking.of_other_tenants(batch, await _links(connection, batch)))
        created = await self._create(connection, _fresh(batch)[0])
        existing = [group for group in batch.groups if group.stored is not None and id(group) not in created]
        if of_tenants or not await self._update_alone(connection, batch, existing):
            await self._hold(connection, batch)
            await _write_all(connection, [group for group in existing if _is_present(group)], profiles.update)
        within_tenants = _fresh(batch)[1]
        if len(await self._create(connection, within_tenants)) < len(within_tenants):
            raise _race()

    async def _update_alone(self, connection: Connection, batch: Batch, existing: Sequence[Group]) -> bool:
        """Write an only profile without locking it first, as there is no order to keep; tell whether it is settled."""
        if len(existing) > 1 or batch.must_exist():
            return False
        try:
            await _write_all(connection, [group for group in existing if group.changed], profiles.update)
        except AssumptionFailed:
            return False
        return True

    async def _hold_fast(self, connection: Connection, batch: Batch) -> None:
        """Lock what `_hold` locks. AssumptionFailed if a profile has changed, or an edit for a tenant is refused."""
        versions = await _lock(connection, batch)
        if _changed_meanwhile(batch, versions):
            raise AssumptionFailed("a profile has changed or been deleted")
        added = await in_turns(linking.add_users(batch, versions, self._ulids.new))
        if added or linking.without_user(batch, versions):
            raise AssumptionFailed("a user does not exist")
        if linking.of_other_tenants(batch, await _links(connection, batch)):
            raise AssumptionFailed("a user is linked with another tenant")

    async def _hold(self, connection: Connection, batch: Batch) -> None:
        """Lock the profiles of the batch that exist, with the users of its tenants.

        Raises TransactionRace if an edit for a tenant has to be refused by now: users who came with it are written.
        An edit without effect writes history and no profile. Unless its profile is locked, a deletion could scrub the
        history before the edit's row is there to be scrubbed, and its content would outlive the recipient.
        """
        versions = await _lock(connection, batch)
        await self._read_again(connection, _changed_meanwhile(batch, versions))
        added = await in_turns(linking.add_users(batch, versions, self._ulids.new))
        if added or linking.without_user(batch, versions):
            raise _race()
        if linking.of_other_tenants(batch, await _links(connection, batch)):
            raise _race()

    async def _refuse(self, connection: Connection, batch: Batch, refused: Sequence[linking.Refused]) -> None:
        """Refuse recorded edits: take back their history, and fold their groups without them."""
        for group, entries, error in [*refused, *linking.companions(batch, refused)]:
            await self._correct(connection, await in_turns(fold_again(group, entries, error)))

    async def _record(self, connection: Connection, batch: Batch) -> None:
        """Insert the history; mark edits that it already knew as duplicates and fold their groups again."""
        rows = batch.history_rows()
        known = await profiles.insert_history(connection, rows) if rows else set()
        if not known:
            return
        for group in batch.mark_known(known):
            await self._fold_again(connection, group)
        # The transaction that applied a repeated edit has committed by now: answer with what it left.
        unwritten = [group for group in batch.groups if not group.changed and any(e.duplicate for e in group.entries)]
        if unwritten:
            stored = await profiles.read(connection, [group.key for group in unwritten])
            for group in unwritten:
                group.stored = stored.get(group.key)

    async def _create(self, connection: Connection, fresh: Sequence[Group]) -> set[int]:
        """Write new profiles; return the identities of their groups, without those that somebody else has created."""
        if not fresh:
            return set()
        writes = [group.write() for group in fresh]
        written = await profiles.insert(connection, writes, fresh[0].now)
        lost = []
        for group, write in zip(fresh, writes, strict=True):
            if write.fresh_id in written:
                group.settle(write)
            else:
                lost.append(group)
        await self._read_again(connection, lost)
        return {id(group) for group in fresh} - {id(group) for group in lost}

    async def _read_again(self, connection: Connection, groups: Sequence[Group]) -> None:
        """Read profiles that have changed since they were read, and fold their groups again.

        Raises TransactionRace if a recipient has been deleted, or been created after it had been looked for.
        """
        stored = await profiles.read(connection, [group.key for group in groups]) if groups else {}
        for group in groups:
            before, group.stored = group.stored, stored.get(group.key)
            if group.stored is None:
                is_lost = group.key.tenant_no == GLOBAL
            else:
                is_lost = before is not None and before.profile_id != group.stored.profile_id
            if is_lost:
                raise _race()
            await self._fold_again(connection, group)

    async def _fold_again(self, connection: Connection, group: Group) -> None:
        """Fold onto the present profile, and correct what the history already says about these edits."""
        await self._correct(connection, await in_turns(fold_again(group)))

    async def _correct(self, connection: Connection, correction: Correction) -> None:
        if correction.overturned:
            raise TransactionRace("a refusal of the first fold no longer applies", code=Code.COLLISION, retry_after_s=1)
        if correction.withdrawn:
            await profiles.delete_history(connection, correction.withdrawn)
        if correction.released:
            await idempotency.release(connection, correction.released)
        if correction.corrected:
            await profiles.correct_history(connection, correction.corrected)

    async def _count_created(
        self, connection: Connection, groups: Sequence[Group], reached: frozenset[RecipientKey]
    ) -> None:
        """Count created profiles; start over if one was created by overlooking an alias."""
        joined = [group.key for group in groups if group.joined]
        if not joined:
            return
        await self._object_types.check(connection, {(key.workspace_id, key.object_type) for key in joined})
        created = Counter(
            (key.workspace_id, counters.profiles_counter(key.object_type, key.tenant_no)) for key in joined
        )
        overlooked = self._aliases.learn(await counters.add(connection, created))
        if overlooked or was_lost(reached, joined):
            raise _alias_race()

    async def _look_for_aliases(self, connection: Connection, groups: Sequence[Group]) -> None:
        """Start over if edits that failed, or were known, did not reach a recipient because its id became an alias."""
        unreached = [group.key for group in groups if group.stored is None]
        if unreached and await self._aliases.overlooked(connection, unreached):
            raise _alias_race()


def _is_present(group: Group) -> bool:
    return group.changed and group.stored is not None


def _fresh(batch: Batch) -> tuple[list[Group], list[Group]]:
    """Return the groups of new profiles: those of recipients, and those for tenants."""
    fresh = [group for group in batch.groups if group.changed and group.stored is None]
    return (
        [group for group in fresh if group.key.tenant_no == GLOBAL],
        [group for group in fresh if group.key.tenant_no != GLOBAL],
    )


async def _write_all(
    connection: Connection,
    groups: Sequence[Group],
    write_all: Callable[[Connection, Sequence[ProfileWrite], datetime], Awaitable[None]],
) -> None:
    if groups:
        writes = [group.write() for group in groups]
        await write_all(connection, writes, groups[0].now)
        for group, write in zip(groups, writes, strict=True):
            group.settle(write)


def _rows_of(added: Sequence[tuple[Group, Entry]]) -> list[HistoryRow]:
    return [row for group, entry in added for row in group.rows_of([entry])]


async def _lock(connection: Connection, batch: Batch) -> dict[RecipientKey, int]:
    """Lock the profiles of the batch that exist, with the users of profiles for tenants; return their versions."""
    existing = [group.key for group in batch.groups if group.stored is not None]
    users = [group.key.recipient for group in linking.tenant_groups(batch)]
    return await profiles.lock(connection, [*existing, *users])


def _changed_meanwhile(batch: Batch, versions: Mapping[RecipientKey, int]) -> list[Group]:
    """Return the groups whose profiles have changed or been deleted between being read and being locked."""
    return [
        group for group in batch.groups
        if group.stored is not None and versions.get(group.key) != group.stored.version
    ]  # fmt: skip


async def _links(connection: Connection, batch: Batch) -> dict[RecipientKey, set[int]]:
    """Return the links of the users whom the batch links. They are certain once the users are locked."""
    users = {group.key.recipient for group in linking.new_links(batch)}
    return await tenant_links.find(connection, sorted(users)) if users else {}


def _race() -> TransactionRace:
    return TransactionRace("what was read does not exist any more", code=Code.COLLISION, retry_after_s=1)


def _alias_race() -> TransactionRace:
    return TransactionRace("an id has become an alias, or ceased to be", code=Code.COLLISION, retry_after_s=1)
