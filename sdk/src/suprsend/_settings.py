"""The arguments of a client, checked."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from suprsend._base_url import resolve_base_url
from suprsend._certificates import check_verify
from suprsend._errors import SuprsendConfigError
from suprsend._headers import Signer, client_user_agent, user_agent
from suprsend._limits import CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from suprsend._proxies import proxy_for

if TYPE_CHECKING:
    from suprsend._base_url import BaseUrl
    from suprsend._certificates import Verify
    from suprsend._types import AppInfo

DEFAULT_TIMEOUT_S = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)


def credential(value: object, name: str) -> str:
    """Return a credential.

    Raises:
        SuprsendConfigError: it is missing, or cannot be sent in a header. The message does not contain it.
    """
    if not value:
        raise SuprsendConfigError(f"Missing {name}")
    if not isinstance(value, str):
        raise SuprsendConfigError(f"{name} must be a string, not {type(value).__name__}")
    if not value.isprintable():
        raise SuprsendConfigError(f"{name} contains a line break or another invisible character")
    if value != value.strip():
        raise SuprsendConfigError(f"{name} starts or ends with a blank")
    return value


def timeouts(timeout: float | tuple[float, float] | None) -> tuple[float, float]:
    """Return connect and read timeout in seconds. A single number is the read timeout and limits the connect timeout.

    Raises:
        SuprsendConfigError: the timeout is not one or two positive numbers.
    """
    if timeout is None:
        return DEFAULT_TIMEOUT_S
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(pair) != 2 or not all(map(_is_duration, pair)):
        raise SuprsendConfigError("timeout must be a positive number of seconds, or a pair (connect, read) of them")
    connect, read = pair if isinstance(timeout, tuple) else (min(CONNECT_TIMEOUT_S, timeout), timeout)
    return float(connect), float(read)


def _is_duration(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


def retries(max_retries: int) -> int:
    """Return a number of retries.

    Raises:
        SuprsendConfigError: it is not an integer of at least 0.
    """
    if not isinstance(max_retries, int) or max_retries < 0:
        raise SuprsendConfigError("max_retries must be an integer of at least 0")
    return max_retries


def checked_app_info(app_info: AppInfo | None) -> AppInfo | None:
    """Return name and version of the application.

    Raises:
        SuprsendConfigError: it is not a dict of strings.
    """
    if app_info is None:
        return None
    if not isinstance(app_info, dict) or not all(isinstance(item, (str, type(None))) for item in app_info.values()):
        raise SuprsendConfigError('app_info must be a dict such as {"name": "shop", "version": "2.1"}')
    return app_info


def check_network(hub: BaseUrl, verify: Verify) -> None:
    """Raise SuprsendConfigError if the proxy or the certificates that the client is to use cannot be used."""
    proxy_for(hub)
    if verify is not None or hub.scheme == "https":
        check_verify(verify)


class ClientBase:
    """The attributes of both clients: those of the official SDK, and ``strict``. ``repr`` shows no credential."""

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
            identifier = credential(workspace_key, "workspace_key")
            secret = credential(workspace_secret, "workspace_secret")
        else:
            self.auth_method = "api_key"
            identifier = credential(workspace_uid, "workspace_uid")
            secret = credential(api_key, "api_key")
        self._address = resolve_base_url(base_url)
        self.base_url = self._address.text
        self.debug = debug
        self.strict = strict
        app_info = checked_app_info(app_info)
        self.user_agent = user_agent(app_info)
        self.client_user_agent = client_user_agent(app_info)
        self._signer = Signer(self.auth_method, identifier, secret, self.user_agent, self.client_user_agent)
        if debug:
            enable_debug_log()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} workspace={self._signer.identifier!r} base_url={self.base_url!r}>"

    def workspace_identifier(self) -> str:
        """Return the workspace key, or the workspace uid if the client uses an API key. It is not a secret."""
        return self._signer.identifier

    def default_headers(self) -> dict[str, str]:
        """Return the headers of every request, without the credential."""
        return self._signer.default_headers()


def enable_debug_log() -> None:
    """Set the logger ``suprsend`` to DEBUG, with output on standard error if no handler is configured."""
    logger = logging.getLogger("suprsend")
    logger.setLevel(logging.DEBUG)
    if (
        not any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers)
        and not logger.root.handlers
    ):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
