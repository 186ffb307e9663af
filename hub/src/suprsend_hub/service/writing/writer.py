"""Write a batch in one transaction: history, profiles, counters, and the log of rejected records.

The profiles are read and folded first. Then the history is recorded (edits that it knows drop out), the folded profiles
are written if their version has not moved, and the counters are added up. The attempt locks a profile that lost the
race, so reading and folding it a second time settles it.

Both paths take locks in one order: idempotency keys, history, existing profiles that are only held, new profiles,
existing profiles that change, counters; each in the order of keys.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Protocol

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.records import RejectedRow
from suprsend_hub.service.writing.batch import Batch, EditKey, Group, fold_again
from suprsend_hub.service.writing.edit import Edit, Outcome, RejectedRecord
from suprsend_hub.service.writing.object_types import ObjectTypes
from suprsend_hub.service.writing.refused import cut_record, logged
from suprsend_hub.service.writing.turns import in_turns
from suprsend_hub.store import counters, idempotency, profiles, rejected
from suprsend_hub.store.database import MAX_RACES, AssumptionFailed, Connection, Database, TransactionRace

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
        batch = Batch.of(edits, self._ulids.batch(len(edits)), known)
        async with self._database.connection() as connection:
            keys = [group.key for group in batch.groups]
            await in_turns(batch.fold(await profiles.read(connection, keys) if keys else {}))
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
                        await self._count_created(connection, batch.groups)
                        rows = list(self._rejected_rows(batch.groups, rejects))
                        if rows:
                            await rejected.insert(connection, rows)
                finally:
                    known.update(batch.known())
        return batch.outcomes()

    async def _write_fast(self, connection: Connection, batch: Batch) -> None:
        """Write a batch, assuming that all edits are new and nobody else writes to their profiles (nearly always true).

        Raises AssumptionFailed if that is wrong; then the transaction must be rolled back.
        """
        keys = batch.key_rows()
        if keys:
            await idempotency.copy_claims(connection, keys)
        await profiles.copy_history(connection, batch.history_rows())
        if batch.unchanged() and await self._find_gone(connection, batch):
            raise AssumptionFailed("a profile has been deleted")
        now = self._now()
        # Divided before anything is written: what has been written is stored.
        fresh = [group for group in batch.groups if group.changed and group.stored is None]
        present = [group for group in batch.groups if group.changed and group.stored is not None]
        for pending, write_all in ((fresh, profiles.copy_new), (present, profiles.update)):
            if pending:
                writes = [group.write(now) for group in pending]
                await write_all(connection, writes, now)
                for group, write in zip(pending, writes, strict=True):
                    group.settle(write, now)

    async def _write_slow(self, connection: Connection, batch: Batch) -> None:
        """Write a batch without assuming anything about concurrent writers."""
        keys = batch.key_rows()
        if keys:
            await in_turns(batch.refuse_reused(await idempotency.claim(connection, keys)))
        await self._record(connection, batch)
        if batch.unchanged():
            for group in await self._find_gone(connection, batch):
                group.stored = None
                await self._fold_again(connection, group)
        await self._settle(connection, batch.groups)

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

    async def _find_gone(self, connection: Connection, batch: Batch) -> list[Group]:
        """Hold the existing profiles of the batch against deletion; return the groups of deleted profiles.

        An edit without effect writes history and no profile. Unless its profile is held, a deletion could scrub the
        history before the edit's row is there to be scrubbed, and its content would outlive the recipient.
        """
        existing = [group for group in batch.groups if group.stored is not None]
        held = await profiles.hold_existing(connection, [group.key for group in existing])
        return [group for group in existing if group.key not in held]

    async def _settle(self, connection: Connection, groups: Sequence[Group]) -> None:
        """Write the profiles; read those that lost the race, which are now locked, fold them and write them again."""
        now = self._now()
        pending = sorted(
            (group for group in groups if group.changed), key=lambda group: (group.stored is not None, group.key)
        )
        while pending:
            writes = [group.write(now) for group in pending]
            written = await profiles.upsert(connection, writes, now)
            lost: list[Group] = []
            reborn: list[Group] = []
            for group, write in zip(pending, writes, strict=True):
                if (write.fresh_id if group.stored is None else group.stored.profile_id) in written:
                    group.settle(write, now)
                elif write.fresh_id in written:
                    group.be_reborn(write, now)
                    reborn.append(group)
                else:
                    lost.append(group)
            stored = await profiles.read(connection, [group.key for group in lost]) if lost else {}
            for group in lost:
                group.stored = stored.get(group.key)
            again = sorted([*lost, *reborn], key=attrgetter("key"))
            for group in again:
                await self._fold_again(connection, group)
            for group in reborn:
                group.changed = True  # it contains deleted data until it is written again, whatever the fold says
            pending = [group for group in again if group.changed]

    async def _fold_again(self, connection: Connection, group: Group) -> None:
        """Fold onto the present profile, and correct what the history already says about these edits."""
        correction = await in_turns(fold_again(group))
        if correction.overturned:
            raise TransactionRace("a refusal of the first fold no longer applies", code=Code.COLLISION, retry_after_s=1)
        if correction.withdrawn:
            await profiles.delete_history(connection, correction.withdrawn)
        if correction.released:
            await idempotency.release(connection, correction.released)
        if correction.corrected:
            await profiles.update_history_before(connection, correction.corrected)

    async def _count_created(self, connection: Connection, groups: Sequence[Group]) -> None:
        created: dict[tuple[int, str], int] = {}
        for group in groups:
            if group.created:
                kind = (group.key.workspace_id, group.key.object_type)
                created[kind] = created.get(kind, 0) + 1
        await self._object_types.check(connection, created)
        await counters.add(
            connection,
            {(workspace, counters.profiles_counter(kind)): count for (workspace, kind), count in created.items()},
        )

    def _rejected_rows(self, groups: Iterable[Group], rejects: Sequence[RejectedRecord]) -> Iterable[RejectedRow]:
        for reject in rejects:
            yield RejectedRow(
                reject.key,
                self._ulids.new(),
                reject.code,
                "",
                reject.message,
                cut_record(reject.record),
                reject.actor.source,
            )
        for group in groups:
            for entry in group.entries:
                for refusal in logged(entry.logged()) if entry.refusals else ():
                    yield RejectedRow(
                        group.key, self._ulids.new(), refusal.code, refusal.key, refusal.message,
                        cut_record(refusal.operation), entry.edit.actor.source,
                    )  # fmt: skip
