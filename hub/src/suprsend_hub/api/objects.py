"""`/v1/object/`: objects, their subscribers, and the objects that they are subscribed to."""

from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.bodies.page import parse_page
from suprsend_hub.api.bodies.profile import parse_ids, parse_patch, parse_upsert
from suprsend_hub.api.bodies.subscription import parse_recipients, parse_subscribe, recipients_of_query
from suprsend_hub.api.handlers import delete, get, patch, post
from suprsend_hub.api.recipients import apply_edit, object_answer
from suprsend_hub.api.rendering import (
    object_object,
    page_json,
    parent_object,
    results_json,
    subscriber_object,
)
from suprsend_hub.api.requests import BINDS_KEY, ApiRequest, Caller
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_new_id, check_object_id, check_object_type
from suprsend_hub.domain.recipient import RecipientKey


def _key(caller: Caller, object_type: str, object_id: str) -> RecipientKey:
    return RecipientKey(
        caller.workspace_id,
        check_object_type(segment(object_type, "object_type")),
        check_object_id(segment(object_id, "object_id")),
    )


def _new_key(caller: Caller, object_type: str, object_id: str) -> RecipientKey:
    """Return the key of an object that is created if it does not exist."""
    key = _key(caller, object_type, object_id)
    check_new_id(key.object_type, "object_type")
    check_new_id(key.recipient_id, "object_id")
    return key


@get("/v1/object/{object_type:str}/")
async def list_objects(request: ApiRequest, object_type: FromPath[str]) -> Answer:
    """Return a page of the objects of a type, newest first, with channels."""
    kind = check_object_type(segment(object_type, "object_type"))
    page = await request.services.recipients.page(
        request.caller.workspace_id, parse_page(request.query_params), object_type=kind
    )
    counts = await request.services.subscriptions.count_of([row.key for row in page.rows])
    return Answer(page_json(page, lambda row: object_object(row, counts[row.key])))


@get("/v1/object/{object_type:str}/{object_id:str}/")
async def get_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Return one object; 404 if unknown."""
    key = _key(request.caller, object_type, object_id)
    return await object_answer(request, await request.services.recipients.get(key))


@post("/v1/object/{object_type:str}/{object_id:str}/", opt={BINDS_KEY: True})
async def upsert_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Create or update an object, as for users. 201 in both cases."""
    key = _new_key(request.caller, object_type, object_id)
    return await apply_edit(request, key, parse_upsert(request.caller.json_or({})), 201)


@patch("/v1/object/{object_type:str}/{object_id:str}/", opt={BINDS_KEY: True})
async def edit_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Apply operations, all or none, and create an unknown object. 200 as upstream, where users get 202."""
    key = _new_key(request.caller, object_type, object_id)
    return await apply_edit(request, key, parse_patch(request.caller.json_or({})), 200)


@delete("/v1/object/{object_type:str}/{object_id:str}/", status_code=204)
async def delete_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> None:
    """Delete an object and the subscriptions to and of it; 404 if unknown."""
    await request.services.recipients.delete(request.caller.actor, _key(request.caller, object_type, object_id))


@delete("/v1/bulk/object/{object_type:str}/", status_code=204)
async def bulk_delete_objects(request: ApiRequest, object_type: FromPath[str]) -> None:
    """Delete several objects of a type in one transaction; skip unknown ones."""
    kind = check_object_type(segment(object_type, "object_type"))
    ids = parse_ids(request.caller.json_or({}), "object_ids", check_object_id)
    keys = [RecipientKey(request.caller.workspace_id, kind, object_id) for object_id in ids]
    await request.services.recipients.bulk_delete(request.caller.actor, request.caller.workspace_id, keys)


@post("/v1/object/{object_type:str}/{object_id:str}/subscription/")
async def create_subscriptions(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Subscribe up to 100 recipients; create unknown ones."""
    parent = _new_key(request.caller, object_type, object_id)
    views = await request.services.subscriptions.create(
        request.caller.actor, parent, parse_subscribe(request.caller.json()), size_bytes=len(request.caller.body)
    )
    return Answer(results_json(views, subscriber_object))


@get("/v1/object/{object_type:str}/{object_id:str}/subscription/")
async def list_subscriptions(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Return a page of an object's subscribers, newest first."""
    page = await request.services.subscriptions.page(
        _key(request.caller, object_type, object_id), parse_page(request.query_params)
    )
    return Answer(page_json(page, subscriber_object))


@delete("/v1/object/{object_type:str}/{object_id:str}/subscription/", status_code=204)
async def delete_subscriptions(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> None:
    """End subscriptions. The recipients are in the body or, without a body, comma-separated in `?recipients=`."""
    body = request.caller.json_or(recipients_of_query(request.query_params))
    if type(body) is not dict:
        raise InvalidRequest("the body must be an object with `recipients`", code=Code.INVALID_BODY)
    recipients = parse_recipients(body.get("recipients"))
    parent = _key(request.caller, object_type, object_id)
    await request.services.subscriptions.delete(request.caller.actor, parent, recipients)


@get("/v1/object/{object_type:str}/{object_id:str}/subscribed_to/object/")
async def list_parents_of_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Return a page of the objects that an object is subscribed to, oldest first."""
    key = _key(request.caller, object_type, object_id)
    page = await request.services.subscriptions.page_of_subscriber(key, parse_page(request.query_params))
    return Answer(page_json(page, parent_object))


HANDLERS = (
    list_objects,
    get_object,
    upsert_object,
    edit_object,
    delete_object,
    bulk_delete_objects,
    create_subscriptions,
    list_subscriptions,
    delete_subscriptions,
    list_parents_of_object,
)
