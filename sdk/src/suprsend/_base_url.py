"""The URL of the hub, and whether requests can be sent to it. Reads the environment."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from suprsend._errors import SuprsendConfigError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DEFAULT_BASE_URL = "http://127.0.0.1:7877/"
BASE_URL_VARIABLE = "SUPRSEND_BASE_URL"

_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A usable base URL.

    Attributes:
        text: the whole URL, with a final slash.
        scheme: ``http`` or ``https``.
        host: as it is looked up: in ASCII, an IPv6 address without brackets.
        port: None for the default of the scheme.
        prefix: path, with a slash at both ends; requests go below it.
    """

    text: str
    scheme: str
    host: str
    port: int | None
    prefix: str

    @property
    def origin(self) -> str:
        """Return scheme, host and port, in ASCII."""
        return f"{self.scheme}://{host_header(self.host, self.port)}"


def host_header(host: str, port: int | None) -> str:
    """Return host and port as they are written in a URL."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def resolve_base_url(argument: str | None) -> BaseUrl:
    """Return the base URL: the argument, else the environment variable, else the hub's default address.

    Raises:
        SuprsendConfigError: requests cannot be sent to it. The message gives the reason and does not repeat the URL.
    """
    if argument is not None and not isinstance(argument, str):
        raise SuprsendConfigError(f"base_url must be a string, not {type(argument).__name__}")
    if argument and argument.strip():
        name, text = "base_url", argument.strip()
    elif given := os.environ.get(BASE_URL_VARIABLE, "").strip():
        name, text = f"base_url (from the environment variable {BASE_URL_VARIABLE})", given
    else:
        name, text = "base_url", DEFAULT_BASE_URL
    return checked_url(text, name)


def checked_url(text: str, name: str) -> BaseUrl:
    """Return a base URL.

    Raises:
        SuprsendConfigError: requests cannot be sent to it.
    """
    for character in text:
        if not character.isprintable() or character.isspace():
            raise SuprsendConfigError(f"{name} contains a blank or an invisible character, U+{ord(character):04X}")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise SuprsendConfigError(_like(name, "it is not a URL")) from None
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise SuprsendConfigError(f"{name} must not contain a user name, a query or a fragment")
    if parts.scheme not in {"http", "https"}:
        raise SuprsendConfigError(_like(name, "the scheme is missing or wrong"))
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise SuprsendConfigError(f"{name}: the port is not a number from 1 to 65535")
    host = ascii_host(parts.hostname or "", name)
    if not parts.path.isascii():
        raise SuprsendConfigError(f"{name}: the path must be percent-encoded ASCII")
    whole = text if text.endswith("/") else text + "/"
    return BaseUrl(whole, parts.scheme, host, port, _prefix(parts))


def ascii_host(host: str, name: str) -> str:
    """Return a host name as it is looked up, or an IP address.

    Raises:
        SuprsendConfigError: it is neither.
    """
    if ":" in host:
        host = host.replace("%25", "%")  # how a URL writes the % before an interface, as in fe80::1%eth0
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise SuprsendConfigError(f"{name}: the host is not a valid IPv6 address") from None
        return host
    try:
        encoded = host.encode("idna").decode("ascii")
    except UnicodeError:
        encoded = ""
    if len(encoded) > 253 or not _HOST.fullmatch(encoded):
        raise SuprsendConfigError(f"{name}: the host is missing or invalid")
    return encoded


def _prefix(parts: SplitResult) -> str:
    return parts.path if parts.path.endswith("/") else parts.path + "/"


def _like(name: str, why: str) -> str:
    return f"{name} must look like {DEFAULT_BASE_URL}, with scheme http or https, host and optional path: {why}"
