"""The OpenAPI document: valid, complete in both directions, served, and its examples are what the hub answers.

That every answer fits its schema is checked by the client of `support` in all API tests.
"""

import re
from collections.abc import Iterator

import pytest
import schemathesis
from jsonschema import ValidationError
from suprsend_hub.app import build_app
from suprsend_hub.service.services import Services

from .support import (
    DOCUMENT_PATH,
    METHODS,
    ApiClient,
    document,
    escaped,
    resolve,
    validator,
)


def operations() -> Iterator[tuple[str, str, dict]]:
    """Path template, method and description of every operation."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def nodes(value: object, pointer: str = "") -> Iterator[tuple[str, dict]]:
    """Every object inside the document with its pointer."""
    if isinstance(value, dict):
        yield pointer, value
        for key, child in value.items():
            yield from nodes(child, f"{pointer}/{escaped(str(key))}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from nodes(child, f"{pointer}/{index}")


def test_the_document_is_valid_openapi() -> None:
    assert document()["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document()).validate()


def test_references_lead_somewhere_and_every_component_is_used() -> None:
    references = {node["$ref"] for _, node in nodes(document()) if "$ref" in node}
    for reference in references:
        resolve({"$ref": reference}, "")
    components = {
        f"#/components/{kind}/{name}"
        for kind, items in document()["components"].items()
        if kind != "securitySchemes"
        for name in items
    }
    assert components == references


def test_operation_ids_are_unique_and_path_parameters_are_declared() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    for path, item in document()["paths"].items():
        declared = [resolve(parameter, "")[0] for parameter in item.get("parameters", [])]
        assert [p["name"] for p in declared if p["in"] == "path"] == re.findall(r"\{(\w+)\}", path)


@pytest.mark.anyio
async def test_routes_and_document_agree_in_both_directions(hub: Services) -> None:
    served = {
        (re.sub(r":\w+\}", "}", route.path).rstrip("/"), method.lower())
        for route in build_app(hub).routes
        for handler in route.route_handlers
        if handler.fn.__module__.startswith("suprsend_hub.api")  # the console's pages are not part of the API
        for method in handler.http_methods
    }
    heads = {route for route in served if route[1] == "head"}
    assert heads <= {(path, "head") for path, method in served if method == "get"}  # says what GET says
    served -= heads
    documented = {(path.rstrip("/"), method) for path, method, _ in operations()}
    assert documented == served


def test_every_operation_that_needs_credentials_documents_what_can_go_wrong() -> None:
    for path, method, operation in operations():
        expected = {"500"} if operation.get("security") == [] else {"400", "401", "403", "413", "500", "503"}
        assert expected <= set(operation["responses"]), f"{method} {path}"
        for status in operation["responses"]:
            if int(status) >= 400 and path != "/readyz":
                response, _ = resolve(operation["responses"][status], "")
                assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_every_body_has_an_example_and_every_example_fits_its_schema() -> None:
    checked = 0
    for pointer, node in nodes(document()):
        if "content" not in node or "/schemas/" in pointer:
            continue
        for media_type, content in node["content"].items():
            examples = [example["value"] for example in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            if media_type == "application/json" and not pointer.endswith("subscriber_list~1/get/responses/200"):
                assert examples, f"{pointer} has no example"
            for example in examples:
                validator(f"{pointer}/content/{escaped(media_type)}/schema").validate(example)
                checked += 1
    assert checked > 30


def test_the_judge_refuses_an_undescribed_key_and_a_wrong_type() -> None:
    """The validation behind all API tests can fail."""
    user = document()["components"]["responses"]["User"]["content"]["application/json"]["examples"]["full"]["value"]
    schema = validator("/components/schemas/User")
    schema.validate(user)
    for wrong in (
        user | {"surprise": 1},
        user | {"$email": [{"value": 1, "status": "active", "perma_status": "active"}]},
        user | {"created_at": "2025-04-04 21:37:36"},
        {key: value for key, value in user.items() if key != "updated_at"},
    ):
        with pytest.raises(ValidationError):
            schema.validate(wrong)


@pytest.mark.anyio
@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_document_and_the_health_paths_need_no_credentials(stranger: ApiClient, slash: str) -> None:
    served = await stranger.get(f"/openapi.yaml{slash}")
    assert served.status_code == 200
    assert served.content == DOCUMENT_PATH.read_bytes()
    assert (await stranger.get(f"/healthz{slash}")).json() == {"status": "ok"}
    ready = await stranger.get(f"/readyz{slash}")
    assert ready.status_code == 200
    assert ready.json()["checks"]["database"] == "ok"


def documented_error(name: str, example: str | None = None) -> dict:
    content = document()["components"]["responses"][name]["content"]["application/json"]
    return content["example"] if example is None else content["examples"][example]["value"]


@pytest.mark.anyio
async def test_documented_errors_are_what_the_hub_answers(a: ApiClient, stranger: ApiClient) -> None:
    lists, version = "/v1/subscriber_list", "01JR0WV5DG8W1Q2JB3N4M5P6R7"
    assert (await stranger.get("/v1/user/")).json() == documented_error("Unauthorized")
    assert (await a.get("/v1/user/user-1/")).json() == documented_error("UserNotFound")
    assert (await a.get("/v1/object/departments/engineering/")).json() == documented_error("ObjectNotFound")
    assert (await a.get(f"{lists}/product_updates/")).json() == documented_error("ListNotFound")
    assert (await a.patch("/v1/user/user-1/", {})).json() == documented_error("BadRequest", "empty body")
    bad_number = {"operations": [{"$append": {"$sms": "12"}}]}
    assert (await a.patch("/v1/user/user-1/", bad_number)).json() == documented_error("BadRequest", "bad channel value")
    too_large = await a.request("POST", "/v1/user/user-1/", b" " * 1_048_577)
    assert too_large.json() == documented_error("TooLarge")
    await a.post(f"{lists}/", {"list_id": "product_updates"})
    assert (await a.get(f"{lists}/product_updates/version/{version}/")).json() == documented_error("VersionNotFound")
    tenant = {"distinct_id": "user-1", "tenant_id": "acme", "$user_operations": []}
    expected = document()["paths"]["/event/"]["post"]["responses"]["404"]["content"]["application/json"]["example"]
    assert (await a.post("/event/", tenant)).json() == expected
