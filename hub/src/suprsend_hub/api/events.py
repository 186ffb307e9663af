"""`POST /event/`: identity events, one or an array: the asynchronous edit of every SDK.

One array has one answer, and SDKs resend all of a refused one; so an array is refused whole only for what no SDK can
produce (no JSON, no objects, too many). A single bad record in it goes to the log of rejected records.
"""

from litestar import post

from suprsend_hub.api.answers import TEXT, Answer
from suprsend_hub.api.bodies.event import check_encoding, parse_event, read_rejected, split_events
from suprsend_hub.api.requests import ApiRequest, Caller
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.writing import RejectedRecord


@post("/event/")
async def post_events(request: ApiRequest) -> Answer:
    """Apply identity events; what the 202 promises is committed."""
    caller, recipients = request.caller, request.services.recipients
    body = caller.body.lstrip()
    check_encoding(body)
    if body[:1] == b"[":
        await _apply_array(caller, recipients, body)
    else:
        event = _check(caller, body)
        await recipients.apply_events(caller.actor, caller.workspace_id, [event], [], size_bytes=len(body))
    return Answer(b"OK", 202, content_type=TEXT)


async def _apply_array(caller: Caller, recipients: RecipientService, body: bytes) -> None:
    texts = split_events(body)
    events: list[IdentityEvent] = []
    rejects: list[RejectedRecord] = []
    for text in texts:
        try:
            events.append(_check(caller, text))
        except DomainError as error:
            rejects.append(_reject(caller, text, error))
    await recipients.apply_events(caller.actor, caller.workspace_id, events, rejects, size_bytes=len(body))


def _check(caller: Caller, text: bytes) -> IdentityEvent:
    """One event as the service takes it; a DomainError says why not."""
    event = parse_event(text)
    if event.env is not None and not caller.workspace.owns_env(event.env):
        raise InvalidRequest("`env` names another workspace than the credentials do", code=Code.WRONG_ENV)
    if event.tenant_id is not None:
        raise NotFound(f"tenant '{event.tenant_id}' not found", code=Code.TENANT_NOT_FOUND)
    return event


def _reject(caller: Caller, text: bytes, error: DomainError) -> RejectedRecord:
    """Return the log's entry for a record that is not an event; it names its user if that much can be read."""
    record, distinct_id = read_rejected(text)
    return RejectedRecord(
        RecipientKey.user(caller.workspace_id, distinct_id), error.code, error.message, record, caller.actor
    )
