"""The input and output of the write path: edits, records that are not edits, outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.errors import DomainError
from suprsend_hub.domain.limits import MAX_EDIT_WORK
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.refusal import Refusal


class RequestKey(msgspec.Struct, frozen=True, gc=False):
    """The `Idempotency-Key` of a request, as an insert key, with a digest of the request."""

    key: UUID
    digest: bytes


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Ordered operations for one profile.

    `strict`: refuse the whole edit if any operation cannot be applied. `size_bytes`: of the JSON text that the
    operations came in, if known. `request`: there if a header named the insert key, which then belongs to this request.
    `together`: a token that several strict edits share if they apply all or none. `max_work`: units that the fold may
    do (`domain.work`). `chooses`: the hub made this edit for a preference endpoint; it may contain choices, and does
    not create a recipient. `reports`: the hub made this edit of delivery feedback, which changes profiles that exist
    and creates none. `needs_user`: refuse an edit for a tenant if the user does not exist; otherwise the user is
    created too. `exclusive`: refuse an edit for a tenant if the user is linked with another one.
    """

    key: RecipientKey
    insert_key: UUID
    operations: list[Any]
    actor: Actor
    strict: bool = False
    size_bytes: int | None = None
    request: RequestKey | None = None
    together: object | None = None
    max_work: int = MAX_EDIT_WORK
    chooses: bool = False
    needs_user: bool = False
    exclusive: bool = False
    reports: bool = False

    @property
    def by_hub(self) -> bool:
        """Tell whether the operations may be such as only the hub makes."""
        return self.chooses or self.reports


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that is not an edit. It only goes to the log; `recipient_id` is '' if it does not name a recipient."""

    key: RecipientKey
    code: str
    message: str
    record: object
    actor: Actor


class EditStatus(Enum):
    """What happened to an edit that was not rejected."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"


class Outcome(msgspec.Struct, frozen=True):
    """The caller's answer. `profile` is the profile after the batch; with an `error`, the edit changed nothing.

    `work`: units that the fold did.
    """

    status: EditStatus
    profile: StoredProfile | None
    refusals: Sequence[Refusal] = ()
    error: DomainError | None = None
    work: int = 0
