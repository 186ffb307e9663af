"""An identity event: ordered operations for one user, with the id that makes a repetition known."""

from typing import Any
from uuid import UUID

import msgspec


class IdentityEvent(msgspec.Struct, frozen=True, gc=False):
    """Operations for one user; `insert_key` is None if the event has no `$insert_id` and so is never a duplicate.

    `size_bytes` is the size of its JSON text.
    """

    distinct_id: str
    insert_key: UUID | None
    operations: list[Any]
    env: str | None
    tenant_id: str | None
    size_bytes: int
