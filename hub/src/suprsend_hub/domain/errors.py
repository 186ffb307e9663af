"""The errors the hub's rules and stores raise, each with a code that outlives its wording.

DomainError
├─ InvalidRequest    the caller sent something that cannot be accepted
├─ NotFound          the record named does not exist
├─ Conflict          the record exists in a state that forbids the request
├─ Unauthenticated   no credentials, or credentials that do not verify
├─ Forbidden         good credentials that do not allow this
├─ TooLarge          a body or record is above its limit
├─ TimedOut          the request did not arrive in time
├─ Unavailable       the store cannot answer now (retry_after_s)
└─ RateLimited       too many requests (retry_after_s)

They know no HTTP status; the table from class to status belongs to the API.
"""

# ruff: noqa: N818 - named for what happened, as the API's table of statuses reads

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """A refusal with a stable `code`, a `message` for people and an optional `detail` for programs.

    Args:
        message: what was wrong, in which record, what to do. Never a secret, never a whole payload.
        code: stable identifier; each class has a default.
        detail: JSON-like value for the `detail` of the error body, or None.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, detail: object | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.detail = detail

    @property
    def for_operator(self) -> str:
        """What commands, logs and readiness say: more than a client may learn."""
        return self.message


class InvalidRequest(DomainError):
    """The request cannot be accepted as it stands; sending it again unchanged will fail again."""

    default_code = "invalid_request"


class NotFound(DomainError):
    """The record named by the request does not exist in this workspace."""

    default_code = "not_found"


class Conflict(DomainError):
    """The record exists, in a state that forbids what was asked."""

    default_code = "conflict"


class Unauthenticated(DomainError):
    """Credentials are missing or do not verify."""

    default_code = "unauthenticated"


class Forbidden(DomainError):
    """The credentials are good and do not allow this."""

    default_code = "forbidden"


class TooLarge(DomainError):
    """A body or a record is above its limit; the message names limit and unit."""

    default_code = "too_large"


class TimedOut(DomainError):
    """The request did not arrive in time; nothing was applied."""

    default_code = "request_timeout"


class _Temporary(DomainError):
    """Something that may succeed later; `retry_after_s` says when, in seconds."""

    def __init__(
        self, message: str, *, retry_after_s: float, code: str | None = None, detail: object | None = None
    ) -> None:
        super().__init__(message, code=code, detail=detail)
        self.retry_after_s = retry_after_s


class Unavailable(_Temporary):
    """The hub cannot do this now (store down, overloaded); nothing was applied.

    `reason`: the cause in the words of the store, for the operator only; it may name roles, hosts or databases.
    """

    default_code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float,
        code: str | None = None,
        detail: object | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, code=code, detail=detail)
        self.reason = reason

    @property
    def for_operator(self) -> str:
        """The message with the cause behind it."""
        return self.message if self.reason is None else self.reason


class RateLimited(_Temporary):
    """Too many requests; nothing was applied."""

    default_code = "rate_limited"
