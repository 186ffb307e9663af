"""Bind each `Idempotency-Key` to its request when the edit is written; unbind it if the edit is rejected."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.domain.codes import Code
from suprsend_hub.store.database import Connection, TransactionRace, copy_rows
from suprsend_hub.store.queries import sql

_COLUMNS = ("workspace_id", "key", "object_type", "recipient_id", "tenant_no", "digest", "edit_id")


class KeyRow(NamedTuple):
    """A key, and the digest of the request that it belongs to."""

    workspace_id: int
    key: str
    object_type: str
    recipient_id: str
    tenant_no: int
    digest: bytes
    edit_id: UUID


async def copy_claims(connection: Connection, rows: Sequence[KeyRow]) -> None:
    """Bind keys that are probably new; `rows` are in order. AssumptionFailed if a key is bound or repeated."""
    await copy_rows(connection, "idempotency_key", _COLUMNS, rows)


class Claims(NamedTuple):
    """The rows whose keys could not be bound to their requests, except repetitions of the request a key belongs to."""

    misused: Sequence[KeyRow] = ()
    """The key belongs to another request."""
    scrubbed: Sequence[KeyRow] = ()
    """The key belongs to a request for this recipient, who has been deleted since: whether it is this request is not
    known any more."""


async def claim(connection: Connection, rows: Sequence[KeyRow]) -> Claims:
    """Bind keys, in order, unless they are bound already.

    Raises TransactionRace if a key has been unbound meanwhile.
    """
    first = {row[:2]: row for row in reversed(rows)}
    wanted = [first[key] for key in sorted(first)]
    fresh = await connection.fetch(sql("claim_keys"), *map(list, zip(*wanted, strict=True)))
    if len(fresh) == len(rows):
        return Claims()
    bound = await connection.fetch(sql("read_keys"), [row.workspace_id for row in wanted], [row.key for row in wanted])
    owners = {record[:2]: record[2:] for record in map(tuple, bound)}
    if len(owners) < len(wanted):
        raise TransactionRace("a key has been released meanwhile", code=Code.COLLISION, retry_after_s=1)
    misused, scrubbed = [], []
    for row in rows:
        *profile, digest = owners[row[:2]]
        if tuple(profile) != row[2:5] or digest not in (None, row.digest):
            misused.append(row)
        elif digest is None:
            scrubbed.append(row)
    return Claims(misused, scrubbed)


async def is_bound(connection: Connection, workspace_id: int, key: UUID) -> bool:
    """Tell whether a key belongs to a request."""
    return await connection.fetchval(sql("is_key_bound"), workspace_id, str(key)) is not None


async def release(connection: Connection, rows: Sequence[KeyRow]) -> None:
    """Unbind keys whose edits were rejected, so that a corrected request may use them."""
    await connection.execute(sql("release_keys"), [row.workspace_id for row in rows], [row.key for row in rows])


async def delete_old(connection: Connection, workspace_id: int, *, before: UUID, at_most: int) -> int:
    """Delete keys of a workspace whose edits have ids below `before`; return how many."""
    status = await connection.execute(sql("delete_old_keys"), workspace_id, before, at_most)
    return int(status.rpartition(" ")[2])
