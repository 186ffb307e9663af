"""Shared by the routes of users and of objects: apply edits, and answer with a recipient."""

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.rendering import object_json, user_json
from suprsend_hub.api.requests import ApiRequest
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.wire import Json


async def object_answer(request: ApiRequest, stored: StoredProfile, status: int = 200) -> Answer:
    """Answer with an object and its number of subscribers."""
    counts = await request.services.subscriptions.count_of([stored.key])
    return Answer(object_json(stored, counts[stored.key]), status)


async def apply_edit(request: ApiRequest, key: RecipientKey, operations: list[Json], status: int) -> Answer:
    """Apply operations, all or none, creating an unknown recipient; answer with the recipient after the edit."""
    caller = request.caller
    stored = await request.services.recipients.edit(
        caller.actor,
        key,
        operations,
        request=caller.request_key(key),
        size_bytes=len(caller.body),
    )
    return Answer(user_json(stored), status) if key.is_user else await object_answer(request, stored, status)
