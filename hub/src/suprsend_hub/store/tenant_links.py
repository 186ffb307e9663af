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
    """What exists of the users and tenants of profiles for tenants.

    Users have the keys of their global profiles, living tenants the keys of the profiles for them.
    """

    users: set[RecipientKey]
    alive: set[RecipientKey]


class Link(NamedTuple):
    """A user's profile for a living tenant."""

    tenant_id: str
    profile: StoredProfile


async def read(connection: Connection, keys: Sequence[RecipientKey]) -> Standing:
    """Return what exists of the users and tenants of profiles for tenants."""
    users, alive = set(), set()
    for position, is_alive in await connection.fetch(sql("find_users_of_tenants"), *key_columns(keys)):
        key = keys[position - 1]
        users.add(key.recipient)
        if is_alive:
            alive.add(key)
    unknown = [key for key in keys if key.recipient not in users]
    if unknown:
        numbers = {(key.workspace_id, key.tenant_no) for key in unknown}
        found = await connection.fetch(sql("find_living_tenants"), *map(list, zip(*sorted(numbers), strict=True)))
        living = set(map(tuple, found))
        alive |= {key for key in unknown if (key.workspace_id, key.tenant_no) in living}
    return Standing(users, alive)


async def find(connection: Connection, users: Sequence[RecipientKey]) -> dict[RecipientKey, set[int]]:
    """Return the living tenants that each of the users is linked with."""
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
