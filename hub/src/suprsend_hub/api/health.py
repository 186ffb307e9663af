"""`/healthz`: the process is alive. `/readyz`: the database can be used, and this version works on its schema.

Both answer HEAD as well, which monitors and load balancers send.
"""

import msgspec
from litestar import HttpMethod, route

from suprsend_hub.api.answers import Answer
from suprsend_hub.api.requests import ApiRequest

_METHODS = [HttpMethod.GET, HttpMethod.HEAD]


@route("/healthz", http_method=_METHODS, sync_to_thread=False)
def healthz(request: ApiRequest) -> Answer:
    """Answer 200 while the process is alive."""
    return _answer(request, b'{"status":"ok"}', 200)


@route("/readyz", http_method=_METHODS)
async def readyz(request: ApiRequest) -> Answer:
    """Answer 200 if requests can be served, else 503 with the reasons."""
    report = await request.services.health.check()
    body = msgspec.json.encode({"status": "ok" if report.ready else "unavailable", "checks": report.checks})
    return _answer(request, body, 200 if report.ready else 503)


def _answer(request: ApiRequest, body: bytes, status: int) -> Answer:
    return Answer(b"" if request.method == HttpMethod.HEAD else body, status)
