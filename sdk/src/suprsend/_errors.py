"""The error tree of the SDK. A leaf.

    SuprsendError
    ├─ SuprsendConfigError             the client is configured wrongly
    ├─ SuprsendValidationError         an argument is invalid; nothing was sent
    │  └─ InputValueError              a value is invalid (also a ValueError)
    ├─ SuprsendAPIException            the hub refused the call
    │  ├─ SuprsendAuthenticationError  401
    │  ├─ SuprsendPermissionError      403
    │  ├─ SuprsendNotFoundError        404
    │  ├─ SuprsendConflictError        409
    │  ├─ SuprsendTooLargeError        413
    │  ├─ SuprsendRateLimitError       429: retry_after_s
    │  ├─ SuprsendUnavailableError     502, 503, 504: retry_after_s
    │  ├─ SuprsendRefusedError         strict mode: the hub refused a part of an edit, or all of it
    │  └─ SuprsendResponseError        the answer is not one that a hub gives
    └─ SuprsendTransportError          no answer; maybe_applied tells whether the call may have been applied

Class names, ``status_code``, ``message``, ``response`` and the form ``[code: 404] …`` of ``str()`` are those of the
official SDK 0.20.0. No message contains a credential or a request body.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suprsend._response import Response

# The hub's code for a path without a route, as opposed to a path that names something unknown.
NO_SUCH_PATH = "no_such_path"
# Our choice: the text of an exception does not contain the error page of a proxy. A body this short is kept, as in the
# official SDK.
MAX_SHOWN_HTML_CHARS = 40
MAX_SHOWN_TEXT_CHARS = 1_000


class SuprsendError(Exception):
    """The base class of all exceptions of the SDK.

    Attributes:
        message: what went wrong.
        status_code: the HTTP status of the answer; 400 for invalid arguments, 500 otherwise.
    """

    default_status = 500
    default_message: str | None = None

    def __init__(self, *args: object, message: str | None = None, status_code: int | None = None) -> None:
        super().__init__(*args)
        first = str(args[0]) if args else self.default_message
        self.message: str | None = message if message is not None else first
        self.status_code: int = self.default_status if status_code is None else status_code

    def __str__(self) -> str:
        return f"[code: {self.status_code}] {self.message}"


class SuprsendConfigError(SuprsendError):
    """The client is configured wrongly: a credential, the base URL, the proxy or the certificates cannot be used."""


class SuprsendValidationError(SuprsendError):
    """An argument is invalid. Nothing was sent."""

    default_status = 400
    default_message = "validation error"

    @property
    def error_type(self) -> str:
        """Return the name of the class, as in the official SDK."""
        return type(self).__name__


class InputValueError(SuprsendValidationError, ValueError):
    """A value is invalid: it is too large, has no JSON form, or (in strict mode) is wrong for its key."""

    def __str__(self) -> str:
        return str(self.message)


class SuprsendAPIException(SuprsendError):  # noqa: N818  # the official name
    """The hub refused the call.

    Attributes:
        response: the HTTP response.
        code: the stable error code, ``error_code`` in the answer, or None.
        request_id: the header ``X-Request-ID`` of the answer, or None. It identifies the request in the hub's log.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response, message=_message_of(response), status_code=response.status_code)
        self.response = response
        body = _json_body(response)
        code = body.get("error_code") if isinstance(body, dict) else None
        self.code: str | None = code if isinstance(code, str) else None
        self.request_id: str | None = response.headers.get("x-request-id")

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} [request_id: {self.request_id}]" if self.request_id else text


class SuprsendAuthenticationError(SuprsendAPIException):
    """401: the credentials are not valid."""


class SuprsendPermissionError(SuprsendAPIException):
    """403: the credentials do not permit this call."""


class SuprsendNotFoundError(SuprsendAPIException):
    """404: the user, object, list, … does not exist."""


class SuprsendConflictError(SuprsendAPIException):
    """409: the call conflicts with the state of the hub."""


class SuprsendTooLargeError(SuprsendAPIException):
    """413: the body is larger than the hub accepts."""


class SuprsendRateLimitError(SuprsendAPIException):
    """429: too many calls. Wait ``retry_after_s`` seconds before the next one."""

    @property
    def retry_after_s(self) -> float | None:
        """Seconds to wait, or None if the hub did not say."""
        return retry_after_s(self.response.headers)


class SuprsendUnavailableError(SuprsendAPIException):
    """502, 503, 504: the hub, or a proxy in front of it, cannot answer at the moment."""

    @property
    def retry_after_s(self) -> float | None:
        """Seconds to wait, or None if the hub did not say."""
        return retry_after_s(self.response.headers)


class SuprsendRefusedError(SuprsendAPIException):
    """Strict mode: the hub accepted the request, but refused a part of the edit, or all of it.

    Attributes:
        partly_applied: whether the hub applied the rest of the edit.
        refusals: a dict with ``error_code``, ``key`` and ``message`` for each refused part.
    """

    def __init__(  # defaults: an exception is unpickled by its first argument, and the rest is put back afterwards
        self,
        response: Response,
        message: str = "",
        status_code: int = 400,
        refusals: Sequence[dict[str, str]] = (),
        *,
        partly_applied: bool = False,
    ) -> None:
        super().__init__(response)
        self.message = message
        self.status_code = status_code
        self.code = refusals[0]["error_code"] if refusals else None
        self.refusals = list(refusals)
        self.partly_applied = partly_applied


