"""`POST /event/`: apply one identity event or an array of them, the asynchronous edit of every SDK.

An array gets one answer, and SDKs resend a rejected array as a whole. So the hub rejects an array only for what no SDK
can produce (invalid JSON, elements that are not objects, too many). A single bad record goes to the log of rejected
records. A sender that asks for it is told of both, see `reports`.
"""

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.event import check_encoding, parse_event, read_rejected, split_events
from suprsend_hub.api.handlers import post
from suprsend_hub.api.reports import Report
from suprsend_hub.api.requests import ApiRequest, Caller
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.events import EventService
from suprsend_hub.service.writing import RejectedRecord


@post("/event/")
async def post_events(request: ApiRequest) -> Answer:
    """Apply identity events; when this answers 202, they are committed."""
    caller, service = request.caller, request.services.events
    body = caller.body.lstrip()
    check_encoding(body)
    report = Report(request)
    if body[:1] == b"[":
        await _apply_array(caller, service, body, report)
    else:
        event = _check(caller, body)
        outcome = await service.apply_one(caller.actor, caller.workspace, event, size_bytes=len(body))
        report.settle(0, event.distinct_id, outcome)
    return report.answer()


async def _apply_array(caller: Caller, service: EventService, body: bytes, report: Report) -> None:
    texts = split_events(body)
    events: dict[int, IdentityEvent] = {}
    rejects: list[RejectedRecord] = []
    for index, text in enumerate(texts):
        try:
            events[index] = _check(caller, text)
        except DomainError as error:
            reject = _reject(caller, text, error)
            rejects.append(reject)
            report.add(index, reject.key.recipient_id, error)
    outcomes = await service.apply(caller.actor, caller.workspace, list(events.values()), rejects, size_bytes=len(body))
    for (index, event), outcome in zip(events.items(), outcomes, strict=True):
        report.settle(index, event.distinct_id, outcome)


def _check(caller: Caller, text: bytes) -> IdentityEvent:
    """Return one event as the service accepts it; raise a DomainError that says why it cannot be accepted."""
    event = parse_event(text)
    if event.env is not None and not caller.workspace.owns_env(event.env):
        raise InvalidRequest(
            "`env` names a different workspace than the credentials; send the key or uid of the workspace that signs",
            code=Code.WRONG_ENV,
        )
    return event


def _reject(caller: Caller, text: bytes, error: DomainError) -> RejectedRecord:
    """Return the log entry for a record that is not an event; it names the user if that is readable."""
    record, distinct_id = read_rejected(text)
    return RejectedRecord(
        RecipientKey.user(caller.workspace_id, distinct_id), error.code, error.message, record, caller.actor
    )


HANDLERS = (post_events,)
