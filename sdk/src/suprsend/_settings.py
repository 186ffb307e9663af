"""What a client is told when it is made, checked."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from suprsend._base_url import resolve_base_url
from suprsend._errors import SuprsendConfigError
from suprsend._headers import Signer, client_user_agent, user_agent
from suprsend._limits import CONNECT_TIMEOUT_S, READ_TIMEOUT_S

if TYPE_CHECKING:
    from suprsend._types import AppInfo

DEFAULT_TIMEOUT_S = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)


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
        self.user_agent = user_agent(app_info)
        self.client_user_agent = client_user_agent(app_info)
        self._signer = Signer(self.auth_method, identifier, secret, self.user_agent, self.client_user_agent)
        if debug:
            enable_debug_log()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} workspace={self._signer.identifier!r} base_url={self.base_url!r}>"

    def workspace_identifier(self) -> str:
        """Return the workspace key, or the workspace uid of an API-key client; it is no secret."""
        return self._signer.identifier

    def default_headers(self) -> dict[str, str]:
        """Return the headers that every request carries, without the credential."""
        return self._signer.default_headers()


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
