"""`/openapi.yaml`: the OpenAPI document, written by hand in `contract/openapi.yaml` and shipped with the package."""

from importlib.resources import files

from litestar import get

from suprsend_hub.api.answers import Answer

_DOCUMENT = files("suprsend_hub.api").joinpath("openapi.yaml")


@get("/openapi.yaml", sync_to_thread=False)
def document() -> Answer:
    """The description of this API."""
    return Answer(_DOCUMENT.read_bytes(), content_type="application/yaml")
