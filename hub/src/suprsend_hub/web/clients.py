"""Identify the client behind a request: its address, as seen through trusted reverse proxies, and its user agent."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from litestar.types import Scope

from suprsend_hub.domain.actor import CONSOLE_SOURCE

Networks: TypeAlias = Sequence[IPv4Network | IPv6Network]

UNKNOWN = "unknown"
MAX_USER_AGENT_CHARS = 120
_FORWARDED_FOR = b"x-forwarded-for"
_MAX_HOPS = 20
"""How many proxies are followed. Nobody operates a longer chain."""


def client_address(scope: Scope, trusted: Networks) -> str:
    """Return the client's address.

    This is the peer, unless the peer is a trusted proxy. Then it is the last address in `X-Forwarded-For` that is not a
    trusted proxy itself, because the client may have invented all addresses before that one.
    """
    client = scope.get("client")
    if not client:
        return UNKNOWN
    peer = str(client[0])
    if not trusted or not is_from_proxy(scope, trusted):
        return peer
    address = peer
    for hop in _hops(value for name, value in scope["headers"] if name == _FORWARDED_FOR):
        parsed = _parse(hop)
        if parsed is None:
            break
        address = str(parsed)
        if not _is_trusted(address, tuple(trusted)):
            break
    return address


def is_from_proxy(scope: Scope, trusted: Networks) -> bool:
    """Tell whether the peer is a trusted proxy, so that its `X-Forwarded-…` headers are believed."""
    client = scope.get("client")
    return bool(trusted and client and _is_trusted(str(client[0]), tuple(trusted)))


def user_agent(header: bytes) -> str:
    """Return the client's own name, printable and short. It cannot look like a person at the console."""
    return _readable(header[:MAX_USER_AGENT_CHARS])


@lru_cache(maxsize=1024)
def _readable(header: bytes) -> str:
    text = "".join(char if char.isprintable() else "?" for char in header.decode("latin-1")).lstrip()
    if text.lower().startswith(CONSOLE_SOURCE.strip()):
        text = f"api client '{text}'"
    return text[:MAX_USER_AGENT_CHARS]


def _hops(values: Iterable[bytes]) -> Sequence[str]:
    """Return the addresses that proxies have added, latest first."""
    text = b",".join(values).decode("latin-1")
    return [hop.strip() for hop in reversed(text.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:])]


def _parse(hop: str) -> IPv4Address | IPv6Address | None:
    """Return an address, which some proxies write with a port or in brackets."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return ip_address(hop)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _is_trusted(address: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return parsed is not None and any(parsed in network for network in trusted)
