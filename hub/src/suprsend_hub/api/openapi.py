"""`/openapi.yaml`: the OpenAPI document, written by hand in `contract/openapi.yaml` and shipped with the package."""

from importlib.resources import files

from litestar import Response, get

_DOCUMENT = files("suprsend_hub.api").joinpath("openapi.yaml")


@get("/openapi.yaml", media_type="application/yaml", sync_to_thread=False)
def document() -> Response[bytes]:
    """The description of this API."""
    return Response(_DOCUMENT.read_bytes(), media_type="application/yaml")
