"""`/healthz`: the process answers. `/readyz`: so does the database, which has a schema that this version works on.

Both answer HEAD as well, which monitors and load balancers send.
"""

import msgspec
from litestar import HttpMethod, route

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.requests import ApiRequest

_METHODS = [HttpMethod.GET, HttpMethod.HEAD]


@route("/healthz", http_method=_METHODS, sync_to_thread=False)
def healthz(request: ApiRequest) -> Answer:
    """Whether the process is alive."""
    return _answer(request, b'{"status":"ok"}', 200)


@route("/readyz", http_method=_METHODS)
async def readyz(request: ApiRequest) -> Answer:
    """Whether requests can be served; 503 with the reasons otherwise."""
    report = await request.services.health.check()
    body = msgspec.json.encode({"status": "ok" if report.ready else "unavailable", "checks": report.checks})
    return _answer(request, body, 200 if report.ready else 503)


def _answer(request: ApiRequest, body: bytes, status: int) -> Answer:
    return Answer(b"" if request.method == HttpMethod.HEAD else body, status)
