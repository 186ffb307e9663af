"""Answer errors: the one shape of an error body, and the table from kinds of errors to HTTP status.

Shape: `code` (HTTP status, integer), `error_code` (stable), `type`, `message`, `detail`. Every official SDK reads it.
"""

import traceback
from collections.abc import Mapping

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import HTTPException

from suprsend_hub.api.answers import Answer
from suprsend_hub.domain.codes import Code, Kind
from suprsend_hub.domain.errors import DomainError, RateLimited, Unavailable

STATUS_OF: Mapping[Kind, int] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.WRONG_METHOD: 405,
    Kind.TIMED_OUT: 408,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNPROCESSABLE: 422,
    Kind.RATE_LIMITED: 429,
    Kind.UNEXPECTED: 500,
    Kind.UNAVAILABLE: 503,
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
    422: "Unprocessable",
    429: "RateLimited",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
_log = structlog.get_logger("suprsend_hub.api")


def error_body(status: int, error_code: Code, message: str, detail: object | None = None) -> bytes:
    """Return the body of an error answer."""
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
    """Return the HTTP status of a domain error; the console's pages use the same."""
    return STATUS_OF[error.kind]


def domain_error(_request: Request[None, None, "object"], error: DomainError) -> Answer:  # type: ignore[type-var]
    """Answer a domain error; a temporary one with `Retry-After` in whole seconds."""
    status = status_of(error)
    headers = {}
    if isinstance(error, (Unavailable, RateLimited)):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return Answer(error_body(status, error.code, error.message, error.detail), status, headers=headers)


def http_error(request: Request[None, None, "object"], error: HTTPException) -> Answer:  # type: ignore[type-var]
    """Answer the framework's own errors, for unknown paths and methods."""
    if error.status_code == 404:
        return Answer(
            error_body(404, Code.NO_SUCH_PATH, f"no route matches {request.method} and this path; check the path"), 404
        )
    if error.status_code == 405:
        message = f"this path does not accept {request.method}; the Allow header names the methods that it accepts"
        return Answer(error_body(405, Code.METHOD_NOT_ALLOWED, message), 405, headers=error.headers)
    if error.status_code < 500:
        return Answer(error_body(error.status_code, Code.INVALID_REQUEST, error.detail), error.status_code)
    return unexpected_error(request, error)


def unexpected_error(request: Request[None, None, "object"], error: Exception) -> Answer:  # type: ignore[type-var]
    """Log an unexpected error with its traceback, and answer without any detail of it."""
    _log.error(
        "unexpected error",
        method=request.method,
        route=request.scope.get("path_template"),
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__)),
    )
    return Answer(
        error_body(500, Code.INTERNAL_ERROR, "internal error; look for this request's X-Request-Id in the hub's log"),
        500,
    )
