"""Identity events: ordered operations for one user, with an id by which a repetition is recognized."""

from typing import Any
from uuid import UUID

import msgspec


class IdentityEvent(msgspec.Struct, frozen=True, gc=False):
    """Operations for one user. Without an `$insert_id`, `insert_key` is None and the event is never a duplicate.

    `size_bytes` is the size of its JSON text.
    """

    distinct_id: str
    insert_key: UUID | None
    operations: list[Any]
    env: str | None
    tenant_id: str | None
    size_bytes: int
