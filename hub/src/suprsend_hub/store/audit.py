"""The audit log: written in the transactions that it records, read newest first, deleted by age."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from suprsend_hub.domain.actor import Actor, ActorKind
from suprsend_hub.domain.audit import AuditEntry
from suprsend_hub.store.database import Connection
from suprsend_hub.store.queries import sql
from suprsend_hub.store.walks import FIRST_ID, LAST_ID

if TYPE_CHECKING:
    from suprsend_hub.store.connect import DriverConnection


class AuditRow(NamedTuple):
    """A row to insert; `detail` is JSON text."""

    workspace_id: int
    target_id: str
    audit_id: UUID
    action: str
    target_type: str
    actor_kind: str
    actor_name: str
    user_agent: str
    address: str
    request_id: str
    detail: str


async def insert(connection: "Connection | DriverConnection", rows: Sequence[AuditRow]) -> None:
    """Record changes in the transaction that makes them."""
    if rows:
        await connection.execute(sql("insert_audit"), *map(list, zip(*rows, strict=True)))


async def page(
    connection: Connection,
    workspace_id: int,
    *,
    before: UUID | None,
    since: UUID | None,
    target_id: str | None,
    limit: int,
) -> list[AuditEntry]:
    """Return entries, newest first: below `before`, down to and including `since`, of one target if given."""
    arguments = (workspace_id, before or LAST_ID, since or FIRST_ID, limit)
    if target_id is None:
        records = await connection.fetch(sql("page_audit"), *arguments)
    else:
        records = await connection.fetch(sql("page_audit_of_target"), *arguments, target_id)
    return [
        AuditEntry(
            audit_id=record["audit_id"],
            action=record["action"],
            target_type=record["target_type"],
            target_id=record["target_id"],
            actor=Actor(
                ActorKind(record["actor_kind"]),
                record["actor_name"],
                record["user_agent"],
                record["address"],
                record["request_id"],
            ),
            count=record["count"],
            detail=record["detail"],
        )
        for record in records
    ]


async def delete_old(connection: Connection, workspace_id: int, *, before: UUID, at_most: int) -> int:
    """Delete the oldest entries of a workspace with ids below `before`; return how many."""
    status = await connection.execute(sql("delete_old_audit"), workspace_id, before, at_most)
    return int(status.rpartition(" ")[2])
