"""Let edits for an id that became an alias reach the recipient it leads to, at no cost where no id ever did.

An alias exists only while no recipient has the id. So only edits of unknown recipients can be concerned, and an edit
that overlooks an alias creates a user. Whoever has created users has counted them, and the counter says how often ids
of the workspace have become aliases (`counters.add`). If that is news, the transaction is rolled back; from then on
this process looks up the ids of unknown recipients, with one statement a batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.writing.edit import Edit
from suprsend_hub.store import aliases, profiles
from suprsend_hub.store.database import Connection


class Directed(NamedTuple):
    """Edits with the keys of the recipients that they reach, their profiles, and to which recipients aliases led."""

    edits: Sequence[Edit]
    stored: Mapping[RecipientKey, StoredProfile]
    reached: frozenset[RecipientKey] = frozenset()


class AliasFollower:
    """Knows how often ids became aliases in each workspace. One instance per process."""

    def __init__(self) -> None:
        self._made: dict[int, int] = {}

    async def direct(self, connection: Connection, edits: Sequence[Edit]) -> Directed:
        """Read the profiles of the edits, following the aliases among their keys."""
        keys = sorted({edit.key for edit in edits})
        stored = await profiles.read(connection, keys) if keys else {}
        if not self._made:
            return Directed(edits, stored)
        unknown = [key for key in keys if key.workspace_id in self._made and key not in stored]
        targets = await aliases.read(connection, unknown) if unknown else {}
        if not targets:
            return Directed(edits, stored)
        stored |= await profiles.read(connection, sorted(set(targets.values()) - set(keys)))
        directed = [
            msgspec.structs.replace(edit, key=targets[edit.key]) if edit.key in targets else edit for edit in edits
        ]
        return Directed(directed, stored, frozenset(key.recipient for key in targets.values()))

    def learn(self, made: Mapping[int, int]) -> bool:
        """Take note of what counters say; tell whether an id has become an alias that `direct` did not know of."""
        news = [workspace_id for workspace_id, count in made.items() if count > self._made.get(workspace_id, 0)]
        for workspace_id in news:
            self._made[workspace_id] = made[workspace_id]
        return bool(news)

    async def overlooked(self, connection: Connection, keys: Sequence[RecipientKey]) -> bool:
        """Tell whether `direct` did not look up some keys, of recipients that do not exist, and one is an alias."""
        fresh = [key for key in keys if key.workspace_id not in self._made]
        targets = await aliases.read(connection, fresh) if fresh else {}
        for key in targets:
            self._made[key.workspace_id] = 0
        return bool(targets)


def was_lost(reached: frozenset[RecipientKey], created: Iterable[RecipientKey]) -> bool:
    """Tell whether a recipient that an alias led to is created: it was deleted meanwhile, and the alias with it.

    A profile for a tenant may be created, because the recipient may not have had one.
    """
    return not reached.isdisjoint(created)
