"""`/openapi.yaml`: the OpenAPI document. `contract/openapi.yaml` is written by hand and shipped with the package."""

from importlib.resources import files

from litestar import get

from suprsend_hub.api.answers import Answer

_DOCUMENT = files("suprsend_hub.api").joinpath("openapi.yaml")


@get("/openapi.yaml", sync_to_thread=False)
def document() -> Answer:
    """Return the OpenAPI document."""
    return Answer(_DOCUMENT.read_bytes(), content_type="application/yaml")
