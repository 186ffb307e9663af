"""The address of the hub: where it comes from, and whether requests can be sent to it. Reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from suprsend._errors import SuprsendConfigError

DEFAULT_BASE_URL = "http://127.0.0.1:7877/"
BASE_URL_VARIABLE = "SUPRSEND_BASE_URL"


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A usable base URL.

    Attributes:
        text: the whole, with a final slash.
        origin: scheme, host and port.
        prefix: path, with a slash at both ends; requests go below it.
    """

    text: str
    origin: str
    prefix: str


def resolve_base_url(argument: str | None) -> BaseUrl:
    """Return the base URL: the argument, else the environment, else the hub's default address.

    Raises:
        SuprsendConfigError: not an http(s) URL, or it contains a user name, a query or a fragment.
    """
    url = (argument or "").strip() or os.environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise SuprsendConfigError(
            f"base_url must be like {DEFAULT_BASE_URL}: scheme http or https, host, optional path"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise SuprsendConfigError("base_url must not contain a user name, a query or a fragment")
    text = url if url.endswith("/") else url + "/"
    parts = urlsplit(text)
    return BaseUrl(text, f"{parts.scheme}://{parts.netloc}", parts.path)
