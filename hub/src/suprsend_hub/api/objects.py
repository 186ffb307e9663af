"""`/v1/object/`: objects, their subscriptions, and what they are subscribed to."""

from collections.abc import Mapping

from litestar import MediaType, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.api.rendering import (
    object_json,
    object_object,
    page_json,
    parent_object,
    results_json,
    subscriber_object,
)
from suprsend_hub.api.requests import Caller, HubRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_object_id, check_object_type
from suprsend_hub.domain.operation import check_patch, upsert_operations
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.subscription import parse_recipients, parse_subscribe
from suprsend_hub.domain.wire import Json
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.subscriptions import SubscriptionService

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


@get("/v1/object/{object_type:str}/", media_type=MediaType.JSON)
async def list_objects(
    caller: NamedDependency[Caller],
    recipients: NamedDependency[RecipientService],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    request: HubRequest,
) -> Response[bytes]:
    """A page of the objects of a type, newest first, channels included."""
    kind = check_object_type(segment(object_type, "object_type"))
    page = await recipients.page(caller.workspace_id, PageRequest.parse(request.query_params), object_type=kind)
    counts = await subscriptions.count_of([row.key for row in page.rows])
    return Response(page_json(page, lambda row: object_object(row, counts[row.key])), media_type=MediaType.JSON)


@get("/v1/object/{object_type:str}/{object_id:str}/", media_type=MediaType.JSON)
async def get_object(
    caller: NamedDependency[Caller],
    recipients: NamedDependency[RecipientService],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
) -> Response[bytes]:
    """One object; 404 if unknown."""
    key = _key(caller, object_type, object_id)
    row = await recipients.get(key)
    return Response(object_json(row, (await subscriptions.count_of([key]))[key]), media_type=MediaType.JSON)


@post("/v1/object/{object_type:str}/{object_id:str}/", status_code=201, media_type=MediaType.JSON)
async def upsert_object(
    caller: NamedDependency[Caller],
    recipients: NamedDependency[RecipientService],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
) -> Response[bytes]:
    """Create or update, as for users. 201 in both cases."""
    key = _key(caller, object_type, object_id)
    row = await recipients.edit(
        key,
        upsert_operations(caller.json() if caller.body else {}),
        source=caller.source,
        insert_key=caller.idempotency_key,
        size_bytes=len(caller.body),
    )
    count = (await subscriptions.count_of([key]))[key]
    return Response(object_json(row, count), status_code=201, media_type=MediaType.JSON)


@patch("/v1/object/{object_type:str}/{object_id:str}/", status_code=200, media_type=MediaType.JSON)
async def edit_object(
    caller: NamedDependency[Caller],
    recipients: NamedDependency[RecipientService],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
) -> Response[bytes]:
    """Apply operations, all or none; creates an unknown object. 200, where users have 202, as upstream."""
    key = _key(caller, object_type, object_id)
    row = await recipients.edit(
        key,
        check_patch(caller.json() if caller.body else {}),
        source=caller.source,
        insert_key=caller.idempotency_key,
        size_bytes=len(caller.body),
    )
    return Response(object_json(row, (await subscriptions.count_of([key]))[key]), media_type=MediaType.JSON)


@delete("/v1/object/{object_type:str}/{object_id:str}/", status_code=204)
async def delete_object(
    caller: NamedDependency[Caller],
    recipients: NamedDependency[RecipientService],
    object_type: FromPath[str],
    object_id: FromPath[str],
) -> None:
    """Delete for good, with the subscriptions of and to the object; 404 if unknown."""
    await recipients.delete(_key(caller, object_type, object_id))


@delete("/v1/bulk/object/{object_type:str}/", status_code=204)
async def bulk_delete_objects(
    caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService], object_type: FromPath[str]
) -> None:
    """Delete several objects of a type in one transaction; unknown ones are skipped."""
    kind = check_object_type(segment(object_type, "object_type"))
    ids = bulk_ids(caller.json() if caller.body else {}, "object_ids")
    keys = [
        RecipientKey(caller.workspace_id, kind, check_object_id(item, f"object_ids[{index}]"))
        for index, item in enumerate(ids)
    ]
    await recipients.bulk_delete(keys)


@post("/v1/object/{object_type:str}/{object_id:str}/subscription/", status_code=200, media_type=MediaType.JSON)
async def create_subscriptions(
    caller: NamedDependency[Caller],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
) -> Response[bytes]:
    """Subscribe up to 100 recipients; unknown ones are created."""
    parent = _key(caller, object_type, object_id)
    views = await subscriptions.create(parent, parse_subscribe(caller.json()), source=caller.source)
    return Response(results_json(views, subscriber_object), media_type=MediaType.JSON)


@get("/v1/object/{object_type:str}/{object_id:str}/subscription/", media_type=MediaType.JSON)
async def list_subscriptions(
    caller: NamedDependency[Caller],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
    request: HubRequest,
) -> Response[bytes]:
    """A page of an object's subscribers, newest first."""
    page = await subscriptions.page(_key(caller, object_type, object_id), PageRequest.parse(request.query_params))
    return Response(page_json(page, subscriber_object), media_type=MediaType.JSON)


@delete("/v1/object/{object_type:str}/{object_id:str}/subscription/", status_code=204)
async def delete_subscriptions(
    caller: NamedDependency[Caller],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
    request: HubRequest,
) -> None:
    """End subscriptions. The recipients are in the body, or, without one, comma-separated in `?recipients=`."""
    body = caller.json() if caller.body else _recipients_of_query(request.query_params)
    if type(body) is not dict:
        raise InvalidRequest("the body must be an object with `recipients`", code="invalid_body")
    recipients = parse_recipients(body.get("recipients"))
    await subscriptions.delete(_key(caller, object_type, object_id), recipients)


def _recipients_of_query(query: Mapping[str, str]) -> dict[str, Json]:
    text = query.get("recipients", "")
    return {"recipients": [item for item in text.split(",") if item.strip()]} if text else {}


@get("/v1/object/{object_type:str}/{object_id:str}/subscribed_to/object/", media_type=MediaType.JSON)
async def list_parents_of_object(
    caller: NamedDependency[Caller],
    subscriptions: NamedDependency[SubscriptionService],
    object_type: FromPath[str],
    object_id: FromPath[str],
    request: HubRequest,
) -> Response[bytes]:
    """A page of the objects that an object is subscribed to, oldest first."""
    key = _key(caller, object_type, object_id)
    page = await subscriptions.page_of_subscriber(key, PageRequest.parse(request.query_params))
    return Response(page_json(page, parent_object), media_type=MediaType.JSON)


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
