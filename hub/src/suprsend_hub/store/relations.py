"""Which of some users are related to a list, as members, or to an object, as subscribers."""

from collections.abc import Sequence

from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql


async def members_among(
    connection: Connection, workspace_id: int, list_id: str, distinct_ids: Sequence[str]
) -> set[str]:
    """Which of the users are in the list as it is now."""
    records = await connection.fetch(sql("read_list_members"), workspace_id, list_id, list(distinct_ids))
    return {record[0] for record in records}


async def subscribers_among(connection: Connection, parent: RecipientKey, distinct_ids: Sequence[str]) -> set[str]:
    """Which of the users are subscribed to the object."""
    records = await connection.fetch(sql("read_object_subscribers"), *parent, list(distinct_ids))
    return {record[0] for record in records}
