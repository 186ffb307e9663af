"""Read many recipients at once, as far as an answer has room: a few statements for any number, none per recipient.

An answer ends at MAX_PAGE_BYTES of stored JSON, never before its first recipient, as pages do. The profiles that are
small come with the first statement, the others only if they are within the bound: so memory is bounded as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from suprsend_hub.domain.limits import MAX_PAGE_BYTES
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.store import aliases, profiles, sending
from suprsend_hub.store.database import Connection


class Reached(NamedTuple):
    """Recipients that exist, in order, and their profiles by key; `left` of them had no room in the answer."""

    recipients: Sequence[RecipientKey]
    stored: dict[RecipientKey, StoredProfile]
    left: Sequence[RecipientKey] = ()


@dataclass(frozen=True, slots=True)
class ReachedUsers:
    """Users that were asked for by id, each once, in the order of the ids.

    `aliases`: the ids among those asked for that lead to a user with another id. `merged_into`: of ids that no user
    has, those of merged users. `not_read`: ids of users that had no room in the answer; ask for them again.
    """

    reached: Reached
    aliases: dict[str, str]
    merged_into: dict[str, str]
    not_found: Sequence[str]
    not_read: Sequence[str]


async def reach(
    connection: Connection,
    recipients: Sequence[RecipientKey],
    *,
    tenant_no: int | None = None,
    choices_no: int = GLOBAL,
) -> Reached:
    """Read distinct recipients with their global profiles, and those for up to two numbers of tenants."""
    sizes, small = await _read_small(connection, recipients, _numbers(tenant_no, choices_no))
    return await _within_bound(connection, recipients, sizes, small, _numbers(tenant_no, choices_no))


async def reach_users(
    connection: Connection,
    workspace_id: int,
    distinct_ids: Sequence[str],
    *,
    tenant_no: int | None = None,
    choices_no: int = GLOBAL,
) -> ReachedUsers:
    """Read users by id as `reach` does, following aliases."""
    numbers = _numbers(tenant_no, choices_no)
    asked = [RecipientKey.user(workspace_id, distinct_id) for distinct_id in dict.fromkeys(distinct_ids)]
    sizes, small = await _read_small(connection, asked, numbers)
    unknown = [key for key in asked if key not in sizes]
    targets = await aliases.read(connection, unknown) if unknown else {}
    fresh = sorted({key for key in targets.values() if key not in sizes})
    if fresh:
        more_sizes, more = await _read_small(connection, fresh, numbers)
        sizes, small = sizes | more_sizes, small | more
    targets = {alias: target for alias, target in targets.items() if target in sizes}
    missing = [key for key in unknown if key not in targets]
    merged = await sending.read_merged(connection, missing) if missing else {}
    recipients = list(dict.fromkeys(targets.get(key, key) for key in asked if key not in missing))
    reached = await _within_bound(connection, recipients, sizes, small, numbers)
    left = set(reached.left)
    return ReachedUsers(
        reached,
        {key.recipient_id: target.recipient_id for key, target in targets.items() if target not in left},
        {key.recipient_id: merged_into for key, merged_into in merged.items()},
        [key.recipient_id for key in missing],
        [key.recipient_id for key in asked if targets.get(key, key) in left],
    )


def _numbers(tenant_no: int | None, choices_no: int) -> list[int]:
    return list(dict.fromkeys(number for number in (GLOBAL, tenant_no, choices_no) if number is not None))


async def _read_small(
    connection: Connection, recipients: Sequence[RecipientKey], numbers: Sequence[int]
) -> sending.SmallProfiles:
    keys = [key._replace(tenant_no=number) for key in recipients for number in numbers]
    if not keys:
        return sending.SmallProfiles({}, {})
    return await sending.read_small(connection, keys, at_most_bytes=MAX_PAGE_BYTES // len(keys))


async def _within_bound(
    connection: Connection,
    recipients: Sequence[RecipientKey],
    sizes: dict[RecipientKey, int],
    small: dict[RecipientKey, StoredProfile],
    numbers: Sequence[int],
) -> Reached:
    """Leave out recipients that do not exist, and those beyond the bound; read the large profiles within it."""
    existing = [key for key in recipients if key in sizes]
    large: list[RecipientKey] = []
    size, count = 0, 0
    for recipient in existing:
        keys = [key for number in numbers if (key := recipient._replace(tenant_no=number)) in sizes]
        size += sum(sizes[key] for key in keys)
        if count and size > MAX_PAGE_BYTES:
            break
        count += 1
        large += [key for key in keys if key not in small]
    stored = small | await profiles.read(connection, large) if large else small
    kept = [key for key in existing[:count] if key in stored]
    return Reached(kept, stored, existing[count:])
