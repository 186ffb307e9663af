"""The one error body, and the table from domain errors to HTTP status.

Shape: `code` (HTTP status, integer), `error_code` (stable), `type`, `message`, `detail`. Every official SDK reads it.
"""

import traceback
from collections.abc import Mapping

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import HTTPException

from suprsend_hub.api.answers import Answer
from suprsend_hub.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

STATUS_OF: Mapping[type[DomainError], int] = {
    InvalidRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TimedOut: 408,
    TooLarge: 413,
    RateLimited: 429,
    Unavailable: 503,
}
_TYPE_OF = {
    400: "ValidationError",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    413: "PayloadTooLarge",
    429: "RateLimited",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
_log = structlog.get_logger("suprsend_hub.api")


def error_body(status: int, error_code: str, message: str, detail: object | None = None) -> bytes:
    """The body of an error answer."""
    return msgspec.json.encode(
        {
            "code": status,
            "error_code": error_code,
            "type": _TYPE_OF.get(status, "Error"),
            "message": message,
            "detail": message if detail is None else detail,
        }
    )


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal; the console's pages answer with the same."""
    return next(STATUS_OF[cls] for cls in type(error).__mro__ if cls in STATUS_OF)


def domain_error(_request: Request[None, None, "object"], error: DomainError) -> Answer:  # type: ignore[type-var]
    """Answer a refusal; temporary ones carry `Retry-After` in whole seconds."""
    status = status_of(error)
    headers = {}
    if isinstance(error, (Unavailable, RateLimited)):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return Answer(error_body(status, error.code, error.message, error.detail), status, headers=headers)


def http_error(request: Request[None, None, "object"], error: HTTPException) -> Answer:  # type: ignore[type-var]
    """Answer what the framework refuses: unknown paths and methods."""
    if error.status_code == 404:
        return Answer(error_body(404, "no_such_path", f"there is nothing at {request.method} this path"), 404)
    if error.status_code == 405:
        message = f"{request.method} is not possible on this path"
        return Answer(error_body(405, "method_not_allowed", message), 405, headers=error.headers)
    if error.status_code < 500:
        return Answer(error_body(error.status_code, "invalid_request", error.detail), error.status_code)
    return unexpected_error(request, error)


def unexpected_error(request: Request[None, None, "object"], error: Exception) -> Answer:  # type: ignore[type-var]
    """Answer a bug: logged with its traceback, told to the caller without any detail."""
    _log.error(
        "unexpected error",
        method=request.method,
        route=request.scope.get("path_template"),
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__)),
    )
    return Answer(error_body(500, "internal_error", "internal error; the hub's log has the details"), 500)
