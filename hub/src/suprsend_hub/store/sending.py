"""What senders need: many profiles at once, within bounds; who has an address; members by id alone."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.recipient import GLOBAL, USERS, RecipientKey
from suprsend_hub.domain.records import Member, StoredProfile
from suprsend_hub.store.database import Connection
from suprsend_hub.store.profiles import indexed_address, key_columns
from suprsend_hub.store.queries import sql
from suprsend_hub.store.rows import row
from suprsend_hub.store.walks import walk


class SmallProfiles(NamedTuple):
    """The profiles that exist among some keys: their sizes in bytes of stored JSON, and the small ones themselves."""

    sizes: dict[RecipientKey, int]
    stored: dict[RecipientKey, StoredProfile]


async def read_small(connection: Connection, keys: Sequence[RecipientKey], *, at_most_bytes: int) -> SmallProfiles:
    """Read the profiles that have at most that many bytes, and the sizes of all, by one statement."""
    found = SmallProfiles({}, {})
    for position, size, *rest in await connection.fetch(sql("read_small_profiles"), *key_columns(keys), at_most_bytes):
        key = keys[position - 1]
        found.sizes[key] = size
        if size <= at_most_bytes:
            found.stored[key] = StoredProfile(key, *rest)
    return found


async def read_merged(connection: Connection, keys: Sequence[RecipientKey]) -> dict[RecipientKey, str]:
    """Return into whom those of the recipients were merged that are gone for that reason."""
    records = await connection.fetch(sql("read_tombstones"), *key_columns(keys)[:3])
    return {keys[position - 1]: merged_into for position, merged_into in records}


async def find_by_addresses(
    connection: Connection, workspace_id: int, addresses: Sequence[str], *, at_most: int
) -> dict[str, list[RecipientKey]]:
    """Return the profiles with each of the addresses (in the form of `domain.addresses`), up to `at_most` profiles."""
    indexed = {indexed_address(workspace_id, address): address for address in addresses}
    found: dict[str, list[RecipientKey]] = {address: [] for address in addresses}
    for object_type, recipient_id, tenant_no, has in await connection.fetch(
        sql("find_profiles_by_addresses"), workspace_id, list(indexed), at_most
    ):
        for each in has:
            found[indexed[each]].append(RecipientKey(workspace_id, object_type, recipient_id, tenant_no))
    return found


async def find_with_channels(
    connection: Connection, wanted: Sequence[tuple[RecipientKey, str]], *, at_most: int
) -> list[list[RecipientKey]]:
    """Return the profiles of each of the recipients that have a channel, up to `at_most` in all.

    The global profile of a recipient that exists is always there.
    """
    keys = key_columns(key for key, _ in wanted)[:3]
    found: list[list[RecipientKey]] = [[] for _ in wanted]
    for position, tenant_no in await connection.fetch(
        sql("find_profiles_with_channels"), *keys, [channel for _, channel in wanted], at_most
    ):
        found[position - 1].append(wanted[position - 1][0]._replace(tenant_no=tenant_no))
    return found


async def page_users(
    connection: Connection, workspace_id: int, *, cursor: UUID | None, direction: Direction, limit: int
) -> list[Member]:
    """Return users beyond the cursor, in that direction, as members of the list of all users."""
    statement, start = walk("page_recipient_ids", direction, cursor)
    records = await connection.fetch(statement, workspace_id, USERS, GLOBAL, start, limit)
    return [row(Member, record) for record in records]


class Subscriber(NamedTuple):
    """A subscriber of an object, with the id of its subscription."""

    subscription_id: UUID
    subscriber_type: str
    subscriber_id: str


async def page_subscribers(
    connection: Connection, parent: RecipientKey, *, cursor: UUID | None, direction: Direction, limit: int
) -> list[Subscriber]:
    """Return subscribers of an object beyond the cursor, in that direction."""
    statement, start = walk("page_subscriber_ids", direction, cursor)
    records = await connection.fetch(statement, *parent[:3], start, limit)
    return [row(Subscriber, record) for record in records]
