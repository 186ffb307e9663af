"""`POST /event/`: identity events, one or an array: the asynchronous edit of every SDK.

One array has one answer, and SDKs resend all of a refused one; so an array is refused whole only for what no SDK can
produce (no JSON, no objects, too many). A single bad record in it goes to the log of rejected records.
"""

import json

import msgspec
from litestar import post

from suprsend_hub.api.answers import TEXT, Answer
from suprsend_hub.api.requests import ApiRequest, Caller
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound, TooLarge
from suprsend_hub.domain.event import IdentityEvent, parse_event
from suprsend_hub.domain.ids import check_distinct_id
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.writing import RejectedRecord

MAX_EVENTS = 400
"""Events in one request, as in the official SDKs."""
MAX_EVENT_BYTES = 32_768
"""32 KiB for one event; clients stop at 10,240 of their own counting."""

_raw_array = msgspec.json.Decoder(list[msgspec.Raw])


@post("/event/")
async def post_events(request: ApiRequest) -> Answer:
    """Apply identity events; what the 202 promises is committed."""
    caller, recipients = request.caller, request.services.recipients
    body = caller.body.lstrip()
    try:
        body.decode()  # the decoders below skip over what they do not need, and so over bytes that are no UTF-8
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}", code="invalid_json") from error
    if body[:1] == b"[":
        await _apply_array(caller, recipients, body)
    else:
        event = _check(caller, body)
        await recipients.apply_events(caller.workspace_id, [event], [], source=caller.source, size_bytes=len(body))
    return Answer(b"OK", 202, content_type=TEXT)


def _split(body: bytes) -> list[bytes]:
    """The elements of an array, each as its own JSON text; InvalidRequest if it is no JSON."""
    try:
        return [bytes(raw) for raw in _raw_array.decode(body)]
    except msgspec.DecodeError as error:
        # JavaScript can cut a text between two surrogates and writes the half that is left. That spoils one event, not
        # the others; the standard library reads it.
        try:
            elements = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise InvalidRequest(f"the body is not valid JSON: {error}", code="invalid_json") from error
        return [json.dumps(element).encode() for element in elements]
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply", code="too_deep") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def _apply_array(caller: Caller, recipients: RecipientService, body: bytes) -> None:
    texts = _split(body)
    if len(texts) > MAX_EVENTS:
        raise InvalidRequest(
            f"{len(texts)} events in one request; at most {MAX_EVENTS} are possible", code="too_many_events"
        )
    for index, text in enumerate(texts):
        if text[:1] != b"{":
            raise InvalidRequest(f"event {index} of the array is not an object", code="invalid_event")
    events: list[IdentityEvent] = []
    rejects: list[RejectedRecord] = []
    for text in texts:
        try:
            events.append(_check(caller, text))
        except DomainError as error:
            rejects.append(_reject(caller, text, error))
    await recipients.apply_events(caller.workspace_id, events, rejects, source=caller.source, size_bytes=len(body))


def _check(caller: Caller, text: bytes) -> IdentityEvent:
    """One event as the service takes it; a DomainError says why not."""
    if len(text) > MAX_EVENT_BYTES:
        raise TooLarge(
            f"an event has {len(text)} bytes; at most {MAX_EVENT_BYTES} are possible", code="event_too_large"
        )
    event = parse_event(text)
    if event.env is not None and not caller.workspace.owns_env(event.env):
        raise InvalidRequest("`env` names another workspace than the credentials do", code="wrong_env")
    if event.tenant_id is not None:
        raise NotFound(f"tenant '{event.tenant_id}' not found", code="tenant_not_found")
    return event


def _reject(caller: Caller, text: bytes, error: DomainError) -> RejectedRecord:
    """The log's entry for a record that is no event; names its user if that much can be read."""
    try:
        record = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        record = text[:1000].decode("utf-8", "replace")
    distinct_id = ""
    if isinstance(record, dict):
        try:
            distinct_id = check_distinct_id(record.get("distinct_id"))
        except InvalidRequest:
            distinct_id = ""
    return RejectedRecord(
        RecipientKey.user(caller.workspace_id, distinct_id), error.code, error.message, record, caller.source
    )
