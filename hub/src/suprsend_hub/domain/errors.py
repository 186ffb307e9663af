"""The errors that the hub's rules and stores raise. Each has a code of `codes` that stays when its wording changes.

DomainError
├─ InvalidRequest    the caller sent something that cannot be accepted
├─ NotFound          the record named does not exist
├─ Unprocessable     the request contradicts an earlier one
├─ Conflict          the record exists in a state that forbids the request
├─ Unauthenticated   no credentials, or invalid ones
├─ Forbidden         valid credentials that do not allow this
├─ TooLarge          a body or record is above its limit
├─ TimedOut          the request did not arrive in time
├─ Unavailable       the store cannot answer now (retry_after_s)
└─ RateLimited       too many requests (retry_after_s)

They know no HTTP status; the table from kind to status belongs to the API.
"""

# ruff: noqa: N818 - named for what happened, as the API's table of statuses reads

from __future__ import annotations

from typing import ClassVar

from .codes import Code, Kind


class DomainError(Exception):
    """A refusal with a stable `code`, a `message` for people and an optional `detail` for programs.

    Args:
        message: what was wrong, in which record, what to do. Never a secret, never a whole payload.
        code: of the same kind as the class.
        detail: JSON-like value for the `detail` of the error body, or None.
    """

    kind: ClassVar[Kind]

    def __init__(self, message: str, *, code: Code, detail: object | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.detail = detail

    @property
    def for_operator(self) -> str:
        """Return the text for commands, logs and readiness, which may say more than clients may know."""
        return self.message


class InvalidRequest(DomainError):
    """The request cannot be accepted as it stands; sending it again unchanged will fail again."""

    kind = Kind.INVALID


def invalid_field(field: str, reason: str) -> InvalidRequest:
    """Return the error of a field of a list or tenant, with the detail repeated as JSON text in the message."""
    escaped = reason.replace("\\", "\\\\").replace('"', '\\"')
    return InvalidRequest(f'{{"{field}": ["{escaped}"]}}', code=Code.ERROR, detail={field: [reason]})


class NotFound(DomainError):
    """The record named by the request does not exist in this workspace."""

    kind = Kind.NOT_FOUND


class Unprocessable(DomainError):
    """The request can be read and contradicts an earlier one; nothing was applied."""

    kind = Kind.UNPROCESSABLE


class Conflict(DomainError):
    """The record exists, in a state that forbids what was asked."""

    kind = Kind.CONFLICT


class Unauthenticated(DomainError):
    """Credentials are missing or not valid."""

    kind = Kind.UNAUTHENTICATED


class Forbidden(DomainError):
    """The credentials are valid, but do not allow this."""

    kind = Kind.FORBIDDEN


class TooLarge(DomainError):
    """A body or a record is above its limit; the message names limit and unit."""

    kind = Kind.TOO_LARGE


class TimedOut(DomainError):
    """The request did not arrive in time; nothing was applied."""

    kind = Kind.TIMED_OUT


class _Temporary(DomainError):
    """The request may succeed later, after `retry_after_s` seconds."""

    def __init__(self, message: str, *, code: Code, retry_after_s: float, detail: object | None = None) -> None:
        super().__init__(message, code=code, detail=detail)
        self.retry_after_s = retry_after_s


class Unavailable(_Temporary):
    """The hub cannot do this now (store down, overloaded); nothing was applied.

    `reason`: the cause in the words of the store, for the operator only; it may name roles, hosts or databases.
    """

    kind = Kind.UNAVAILABLE

    def __init__(
        self,
        message: str,
        *,
        code: Code,
        retry_after_s: float,
        detail: object | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message, code=code, retry_after_s=retry_after_s, detail=detail)
        self.reason = reason

    @property
    def for_operator(self) -> str:
        """Return the message, followed by the cause."""
        return self.message if self.reason is None else self.reason


class RateLimited(_Temporary):
    """Too many requests; nothing was applied."""

    kind = Kind.RATE_LIMITED
