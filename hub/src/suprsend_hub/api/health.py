"""`/healthz`: the process answers. `/readyz`: the database answers too, and has this version's schema."""

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency

from suprsend_hub.service.health import HealthService


@get("/healthz", media_type=MediaType.JSON, sync_to_thread=False)
def healthz() -> Response[bytes]:
    """Whether the process is alive."""
    return Response(b'{"status":"ok"}', media_type=MediaType.JSON)


@get("/readyz", media_type=MediaType.JSON)
async def readyz(health: NamedDependency[HealthService]) -> Response[bytes]:
    """Whether requests can be served; 503 with the reasons otherwise."""
    report = await health.check()
    body = msgspec.json.encode({"status": "ok" if report.ready else "unavailable", "checks": report.checks})
    return Response(body, status_code=200 if report.ready else 503, media_type=MediaType.JSON)
