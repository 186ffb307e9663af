"""Read answers: tell whether a call succeeded, and whether the answer comes from a hub. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from suprsend import _encoding
from suprsend._answers import Affected
from suprsend._errors import (
    SuprsendAPIException,
    SuprsendError,
    SuprsendResponseError,
    is_not_found,
    readable_text,
)
from suprsend._response import Response

if TYPE_CHECKING:
    from suprsend._answers import Done, Subscriptions
    from suprsend._requests import Request
    from suprsend._types import JSONObject

T = TypeVar("T")

# A call without an answer has no HTTP status; the official SDK uses this one.
LOCAL_FAILURE = 500

COUNT_WARNING = (
    "the answer to an earlier attempt of this call was lost, and that attempt may have been applied: "
    "affected_count counts only what the last attempt changed"
)
FINISHED_WARNING = (
    "the answer to an earlier attempt of this call was lost, and the draft no longer exists, so it counts as finished: "
    "this is the list as it is now"
)


def accepted(request: Request, response: Response, *, unsure: bool) -> Response | None:
    """Return the response of a call that succeeded, or None if the hub refused it.

    Args:
        request: the call.
        response: the answer to its last attempt.
        unsure: an earlier attempt may have been applied, although it failed. Then what the call should remove may be
            gone already, so a hub that does not know it confirms the success.
    """
    if response.status_code < 300:
        response.maybe_repeated = unsure
        return response
    if unsure and request.gone_is_done and is_not_found(response):
        gone = Response(204, response.headers, b"")
        gone.maybe_repeated = True
        return gone
    return None


def json_object(response: Response, kind: type[T]) -> T:
    """Return the JSON object of an accepted call; ``kind`` tells type checkers what it is, and nothing is checked.

    Raises:
        SuprsendResponseError: the answer is something else.
    """
    del kind
    answer = _json(response)
    if not isinstance(answer, dict):
        raise SuprsendResponseError(response)
    return cast("T", answer)


def counted(response: Response) -> Affected:
    """Return the answer of a call that counts what it changed, with a warning where the count may be too low."""
    answer = json_object(response, Affected)
    if response.maybe_repeated:
        answer["warnings"] = [COUNT_WARNING]
    return answer


def added(total: Affected, answer: Affected) -> Affected:
    """Return the answer of a call that took one more request."""
    if "affected_count" not in total:
        return answer
    both: Affected = {**answer, "affected_count": total["affected_count"] + answer.get("affected_count", 0)}
    if "warnings" in total:
        both["warnings"] = total["warnings"]
    return both


def joined(answers: list[Subscriptions]) -> Subscriptions:
    """Return the answer of a call that took several requests."""
    return {"results": [subscription for answer in answers for subscription in answer.get("results", [])]}


def page(response: Response) -> JSONObject:
    """Return a page, ``{"meta": {…}, "results": […]}``.

    Raises:
        SuprsendResponseError: the answer is something else.
    """
    answer: JSONObject = json_object(response, dict)
    if not isinstance(answer.get("meta"), dict) or not isinstance(answer.get("results"), list):
        raise SuprsendResponseError(response)
    return answer


def done(response: Response) -> Done:
    """Return the answer of the delete methods.

    Raises:
        SuprsendResponseError: the answer is neither empty, like a hub's, nor JSON, like the hosted service's.
    """
    empty = not response.content and response.status_code != 200
    if not empty and _json(response) is _NOT_JSON:
        raise SuprsendResponseError(response)
    return {"success": True, "status_code": response.status_code}


def event(response: Response) -> Response:
    """Return the response to accepted events.

    Raises:
        SuprsendResponseError: the answer is not ``OK``, with which a hub accepts events.
    """
    if response.content.strip(b' "\r\n') != b"OK":
        raise SuprsendResponseError(response)
    return response


def failure(error: SuprsendError) -> tuple[int, str]:
    """Return status and text of an error that is reported in an answer instead of an exception.

    As in the official SDK, these are the status and the body of a refusal. If no hub refused the call, the text is
    ours, and the status is 500 if there is no error status.
    """
    if not isinstance(error, SuprsendAPIException) or error.status_code < 300:
        return LOCAL_FAILURE, str(error.message)
    ours = error.status_code < 400 or isinstance(error, SuprsendResponseError)
    return error.status_code, str(error.message) if ours else readable_text(error.response)


_NOT_JSON = object()


def _json(response: Response) -> object:
    try:
        return _encoding.decode(response.content)
    except (ValueError, RecursionError):
        return _NOT_JSON
