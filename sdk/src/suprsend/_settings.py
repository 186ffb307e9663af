"""What a client is told when it is made, checked; headers and signature follow from it. Reads the environment."""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from suprsend._errors import SuprsendConfigError
from suprsend._limits import CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from suprsend._signature import http_date, sign
from suprsend._version import SDK_NAME, __version__

if TYPE_CHECKING:
    from suprsend._types import AppInfo

DEFAULT_BASE_URL = "http://127.0.0.1:7877/"
BASE_URL_VARIABLE = "SUPRSEND_BASE_URL"
CONTENT_TYPE = "application/json; charset=utf-8"
DEFAULT_TIMEOUT_S = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)

_TEXT_MAP = {ord(c): None for c in "\r\n\0"}


def resolve_base_url(argument: str | None) -> str:
    """Return the base URL with its final slash: the argument, else the environment, else the hub's default address.

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
    return url if url.endswith("/") else url + "/"


def credential(value: object, name: str) -> str:
    """Return a credential.

    Raises:
        SuprsendConfigError: it is missing, or cannot travel in a header. The message does not contain it.
    """
    if not value:
        raise SuprsendConfigError(f"Missing {name}")
    if not isinstance(value, str):
        raise SuprsendConfigError(f"{name} must be a string, not {type(value).__name__}")
    if not value.isprintable():
        raise SuprsendConfigError(f"{name} contains a line break or another control character")
    return value


def timeouts(timeout: float | tuple[float, float] | None) -> tuple[float, float]:
    """Return connect and read timeout in seconds; one number is the read timeout and caps the connect timeout."""
    if timeout is None:
        return DEFAULT_TIMEOUT_S
    connect, read = timeout if isinstance(timeout, tuple) else (min(CONNECT_TIMEOUT_S, timeout), timeout)
    if connect <= 0 or read <= 0:
        raise SuprsendConfigError("timeout must be a positive number of seconds, or a pair (connect, read) of them")
    return float(connect), float(read)


def user_agent(app_info: AppInfo | None) -> str:
    """Return the user agent, which identity events carry too."""
    agent = f"{SDK_NAME}/{__version__} (python/{platform.python_version()}; {sys.platform})"
    name = _header_text((app_info or {}).get("name"))
    if not name:
        return agent
    version = _header_text((app_info or {}).get("version"))
    return f"{agent} ({name}/{version})" if version else f"{agent} ({name})"


def client_user_agent(app_info: AppInfo | None) -> str:
    """Return the JSON that describes the client in ``X-Suprsend-Client-User-Agent``."""
    return json.dumps(
        {
            "sdk": SDK_NAME,
            "sdk_version": __version__,
            "lang": "python",
            "lang_version": platform.python_version(),
            "platform": "server",
            "os": sys.platform,
            "os_version": platform.release(),
            "app_info": app_info,
        }
    )


def _header_text(value: object) -> str:
    return str(value or "").translate(_TEXT_MAP).encode("ascii", "replace").decode()


class ClientBase:
    """Attributes, headers and signature, the same for both clients.

    Attributes are those of the official SDK; ``strict`` is ours. ``repr`` shows no credential.
    """

    def __init__(
        self,
        workspace_key: str | None,
        workspace_secret: str | None,
        workspace_uid: str | None,
        api_key: str | None,
        base_url: str | None,
        *,
        debug: bool,
        app_info: AppInfo | None,
        strict: bool,
    ) -> None:
        self.workspace_key = workspace_key
        self.workspace_secret = workspace_secret
        self.workspace_uid = workspace_uid
        self.api_key = api_key
        if api_key is None:
            self.auth_method = "ws_key_secret"
            self._identifier = credential(workspace_key, "workspace_key")
            self._secret = credential(workspace_secret, "workspace_secret")
        else:
            self.auth_method = "api_key"
            self._identifier = credential(workspace_uid, "workspace_uid")
            self._secret = credential(api_key, "api_key")
        self.base_url = resolve_base_url(base_url)
        parts = urlsplit(self.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path
        self.debug = debug
        self.strict = strict
        self.user_agent = user_agent(app_info)
        self.client_user_agent = client_user_agent(app_info)
        if debug:
            enable_debug_log()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} workspace={self._identifier!r} base_url={self.base_url!r}>"

    def workspace_identifier(self) -> str:
        """Return the workspace key, or the workspace uid of an API-key client; it is no secret."""
        return self._identifier

    def default_headers(self) -> dict[str, str]:
        """Return the headers that every request carries, without the credential."""
        return {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": self.user_agent,
            "X-Suprsend-Client-User-Agent": self.client_user_agent,
        }

    def signed_headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Return all headers of a request, with date and signature of now, or with the API key.

        Args:
            method: HTTP method.
            target: path and query as they travel, with the path prefix of the base URL.
            body: bytes to send.
        """
        headers = self.default_headers()
        if self.auth_method == "api_key":
            headers["Authorization"] = f"Bearer {self._secret}"
        else:
            date = http_date(time.time())
            signature = sign(self._secret, method, target, body, CONTENT_TYPE, date)
            headers["Date"] = date
            headers["Authorization"] = f"{self._identifier}:{signature}"
        return headers


def enable_debug_log() -> None:
    """Let the logger ``suprsend`` speak at DEBUG, on standard error if nobody else listens."""
    logger = logging.getLogger("suprsend")
    logger.setLevel(logging.DEBUG)
    if (
        not any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers)
        and not logger.root.handlers
    ):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
