"""Serve the console's stylesheet, script and icon under names that contain a hash of their content.

A browser may cache them forever, because changed content gets a new name.
"""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import NotFound

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HASH_CHARS = 12


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    zipped: bytes
    media_type: str


def _load() -> tuple[dict[str, str], dict[str, _Asset]]:
    urls: dict[str, str] = {}
    assets: dict[str, _Asset] = {}
    for file in files("suprsend_hub.console").joinpath("static").iterdir():
        stem, _, suffix = file.name.rpartition(".")
        if suffix in _TYPES:
            content = file.read_bytes()
            name = f"{stem}.{hashlib.sha256(content).hexdigest()[:_HASH_CHARS]}.{suffix}"
            assets[name] = _Asset(content, gzip.compress(content, mtime=0), _TYPES[suffix])
            urls[file.name] = f"/console/assets/{name}"
    return urls, assets


_URLS, _ASSETS = _load()


def asset(name: str) -> str:
    """Return the path of an asset by its plain name, for templates; KeyError if there is no such asset."""
    return _URLS[name]


@get("/assets/{name:str}")
async def get_asset(name: FromPath[str], request: Request[None, None, State]) -> Response[bytes]:
    """Return an asset by its name with the hash."""
    found = _ASSETS.get(name)
    if found is None:
        raise NotFound("File not found. Load the page again.", code=Code.ASSET_NOT_FOUND)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    content = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = found.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=found.media_type, headers=headers)
