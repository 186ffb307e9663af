"""Choose the proxy, and check that it can be used. Reads the environment and opens no connection."""

from __future__ import annotations

import ipaddress
import os
import platform
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from suprsend._base_url import ascii_host, host_header
from suprsend._errors import SuprsendConfigError

if TYPE_CHECKING:
    from suprsend._base_url import BaseUrl

_SCHEMES = ("http", "https", "socks5", "socks5h")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ProxyChoice:
    """A proxy to connect to.

    Attributes:
        url: scheme, host and port, without credentials.
        auth: user name and password, if it requires them.
        source: where the choice comes from, for messages.
    """

    url: str
    auth: tuple[bytes, bytes] | None = field(repr=False)
    source: str

    def __str__(self) -> str:
        return f"the proxy {self.url} (set by {self.source})"


def proxy_for(hub: BaseUrl) -> ProxyChoice | None:
    """Return the proxy through which to reach the hub, or None for a direct connection.

    A hub on this machine is never reached through a proxy.

    Raises:
        SuprsendConfigError: the proxy cannot be used.
    """
    if is_loopback(hub.host):
        return None
    found = _variable(f"{hub.scheme}_proxy") or _variable("all_proxy") or _of_the_system(hub)
    if found is None:
        return None
    source, address = found
    exceptions = _variable("no_proxy")
    if exceptions is not None and is_exempt(exceptions[1], hub.host, hub.port or _DEFAULT_PORTS[hub.scheme]):
        return None
    try:
        return _parsed(address, source)
    except SuprsendConfigError as error:
        remedy = f"correct it, or add {hub.host} to NO_PROXY to connect without a proxy"
        raise SuprsendConfigError(f"{error.message}; {remedy}") from None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: ``localhost``, 127.0.0.0/8, ``::1``, or the unspecified address."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost") or re.fullmatch(r"127(\.\d+){1,3}", name):
        return True
    address = _ip(name)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_exempt(no_proxy: str, host: str, port: int) -> bool:
    """Tell whether a value of ``NO_PROXY`` exempts a host.

    Entries are separated by commas or blanks: ``*``, a name (which covers the names below it), an IP address, a network
    such as ``10.0.0.0/8``; each with or without a port, an IPv6 address with or without brackets.
    """
    return any(_covers(entry, host, port) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _ip(host)
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            return False
        return address is not None and address.version == network.version and address in network
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d+))?", entry)
    if bracketed:
        name, entry_port = bracketed.groups()
    elif entry.count(":") == 1:
        name, entry_port = entry.split(":")
    else:
        name, entry_port = entry, None
    if entry_port and entry_port != str(port):
        return False
    if address is not None:
        return _ip(name) == address
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return False
    name, host = name.lower().lstrip("*").strip("."), host.lower().rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _variable(name: str) -> tuple[str, str] | None:
    """Return the variable as a message names it, and its value. Lower case comes first, an empty value means unset."""
    spelled = [name] if name in os.environ else [key for key in os.environ if key.lower() == name]
    for key in spelled:
        # In a CGI script, HTTP_PROXY is a header of the request that the script answers ("httpoxy").
        if key.lower() == "http_proxy" and key != "http_proxy" and "REQUEST_METHOD" in os.environ:
            continue
        value = os.environ[key].strip()
        return (f"the environment variable {key}", value) if value else None
    return None


def _of_the_system(hub: BaseUrl) -> tuple[str, str] | None:
    """Return the proxy of the system's settings, on systems that have such settings."""
    if platform.system() not in {"Darwin", "Windows"}:
        return None
    from urllib.request import getproxies, proxy_bypass  # late: costs 20 ms of import

    address = getproxies().get(hub.scheme)
    return ("the system's settings", address) if address and not proxy_bypass(hub.host) else None


def _has_socks() -> bool:
    import importlib.util  # late: needed almost never

    return importlib.util.find_spec("socksio") is not None


def _parsed(address: str, source: str) -> ProxyChoice:
    name = f"the proxy set by {source} cannot be used"
    if not address.isprintable() or " " in address:
        raise SuprsendConfigError(f"{name}: its URL contains a blank or an invisible character")
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
    except ValueError:
        raise SuprsendConfigError(f"{name}: it is not a URL") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise SuprsendConfigError(f"{name}: the port is not a number from 1 to 65535")
    if parts.scheme not in _SCHEMES:
        raise SuprsendConfigError(f"{name}: its scheme is not {', '.join(_SCHEMES[:-1])} or {_SCHEMES[-1]}")
    if parts.scheme.startswith("socks") and not _has_socks():
        raise SuprsendConfigError(f'{name}: {parts.scheme} needs another package, pip install "httpcore2[socks]"')
    host = ascii_host(parts.hostname or "", name)
    auth = None
    if parts.username:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return ProxyChoice(f"{parts.scheme}://{host_header(host, port)}", auth, source)
