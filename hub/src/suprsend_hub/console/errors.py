"""Show errors as pages: what was wrong, and where to go from there. `app.py` provides the table of statuses."""

import traceback
from collections.abc import Callable

from litestar import Response
from litestar.exceptions import HTTPException

from suprsend_hub.console import paths
from suprsend_hub.console.rendering import here, html, redirect
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.console.visits import SignInNeeded, log
from suprsend_hub.domain.errors import DomainError, RateLimited, Unavailable

StatusOf = Callable[[DomainError], int]
_TITLES = {
    400: "Invalid request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timed out",
    409: "Already exists",
    413: "Too large",
    429: "Too many attempts",
    503: "Not available right now",
}


def error_handlers(status_of: StatusOf) -> dict[type[Exception], Callable[[HubRequest, Exception], Response[bytes]]]:
    """Return the error handlers of the console's routes."""

    def refused(request: HubRequest, error: Exception) -> Response[bytes]:
        assert isinstance(error, DomainError)
        if isinstance(error, SignInNeeded):
            return _to_sign_in(request)
        response = error_page(request, status_of(error), error.message)
        if isinstance(error, (Unavailable, RateLimited)):
            response.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
        return response

    return {DomainError: refused, HTTPException: http_error, Exception: _unexpected}


def error_page(request: HubRequest, status: int, message: str) -> Response[bytes]:
    """Return a page that says what was wrong."""
    return html(
        request, "shared/error.html", status=status, title=_TITLES.get(status, "Something went wrong"),
        message=message, status_code=status,
    )  # fmt: skip


def _to_sign_in(request: HubRequest) -> Response[bytes]:
    """Redirect to the sign-in page and from there back to the requested page, if it can be requested again."""
    asked = here(request)
    back = asked if request.method == "GET" and asked != paths.ROOT else None
    return redirect(paths.with_query(paths.SIGN_IN, next=back))


def http_error(request: HubRequest, error: Exception) -> Response[bytes]:
    """Show an error of the framework, also for paths and methods that it found no route for."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return error_page(
            request, 404, "No page at this address. Check the address, or start from the console's first page."
        )
    if error.status_code < 500:
        response = error_page(request, error.status_code, error.detail)
        response.headers.update(error.headers or {})  # Allow
        return response
    return _unexpected(request, error)


def _unexpected(request: HubRequest, error: Exception) -> Response[bytes]:
    log.error(
        "unexpected error",
        method=request.method,
        route=request.scope.get("path_template"),
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__)),
    )
    return error_page(
        request, 500, "The hub failed unexpectedly. This is not your fault. The hub's log contains the details."
    )
