"""Make the headers of a request: sender, software, credentials. Pure except for the clock."""

from __future__ import annotations

import json
import platform
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suprsend._signature import http_date, sign
from suprsend._version import SDK_NAME, __version__

if TYPE_CHECKING:
    from suprsend._types import AppInfo

CONTENT_TYPE = "application/json; charset=utf-8"

_TEXT_MAP = {ord(c): None for c in "\r\n\0"}


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes the headers of the requests of one client.

    Attributes:
        auth_method: ``ws_key_secret``, requests are signed; or ``api_key``, they carry the key.
        identifier: workspace key or workspace uid; not a secret.
        secret: workspace secret, or API key.
        user_agent, client_user_agent: values of the two headers that describe the client.
    """

    auth_method: str
    identifier: str
    secret: str = field(repr=False)
    user_agent: str
    client_user_agent: str

    def default_headers(self) -> dict[str, str]:
        """Return the headers that every request carries, without the credential."""
        return {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": self.user_agent,
            "X-Suprsend-Client-User-Agent": self.client_user_agent,
        }

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Return all headers of a request, with the API key, or with the present date and a signature.

        Args:
            method: HTTP method.
            target: path and query as they travel, with the path prefix of the base URL.
            body: bytes to send.
        """
        headers = self.default_headers()
        if self.auth_method == "api_key":
            headers["Authorization"] = f"Bearer {self.secret}"
        else:
            date = http_date(time.time())
            signature = sign(self.secret, method, target, body, CONTENT_TYPE, date)
            headers["Date"] = date
            headers["Authorization"] = f"{self.identifier}:{signature}"
        return headers


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
