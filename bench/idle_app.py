"""The hub's server and framework doing nothing: what single edits and reads are measured against."""

from litestar import Litestar, MediaType, Request, Response, get, post
from suprsend_hub.api.routing import raw_path_routing

USER = b'{"distinct_id":"user-00000001","properties":{},"created_at":"","updated_at":""}'


@post("/event/", status_code=202, media_type=MediaType.TEXT)
async def event(request: Request) -> Response[bytes]:
    await request.body()
    return Response(b"OK", status_code=202, media_type=MediaType.TEXT)


@get("/v1/user/{distinct_id:str}/", media_type=MediaType.JSON)
async def user(distinct_id: str) -> Response[bytes]:  # noqa: ARG001 - the route's
    return Response(USER, media_type=MediaType.JSON)


@get("/healthz", sync_to_thread=False)
def healthz() -> str:
    return "ok"


def create_app() -> object:
    return raw_path_routing(Litestar([event, user, healthz], openapi_config=None, logging_config=None))
