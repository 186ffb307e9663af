"""`/v1/user/`: pages and search, read, upsert, synchronous edit, delete, and what a user is subscribed to."""

from litestar import MediaType, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from suprsend_hub.api.objects import bulk_ids
from suprsend_hub.api.rendering import membership_object, page_json, parent_object, profile_summary, user_json
from suprsend_hub.api.requests import Caller, HubRequest
from suprsend_hub.api.routing import segment
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id
from suprsend_hub.domain.operation import check_patch, upsert_operations
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.lists import ListService
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.recipients import SEARCH_COUNT_CAP, RecipientService
from suprsend_hub.service.subscriptions import SubscriptionService

_MAX_PREFIX_CHARS = 255


def _key(caller: Caller, distinct_id: str) -> RecipientKey:
    return RecipientKey.user(caller.workspace_id, check_distinct_id(segment(distinct_id, "distinct_id")))


@get("/v1/user/", media_type=MediaType.JSON)
async def list_users(
    caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService], request: HubRequest
) -> Response[bytes]:
    """A page of users, newest first; with `?search=` those whose id starts with it, in order of id."""
    query = request.query_params
    page_request = PageRequest.parse(query)
    prefix = query.get("search", "")
    if not prefix:
        page = await recipients.page(caller.workspace_id, page_request)
        return Response(page_json(page, profile_summary), media_type=MediaType.JSON)
    if len(prefix) > _MAX_PREFIX_CHARS or "\x00" in prefix:
        raise InvalidRequest(f"search takes at most {_MAX_PREFIX_CHARS} characters and no NUL", code="invalid_search")
    page = await recipients.search(caller.workspace_id, prefix, page_request)
    capped = {"count_capped": page.count >= SEARCH_COUNT_CAP}
    return Response(page_json(page, profile_summary, capped), media_type=MediaType.JSON)


@get("/v1/user/{distinct_id:str}/", media_type=MediaType.JSON)
async def get_user(
    caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService], distinct_id: FromPath[str]
) -> Response[bytes]:
    """One user with all channels; 404 if unknown."""
    return Response(user_json(await recipients.get(_key(caller, distinct_id))), media_type=MediaType.JSON)


@post("/v1/user/{distinct_id:str}/", status_code=201, media_type=MediaType.JSON)
async def upsert_user(
    caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService], distinct_id: FromPath[str]
) -> Response[bytes]:
    """Create or update: properties are merged key by key, channel values added. 201 in both cases, as upstream."""
    user = await recipients.edit(
        _key(caller, distinct_id),
        upsert_operations(caller.json() if caller.body else {}),
        source=caller.source,
        insert_key=caller.idempotency_key,
        size_bytes=len(caller.body),
    )
    return Response(user_json(user), status_code=201, media_type=MediaType.JSON)


@patch("/v1/user/{distinct_id:str}/", status_code=202, media_type=MediaType.JSON)
async def edit_user(
    caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService], distinct_id: FromPath[str]
) -> Response[bytes]:
    """Apply operations, all or none; creates an unknown user. 202 with the user after the edit, as upstream."""
    user = await recipients.edit(
        _key(caller, distinct_id),
        check_patch(caller.json() if caller.body else {}),
        source=caller.source,
        insert_key=caller.idempotency_key,
        size_bytes=len(caller.body),
    )
    return Response(user_json(user), status_code=202, media_type=MediaType.JSON)


@delete("/v1/user/{distinct_id:str}/", status_code=204)
async def delete_user(
    caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService], distinct_id: FromPath[str]
) -> None:
    """Delete for good, with subscriptions and list memberships; 404 if unknown."""
    await recipients.delete(_key(caller, distinct_id))


@delete("/v1/bulk/user/", status_code=204)
async def bulk_delete_users(caller: NamedDependency[Caller], recipients: NamedDependency[RecipientService]) -> None:
    """Delete several users in one transaction; unknown ones are skipped."""
    ids = bulk_ids(caller.json() if caller.body else {}, "distinct_ids")
    keys = [
        RecipientKey.user(caller.workspace_id, check_distinct_id(item, f"distinct_ids[{index}]"))
        for index, item in enumerate(ids)
    ]
    await recipients.bulk_delete(keys)


@get("/v1/user/{distinct_id:str}/subscribed_to/object/", media_type=MediaType.JSON)
async def list_objects_of_user(
    caller: NamedDependency[Caller],
    subscriptions: NamedDependency[SubscriptionService],
    distinct_id: FromPath[str],
    request: HubRequest,
) -> Response[bytes]:
    """A page of the objects that a user is subscribed to, oldest first."""
    page = await subscriptions.page_of_subscriber(_key(caller, distinct_id), PageRequest.parse(request.query_params))
    return Response(page_json(page, parent_object), media_type=MediaType.JSON)


@get("/v1/user/{distinct_id:str}/subscribed_to/list/", media_type=MediaType.JSON)
async def list_lists_of_user(
    caller: NamedDependency[Caller],
    lists: NamedDependency[ListService],
    distinct_id: FromPath[str],
    request: HubRequest,
) -> Response[bytes]:
    """A page of the lists that a user is a member of, oldest first."""
    key = _key(caller, distinct_id)
    page = await lists.page_of_user(caller.workspace_id, key.recipient_id, PageRequest.parse(request.query_params))
    return Response(page_json(page, membership_object), media_type=MediaType.JSON)


HANDLERS = (
    list_users,
    get_user,
    upsert_user,
    edit_user,
    delete_user,
    bulk_delete_users,
    list_objects_of_user,
    list_lists_of_user,
)
