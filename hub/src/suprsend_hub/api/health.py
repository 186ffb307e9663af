"""`/healthz`: the process answers. `/readyz`: so does the database, which has a schema that this version works on."""

import msgspec
from litestar import get

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.requests import ApiRequest


@get("/healthz", sync_to_thread=False)
def healthz() -> Answer:
    """Whether the process is alive."""
    return Answer(b'{"status":"ok"}')


@get("/readyz")
async def readyz(request: ApiRequest) -> Answer:
    """Whether requests can be served; 503 with the reasons otherwise."""
    report = await request.services.health.check()
    body = msgspec.json.encode({"status": "ok" if report.ready else "unavailable", "checks": report.checks})
    return Answer(body, 200 if report.ready else 503)
