"""Bind each `Idempotency-Key` to its request when the edit is written; unbind it if the edit is rejected."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.store.database import Connection, copy_rows
from suprsend_hub.store.queries import sql

_COLUMNS = ("workspace_id", "key", "object_type", "recipient_id", "digest", "edit_id")


class KeyRow(NamedTuple):
    """A key, and the digest of the request that it belongs to."""

    workspace_id: int
    key: str
    object_type: str
    recipient_id: str
    digest: bytes
    edit_id: UUID


async def copy_claims(connection: Connection, rows: Sequence[KeyRow]) -> None:
    """Bind keys that are probably new; `rows` are in order. AssumptionFailed if a key is bound or repeated."""
    await copy_rows(connection, "idempotency_key", _COLUMNS, rows)


async def claim(connection: Connection, rows: Sequence[KeyRow]) -> list[KeyRow]:
    """Bind keys, in order; return the rows whose key belongs to another request.

    A key whose recipient has been deleted has lost its digest and fits any request.
    """
    first = {row[:2]: row for row in reversed(rows)}
    wanted = [first[key] for key in sorted(first)]
    fresh = await connection.fetch(sql("claim_keys"), *map(list, zip(*wanted, strict=True)))
    if len(fresh) == len(rows):
        return []
    bound = await connection.fetch(sql("read_keys"), [row.workspace_id for row in wanted], [row.key for row in wanted])
    digests = {(record["workspace_id"], record["key"]): record["digest"] for record in bound}
    return [row for row in rows if digests[row[:2]] not in (None, row.digest)]


async def release(connection: Connection, rows: Sequence[KeyRow]) -> None:
    """Unbind keys whose edits were rejected, so that a corrected request may use them."""
    await connection.execute(sql("release_keys"), [row.workspace_id for row in rows], [row.key for row in rows])


async def delete_old(connection: Connection, workspace_id: int, *, before: UUID, at_most: int) -> int:
    """Delete keys of a workspace whose edits have ids below `before`; return how many."""
    status = await connection.execute(sql("delete_old_keys"), workspace_id, before, at_most)
    return int(status.rpartition(" ")[2])
