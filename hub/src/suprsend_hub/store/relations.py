"""Tell which of some users are members of a list or subscribers of an object."""

from collections.abc import Sequence

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql


async def members_among(
    connection: Connection, workspace_id: int, list_id: str, distinct_ids: Sequence[str]
) -> set[str]:
    """Return which of the users are now members of the list."""
    records = await connection.fetch(sql("read_list_members"), workspace_id, list_id, list(distinct_ids))
    return {record[0] for record in records}


async def subscribers_among(connection: Connection, parent: RecipientKey, distinct_ids: Sequence[str]) -> set[str]:
    """Return which of the users are subscribed to the object."""
    records = await connection.fetch(sql("read_object_subscribers"), *parent[:3], list(distinct_ids))
    return {record[0] for record in records}
