"""What the API tests share: clients that authenticate as official SDKs do, and the OpenAPI document as judge of answers.

The signature is written here from the wire contract alone, so that it cannot share a mistake with the hub.
"""

import copy
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

import httpx2
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT_PATH = Path(__file__).parents[3] / "contract" / "openapi.yaml"
BASE_URL = "http://hub.test"
CONTENT_TYPE = "application/json; charset=utf-8"
DATE = "Tue, 03 Jun 2025 10:00:00 GMT"
METHODS = ("get", "post", "put", "patch", "delete")

Authorize = Callable[[str, str, bytes], Mapping[str, str]]
"""From method, raw target and body to the headers that authenticate the request."""


def bearer(api_key: str) -> Authorize:
    """Scheme B: the API key alone."""
    return lambda _method, _target, _body: {"authorization": f"Bearer {api_key}"}


def signed(workspace_key: str, secret: str, *, content_type: str = CONTENT_TYPE, date: str = DATE) -> Authorize:
    """Scheme A, as the Python SDK sends it: an MD5 only where there is a body, the target as it is on the wire."""

    def authorize(method: str, target: str, body: bytes) -> Mapping[str, str]:
        digest = hashlib.md5(body).hexdigest() if body else ""
        text = f"{method}\n{digest}\n{content_type}\n{date}\n{target}"
        signature = b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
        return {"authorization": f"{workspace_key}:{signature}", "date": date, "content-type": content_type}

    return authorize


def nobody(_method: str, _target: str, _body: bytes) -> Mapping[str, str]:
    """No credentials at all."""
    return {}


def encode(body: object) -> bytes:
    """JSON as the Python SDK writes it."""
    return json.dumps(body, ensure_ascii=False).encode()


def segment(text: str) -> str:
    """One path segment, encoded as the Python SDK does."""
    return quote(text, safe="")


@dataclass(slots=True)
class ApiClient:
    """Sends requests to the hub of this test; every answer must be one that the OpenAPI document describes."""

    http: httpx2.AsyncClient
    authorize: Authorize
    statuses: list[int] = field(default_factory=list)

    async def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str | bytes] | None = None
    ) -> httpx2.Response:
        """Send `body` to a raw target (path and query, percent-encoded)."""
        url = httpx2.URL(BASE_URL + target)
        sent = {
            "content-type": CONTENT_TYPE,
            **self.authorize(method, url.raw_path.decode(), body),
            **(headers or {}),
        }
        answer = await self.http.request(method, url, content=body, headers=sent)
        self.statuses.append(answer.status_code)
        judge(method, url.raw_path.decode(), answer)
        return answer

    async def send(self, method: str, target: str, body: object = b"") -> httpx2.Response:
        """Send bytes as they are, anything else as JSON."""
        return await self.request(method, target, body if isinstance(body, bytes) else encode(body))

    async def get(self, target: str) -> httpx2.Response:
        return await self.request("GET", target)

    async def delete(self, target: str, body: object = None) -> httpx2.Response:
        return await self.request("DELETE", target, b"" if body is None else encode(body))

    async def post(self, target: str, body: object = None, **headers: str) -> httpx2.Response:
        return await self.request("POST", target, encode({} if body is None else body), headers)

    async def patch(self, target: str, body: object = None, **headers: str) -> httpx2.Response:
        return await self.request("PATCH", target, encode({} if body is None else body), headers)

    async def upsert(self, distinct_id: str, body: object = None) -> dict:
        """Create or update a user, which must succeed; the user."""
        answer = await self.post(f"/v1/user/{segment(distinct_id)}/", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def properties(self, distinct_id: str) -> dict | None:
        """The properties of a user, or None if there is no such user."""
        answer = await self.get(f"/v1/user/{segment(distinct_id)}/")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()["properties"]

    async def count(self) -> int:
        """How many users the workspace has."""
        return (await self.get("/v1/user/")).json()["meta"]["count"]


def assert_error(answer: httpx2.Response, status: int, error_code: str | None = None) -> dict:
    """The answer is an error of that status in the one shape; returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"code", "error_code", "type", "message", "detail"}
    assert body["code"] == status
    assert all(type(body[name]) is str and body[name] for name in ("error_code", "type", "message"))
    assert body["detail"]
    if error_code is not None:
        assert body["error_code"] == error_code, body
    return body


# The document as a judge ----------------------------------------------------------------------------------------------


@cache
def document() -> dict:
    """The OpenAPI document."""
    return yaml.safe_load(DOCUMENT_PATH.read_text(encoding="utf-8"))


@cache
def _strict_registry() -> Registry:
    """The document, in which objects have no other keys than the described ones, so that a forgotten key is found."""
    strict = copy.deepcopy(document())
    for schema in strict["components"]["schemas"].values():
        _close(schema)
    return Registry().with_resource("urn:openapi", Resource.from_contents(strict, default_specification=DRAFT202012))


def _close(schema: object) -> None:
    if not isinstance(schema, dict):
        return
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    for child in (*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", ())):
        _close(child)


@cache
def validator(pointer: str) -> Draft202012Validator:
    """Validates against the schema at a JSON pointer into the document."""
    return Draft202012Validator({"$ref": f"urn:openapi#{pointer}"}, registry=_strict_registry())


def find_path(path: str) -> str | None:
    """The path template of the document that a raw path belongs to."""
    given = path.removesuffix("/").split("/")
    for template in document()["paths"]:
        wanted = template.removesuffix("/").split("/")
        if len(wanted) == len(given) and all(
            part.startswith("{") or part == actual for part, actual in zip(wanted, given, strict=True)
        ):
            return template
    return None


def resolve(item: dict, pointer: str) -> tuple[dict, str]:
    """An item of the document and its pointer, a reference to a component followed."""
    if "$ref" not in item:
        return item, pointer
    pointer = item["$ref"].removeprefix("#")
    target = document()
    for part in pointer.split("/")[1:]:
        target = target[part]
    return target, pointer


def escaped(part: str) -> str:
    """A key as a step of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def judge(method: str, target: str, answer: httpx2.Response) -> None:
    """Fail unless the document describes this answer: its status, media type, required headers and body."""
    assert not 300 <= answer.status_code < 400, f"{method} {target} redirects"
    template = find_path(target.partition("?")[0])
    operation = document()["paths"].get(template, {}).get(method.lower())
    if operation is None:
        assert_error(answer, answer.status_code)
        assert answer.status_code in (404, 405)
        return
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {template} answers {status}, which is not documented"
    response, pointer = resolve(
        operation["responses"][status], f"/paths/{escaped(template)}/{method.lower()}/responses/{status}"
    )
    for name, header in response.get("headers", {}).items():
        assert name in answer.headers or not header.get("required"), f"{method} {template} {status} lacks {name}"
    if "content" not in response:
        assert answer.content == b"", f"{method} {template} {status} has a body"
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in response["content"], f"{method} {template} {status} is {media_type}"
    body = answer.json() if media_type == "application/json" else answer.text
    validator(f"{pointer}/content/{escaped(media_type)}/schema").validate(body)
