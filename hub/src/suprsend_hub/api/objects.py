"""`/v1/object/`: objects, their subscriptions, and what they are subscribed to."""

from collections.abc import Mapping

from litestar import delete, get, patch, post
from litestar.params import FromPath

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.rendering import (
    object_json,
    object_object,
    page_json,
    parent_object,
    results_json,
    subscriber_object,
)
from suprsend_hub.api.requests import ApiRequest, Caller
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_object_id, check_object_type
from suprsend_hub.domain.operation import check_patch, upsert_operations
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscription import parse_recipients, parse_subscribe
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.pages import PageRequest

MAX_BULK_DELETE = 1000
"""Ids in one bulk deletion."""


def _key(caller: Caller, object_type: str, object_id: str) -> RecipientKey:
    return RecipientKey(
        caller.workspace_id,
        check_object_type(segment(object_type, "object_type")),
        check_object_id(segment(object_id, "object_id")),
    )


def bulk_ids(body: Json, field: str) -> list[Json]:
    """The ids of a bulk deletion; never "all" for a body without them."""
    ids = body.get(field) if type(body) is dict else None
    if type(ids) is not list:
        raise InvalidRequest(f"{field} is required", code="missing_ids")
    if len(ids) > MAX_BULK_DELETE:
        raise InvalidRequest(f"{field} has {len(ids)} ids; at most {MAX_BULK_DELETE} are possible", code="too_many_ids")
    return ids


@get("/v1/object/{object_type:str}/")
async def list_objects(request: ApiRequest, object_type: FromPath[str]) -> Answer:
    """A page of the objects of a type, newest first, channels included."""
    kind = check_object_type(segment(object_type, "object_type"))
    page = await request.services.recipients.page(
        request.caller.workspace_id, PageRequest.parse(request.query_params), object_type=kind
    )
    counts = await request.services.subscriptions.count_of([row.key for row in page.rows])
    return Answer(page_json(page, lambda row: object_object(row, counts[row.key])))


@get("/v1/object/{object_type:str}/{object_id:str}/")
async def get_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """One object; 404 if unknown."""
    key = _key(request.caller, object_type, object_id)
    row = await request.services.recipients.get(key)
    return Answer(object_json(row, (await request.services.subscriptions.count_of([key]))[key]))


@post("/v1/object/{object_type:str}/{object_id:str}/")
async def upsert_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Create or update, as for users. 201 in both cases."""
    key = _key(request.caller, object_type, object_id)
    row = await request.services.recipients.edit(
        key,
        upsert_operations(request.caller.json() if request.caller.body else {}),
        source=request.caller.source,
        insert_key=request.caller.idempotency_key,
        size_bytes=len(request.caller.body),
    )
    count = (await request.services.subscriptions.count_of([key]))[key]
    return Answer(object_json(row, count), 201)


@patch("/v1/object/{object_type:str}/{object_id:str}/")
async def edit_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Apply operations, all or none; creates an unknown object. 200, where users have 202, as upstream."""
    key = _key(request.caller, object_type, object_id)
    row = await request.services.recipients.edit(
        key,
        check_patch(request.caller.json() if request.caller.body else {}),
        source=request.caller.source,
        insert_key=request.caller.idempotency_key,
        size_bytes=len(request.caller.body),
    )
    return Answer(object_json(row, (await request.services.subscriptions.count_of([key]))[key]))


@delete("/v1/object/{object_type:str}/{object_id:str}/", status_code=204)
async def delete_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> None:
    """Delete for good, with the subscriptions of and to the object; 404 if unknown."""
    await request.services.recipients.delete(_key(request.caller, object_type, object_id))


@delete("/v1/bulk/object/{object_type:str}/", status_code=204)
async def bulk_delete_objects(request: ApiRequest, object_type: FromPath[str]) -> None:
    """Delete several objects of a type in one transaction; unknown ones are skipped."""
    kind = check_object_type(segment(object_type, "object_type"))
    ids = bulk_ids(request.caller.json() if request.caller.body else {}, "object_ids")
    keys = [
        RecipientKey(request.caller.workspace_id, kind, check_object_id(item, f"object_ids[{index}]"))
        for index, item in enumerate(ids)
    ]
    await request.services.recipients.bulk_delete(request.caller.workspace_id, keys)


@post("/v1/object/{object_type:str}/{object_id:str}/subscription/")
async def create_subscriptions(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """Subscribe up to 100 recipients; unknown ones are created."""
    parent = _key(request.caller, object_type, object_id)
    views = await request.services.subscriptions.create(
        parent, parse_subscribe(request.caller.json()), source=request.caller.source
    )
    return Answer(results_json(views, subscriber_object))


@get("/v1/object/{object_type:str}/{object_id:str}/subscription/")
async def list_subscriptions(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """A page of an object's subscribers, newest first."""
    page = await request.services.subscriptions.page(
        _key(request.caller, object_type, object_id), PageRequest.parse(request.query_params)
    )
    return Answer(page_json(page, subscriber_object))


@delete("/v1/object/{object_type:str}/{object_id:str}/subscription/", status_code=204)
async def delete_subscriptions(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> None:
    """End subscriptions. The recipients are in the body, or, without one, comma-separated in `?recipients=`."""
    body = request.caller.json() if request.caller.body else _recipients_of_query(request.query_params)
    if type(body) is not dict:
        raise InvalidRequest("the body must be an object with `recipients`", code="invalid_body")
    recipients = parse_recipients(body.get("recipients"))
    await request.services.subscriptions.delete(_key(request.caller, object_type, object_id), recipients)


def _recipients_of_query(query: Mapping[str, str]) -> dict[str, Json]:
    text = query.get("recipients", "")
    return {"recipients": [item for item in text.split(",") if item.strip()]} if text else {}


@get("/v1/object/{object_type:str}/{object_id:str}/subscribed_to/object/")
async def list_parents_of_object(request: ApiRequest, object_type: FromPath[str], object_id: FromPath[str]) -> Answer:
    """A page of the objects that an object is subscribed to, oldest first."""
    key = _key(request.caller, object_type, object_id)
    page = await request.services.subscriptions.page_of_subscriber(key, PageRequest.parse(request.query_params))
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