class SuprsendResponseError(SuprsendAPIException):
    """The answer does not look like that of a hub. Check ``base_url``.

    Either the status is a success but the body is not what a hub sends, or the status is 404 because the path does not
    exist. Such a 404 does not mean that the user, object or list does not exist.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        if self.code == NO_SUCH_PATH:
            what = f"the hub does not have this path ({self.message})"
        elif response.status_code == 404:
            what = f"404 from something that does not look like a hub ({self.message})"
        else:
            kind = response.headers.get("content-type", "no content type")
            what = f"the answer ({kind}, {len(response.content)} bytes) does not look like that of a hub"
        self.message = f"{what}; does base_url point to a hub?"


class SuprsendTransportError(SuprsendError):
    """The hub did not answer.

    Attributes:
        maybe_applied: False if the request never reached the hub. True if it may have been applied, because the answer
            was lost or late.
        retryable: False if the same call would fail again in the same way, for example because of a certificate.
    """

    def __init__(self, message: str, *, maybe_applied: bool = True, retryable: bool = True) -> None:
        super().__init__(message)
        self.maybe_applied = maybe_applied
        self.retryable = retryable

    def __str__(self) -> str:
        return str(self.message)

    def after_an_unsure_attempt(self) -> SuprsendTransportError:
        """Return the error of a call whose last attempt failed so, after an attempt that may have been applied."""
        if not self.maybe_applied:
            self.maybe_applied = True
            self.message = f"{self.message}; an earlier attempt of this call may have been applied"
        return self


def foreign(error: Exception) -> SuprsendTransportError:
    """Return an error of the SDK for an exception that a foreign transport has raised."""
    text = f"the transport failed ({type(error).__name__}: {error}); the call may have been applied"
    return SuprsendTransportError(text, retryable=isinstance(error, OSError))


_BY_STATUS: dict[int, type[SuprsendAPIException]] = {
    401: SuprsendAuthenticationError,
    403: SuprsendPermissionError,
    404: SuprsendNotFoundError,
    409: SuprsendConflictError,
    413: SuprsendTooLargeError,
    429: SuprsendRateLimitError,
    502: SuprsendUnavailableError,
    503: SuprsendUnavailableError,
    504: SuprsendUnavailableError,
}


def is_not_found(response: Response) -> bool:
    """Tell whether a hub answers that it does not know what the call names. Another 404 says nothing about that."""
    if response.status_code != 404:
        return False
    body = _json_body(response)
    if not isinstance(body, dict):
        return False
    code = body.get("error_code")
    return code != NO_SUCH_PATH if code else body.get("code") == 404


def api_error(response: Response) -> SuprsendAPIException:
    """Return the exception that fits the status of a refused call."""
    if response.status_code == 404 and not is_not_found(response):
        return SuprsendResponseError(response)
    return _BY_STATUS.get(response.status_code, SuprsendAPIException)(response)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or a date; None if absent or unreadable."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            from email.utils import parsedate_to_datetime  # late: costs 10 ms of import, needed almost never

            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except Exception:  # noqa: BLE001  # no date, or the import fails: no file descriptor is left, the program ends
            return None
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124  # NaN is no time


def _json_body(response: Response) -> Any:
    if "application/json" not in response.headers.get("content-type", ""):
        return None
    try:
        return response.json()
    except ValueError:  # also: nested too deeply
        return None


def _message_of(response: Response) -> str:
    if 300 <= response.status_code < 400:
        where = response.headers.get("location", "nowhere")
        return f"the hub answered with a redirect to {where}; redirects are not followed, so correct base_url"
    body = _json_body(response)
    if isinstance(body, dict):
        message = body.get("message") or body.get("detail")
        if message:
            return str(message)
    return readable_text(response)


def readable_text(response: Response) -> str:
    """Return the body as the text of an error: whole if it is short, described if it is a page or long."""
    text = response.text
    kind = response.headers.get("content-type", "").lower()
    if ("html" in kind or text.lstrip()[:1] == "<") and len(text) > MAX_SHOWN_HTML_CHARS:
        return f"{_phrase(response)} (an HTML page of {len(text)} characters, see error.response)"
    if len(text) > MAX_SHOWN_TEXT_CHARS:
        return f"{text[:MAX_SHOWN_TEXT_CHARS]}… ({len(text)} characters, see error.response)"
    return text or f"{_phrase(response)} (no body)"


def _phrase(response: Response) -> str:
    try:
        from http import HTTPStatus  # late: costs 3 ms of import

        return HTTPStatus(response.status_code).phrase
    except (ValueError, ImportError, OSError):  # the import fails if no file descriptor is left or the program ends
        return "Unknown status"
