"""Read answers: tell whether a call succeeded, and whether the answer comes from a hub. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from suprsend import _encoding
from suprsend._answers import Affected, Page
from suprsend._errors import (
    SuprsendAPIException,
    SuprsendError,
    SuprsendRefusedError,
    SuprsendResponseError,
    is_not_found,
    readable_text,
)
from suprsend._refusals import Receipt, read_report, repeated_text
from suprsend._response import Response
from suprsend._shapes import has_shape, says_done

if TYPE_CHECKING:
    from suprsend._answers import Done, EventAnswer, Subscriptions
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
    """Return the JSON object of an accepted call.

    Raises:
        SuprsendResponseError: the answer does not have what each answer of this kind has.
    """
    answer = _json(response)
    if not has_shape(answer, kind):
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
    return cast("JSONObject", json_object(response, Page))


def done(response: Response) -> Done:
    """Return the answer of the delete methods.

    Raises:
        SuprsendResponseError: the answer is neither 204 nor ``{"success": true}``. Anything could be behind another
            one, and a job that erases users would take it for a deletion.
    """
    if response.status_code != 204 and not says_done(_json(response)):
        raise SuprsendResponseError(response)
    return {"success": True, "status_code": response.status_code}


def receipt(response: Response) -> Receipt:
    """Return what the answer to accepted events says.

    Raises:
        SuprsendResponseError: the answer is neither ``OK``, with which a hub accepts events, nor its report.
    """
    if response.content.strip(b' "\r\n') == b"OK":
        return Receipt(response)
    report = read_report(response.content)
    if report is None:
        raise SuprsendResponseError(response)
    return Receipt(response, {refused.index: refused for refused in report.refused}, report.repeated)


def refuse_refusals(receipt: Receipt, distinct_id: str) -> None:
    """Raise SuprsendRefusedError if the hub refused a part of the edit that was sent, or all of it."""
    refused = receipt.refused.get(0)
    if refused is not None:
        raise SuprsendRefusedError(
            receipt.response,
            refused.text(distinct_id),
            refused.status_code,
            [msgspec.structs.asdict(refusal) for refusal in refused.refusals],
            partly_applied=refused.applied,
        )


def event_answer(receipt: Receipt, distinct_id: str, mistakes: list[str]) -> EventAnswer:
    """Return the answer to an edit of a user that was sent as an event, with its mistakes and what the hub refused."""
    refused = receipt.refused.get(0)
    success = refused is None or refused.applied
    answer: EventAnswer = {
        "success": success,
        "status": "success" if success else "fail",
        "status_code": receipt.response.status_code,
        "message": receipt.message,
    }
    notes = [*mistakes]
    if receipt.repeated:
        notes.append(repeated_text(receipt.repeated))
    if refused is not None:
        notes.append(refused.text(distinct_id))
        if not success:
            answer["status_code"], answer["message"] = refused.status_code, refused.text(distinct_id)
    if notes:
        answer["warnings"] = notes
    return answer


def failure(error: SuprsendError) -> tuple[int, str]:
    """Return status and text of an error that is reported in an answer instead of an exception.

    As in the official SDK, these are the status and the body of a refusal. If no hub refused the call, the text is
    ours, and the status is 500 if there is no error status.
    """
    if not isinstance(error, SuprsendAPIException) or error.status_code < 300:
        return LOCAL_FAILURE, str(error.message)
    ours = error.status_code < 400 or isinstance(error, (SuprsendResponseError, SuprsendRefusedError))
    return error.status_code, str(error.message) if ours else readable_text(error.response)


_NOT_JSON = object()


def _json(response: Response) -> object:
    try:
        return _encoding.decode(response.content)
    except (ValueError, RecursionError):
        return _NOT_JSON
