"""`/hub/v1/user…`: what a sender looks up. Users by one of their addresses, and many users by id at once."""

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.merging import parse_address, parse_many
from suprsend_hub.api.handlers import get, post
from suprsend_hub.api.rendering import encode, unanswered, user_object
from suprsend_hub.api.requests import SCOPE, ApiRequest
from suprsend_hub.domain.actor import Scope


@get("/hub/v1/users/by_address/")
async def find_users_by_address(request: ApiRequest) -> Answer:
    """Return the users with an e-mail address or phone number, whether globally or for a tenant."""
    workspace_id, recipients = request.caller.workspace_id, request.services.recipients
    ids = await recipients.find_by_address(workspace_id, parse_address(request.query_params))
    found = await recipients.read_many(workspace_id, ids)
    results = [user_object(found.reached.stored[key]) for key in found.reached.recipients]
    return Answer(encode({"results": results, "not_read": found.not_read}))


@post("/hub/v1/user/read_many/", opt={SCOPE: Scope.READ})
async def read_many_users(request: ApiRequest) -> Answer:
    """Return the users with some ids, each once and in the order of the ids, and what became of the other ids."""
    found = await request.services.recipients.read_many(
        request.caller.workspace_id, parse_many(request.caller.json_or({}))
    )
    results = [user_object(found.reached.stored[key]) for key in found.reached.recipients]
    return Answer(encode({"results": results, **unanswered(found)}))


HANDLERS = (find_users_by_address, read_many_users)
