"""`/hub/v1/resolve/` and `/hub/v1/channel_status/`: a sender asks before it sends, and reports what came of it."""

import hashlib
from dataclasses import replace

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.sending import parse_reports, parse_resolve
from suprsend_hub.api.handlers import post
from suprsend_hub.api.rendering import encode, feedback_object, page_json, resolved_object, unanswered
from suprsend_hub.api.requests import SCOPE, ApiRequest, Caller
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import feedback_key
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.feedback import Feedback, FeedbackOutcome, FeedbackResult
from suprsend_hub.service.writing import RequestKey


@post("/hub/v1/resolve/", opt={SCOPE: Scope.READ})
async def resolve_recipients(request: ApiRequest) -> Answer:
    """Say of users, or of the members of an object or list, whether, where and in which language to send."""
    caller, resolving = request.caller, request.services.resolving
    asked = parse_resolve(caller.json_or({}))
    tenancy = caller.workspace.tenancy
    if asked.distinct_ids is not None:
        resolved, found = await resolving.users(caller.workspace_id, asked.distinct_ids, asked.question, tenancy)
        return Answer(encode({"results": [resolved_object(*each) for each in resolved], **unanswered(found)}))
    if asked.object is not None:
        parent = RecipientKey(caller.workspace_id, *asked.object)
        page = await resolving.subscribers(parent, asked.question, tenancy, asked.page)
    else:
        assert asked.list_id is not None
        page = await resolving.members(caller.workspace_id, asked.list_id, asked.question, tenancy, asked.page)
    return Answer(page_json(page, lambda each: resolved_object(*each)))


@post("/hub/v1/channel_status/")
async def report_channel_status(request: ApiRequest) -> Answer:
    """Set the status of addresses by what their deliveries came to; a result for each report, in order."""
    caller = request.caller
    read = parse_reports(caller.json_or({}), caller.workspace_id)
    reports = [_with_key(caller, each, index) for index, each in enumerate(read) if isinstance(each, Feedback)]
    applied = iter(await request.services.feedback.apply(caller.actor, caller.workspace_id, reports))
    results = [_mistake(each) if isinstance(each, InvalidRequest) else next(applied) for each in read]
    return Answer(encode({"results": [feedback_object(each) for each in results]}))


def _mistake(error: InvalidRequest) -> FeedbackResult:
    return FeedbackResult(FeedbackOutcome.REFUSED, 0, error)


def _with_key(caller: Caller, report: Feedback, index: int) -> Feedback:
    """Return a report with the `Idempotency-Key` of the request, if it has no insert id of its own."""
    if caller.idempotency_key is None or report.insert_key is not None:
        return report
    digest = hashlib.sha256(b"channel_status\0" + caller.body).digest()
    return replace(report, request=RequestKey(feedback_key(f"{caller.idempotency_key}\0{index}"), digest))


HANDLERS = (resolve_recipients, report_channel_status)
