"""Which users are linked with which tenants, as the write path asks: with locks, for many users at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.store.database import Connection
from suprsend_hub.store.profiles import key_columns
from suprsend_hub.store.queries import sql

if TYPE_CHECKING:
    import asyncpg

_ABOVE_ALL = 2**31 - 1
"""Above the numbers of all tenants."""


class Standing(NamedTuple):
    """What exists of the profiles, users and tenants that a batch is about.

    `versions` are those of the existing profiles, also of users, which have the keys of their global profiles. Living
    tenants have the keys of the profiles for them.
    """

    versions: dict[RecipientKey, int]
    alive: set[RecipientKey]


class Link(NamedTuple):
    """A user's profile for a living tenant."""

    tenant_id: str
    profile: StoredProfile


async def lock(connection: Connection, keys: Sequence[RecipientKey], of_tenants: Sequence[RecipientKey]) -> Standing:
    """Lock profiles, together with the users of profiles for tenants, in one order, until the transaction ends."""
    wanted = sorted([(key, GLOBAL) for key in keys] + [(key.recipient, key.tenant_no) for key in of_tenants])
    records = await connection.fetch(
        sql("lock_profiles_to_write"), *key_columns(key for key, _ in wanted), [asked for _, asked in wanted]
    )
    versions, alive = {}, set()
    for position, version, is_alive in records:
        key, asked = wanted[position - 1]
        versions[key] = version
        if is_alive:
            alive.add(key._replace(tenant_no=asked))
    unknown = [key for key in of_tenants if key.recipient not in versions]
    if unknown:
        numbers = {(key.workspace_id, key.tenant_no) for key in unknown}
        found = await connection.fetch(sql("find_living_tenants"), *map(list, zip(*sorted(numbers), strict=True)))
        living = set(map(tuple, found))
        alive |= {key for key in unknown if (key.workspace_id, key.tenant_no) in living}
    return Standing(versions, alive)


async def find(connection: Connection, users: Sequence[RecipientKey]) -> dict[RecipientKey, set[int]]:
    """Return the living tenants that each of the users, who are locked, is linked with."""
    links: dict[RecipientKey, set[int]] = {key: set() for key in users}
    for position, tenant_no in await connection.fetch(sql("find_links"), *key_columns(users)[:3]):
        links[users[position - 1]].add(tenant_no)
    return links


async def page(
    connection: Connection, user: RecipientKey, *, cursor: int | None, direction: Direction, limit: int
) -> list[Link]:
    """Return up to `limit` links of a user, in the order of the tenants' numbers, beyond the cursor."""
    is_forward = direction is Direction.OLDEST_FIRST
    name = "page_links_forward" if is_forward else "page_links_backward"
    start = cursor if cursor is not None else GLOBAL if is_forward else _ABOVE_ALL
    return [_link(user, record) for record in await connection.fetch(sql(name), *user[:3], start, limit)]


def _link(user: RecipientKey, record: "asyncpg.Record") -> Link:
    columns = dict(record)
    key = user._replace(tenant_no=columns.pop("tenant_no"))
    return Link(columns.pop("tenant_id"), StoredProfile(key=key, **columns))


async def count(connection: Connection, user: RecipientKey) -> int:
    """Return how many living tenants a user is linked with. This counts the links of one user."""
    return int(await connection.fetchval(sql("count_links"), *user[:3]))


async def unlink(connection: Connection, key: RecipientKey) -> bool:
    """End a link: delete the profile with the content of its history; return False if there is none.

    Choices of the user within the tenant stay.
    """
    found = await connection.fetchrow(sql("find_profile_to_unlink"), *key)
    if found is None or not found["linked"]:
        return False
    await connection.execute(sql("unlink_profile" if found["has_preferences"] else "delete_linked_profile"), *key)
    await connection.execute(sql("scrub_history_of_profile"), *key)
    await connection.execute(sql("scrub_keys_of_profile"), *key)
    return True
