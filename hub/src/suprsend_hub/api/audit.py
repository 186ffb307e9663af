"""`/hub/v1/audit/`: the audit log of the workspace, newest first. This hub's own route, so not below `/v1/`."""

from datetime import datetime

import msgspec

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_page
from suprsend_hub.api.handlers import get
from suprsend_hub.api.rendering import encode, timestamp
from suprsend_hub.api.requests import SCOPE, ApiRequest
from suprsend_hub.domain.actor import Scope
from suprsend_hub.domain.audit import AuditEntry
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.recipient import USERS
from suprsend_hub.service.audit import AuditFilter, parse_since, recorded_at
from suprsend_hub.service.pages import ULID_CURSOR


@get("/hub/v1/audit/", opt={SCOPE: Scope.MANAGE})
async def list_audit(request: ApiRequest) -> Answer:
    """Return a page of the audit log, newest first, filtered by `actor`, `action`, `target` and `since`."""
    query = request.query_params
    asked = parse_page(query)
    if asked.before:
        raise InvalidRequest("pages of the audit log go forward only; send `after`", code=Code.INVALID_CURSOR)
    wanted = AuditFilter(
        actor=query.get("actor") or None,
        action=query.get("action") or None,
        target_id=query.get("target") or None,
        since=_since(query.get("since", "")),
    )
    page = await request.services.audit.page(
        request.caller.workspace_id,
        wanted,
        after=ULID_CURSOR.read(asked.after) if asked.after else None,
        limit=asked.limit,
    )
    after = None if page.after is None else ulid_text(page.after)
    meta = {"limit": asked.limit, "has_next": after is not None, "after": after}
    return Answer(encode({"meta": meta, "results": [_entry_object(entry) for entry in page.entries]}))


def _since(text: str) -> datetime | None:
    try:
        return parse_since(text)
    except InvalidRequest as error:
        raise InvalidRequest(f"{error.message}; in a URL, write the plus sign as %2B", code=error.code) from error


def _entry_object(entry: AuditEntry) -> dict[str, object]:
    actor = entry.actor
    return {
        "id": ulid_text(entry.audit_id),
        "created_at": timestamp(recorded_at(entry)),
        "action": entry.action,
        "target": {"id": entry.target_id, **({"object_type": entry.target_type} if entry.target_type != USERS else {})},
        "actor": {"kind": actor.kind.value, "name": actor.name},
        "user_agent": actor.user_agent,
        "address": actor.address,
        "request_id": actor.request_id,
        "count": entry.count,
        "detail": msgspec.Raw(entry.detail.encode()),
    }


HANDLERS = (list_audit,)
