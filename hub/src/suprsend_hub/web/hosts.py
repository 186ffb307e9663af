"""Decide under which host names the hub answers, against DNS rebinding.

A web page whose own name turns into 127.0.0.1 may send requests to a hub there and read the answers, as far as the
browser knows from the page's own host. The `Host` header gives it away.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from litestar.types import Scope

from suprsend_hub.web.clients import Networks, is_from_proxy

HOSTS: Final = "hosts"
"""Name under which the state of the application holds the `Hosts`; requests find them there."""
_CONSOLE = "/console"
_HOST: Final = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)(?::(?P<port>[0-9]{0,5}))?", re.ASCII
)
_MAX_PORT = 65_535
_MAX_HEADER_BYTES = 270
"""A name has at most 253 characters."""
_MAX_REMEMBERED_BYTES = 255
"""A longer `Host` header is read each time: nobody may fill the memory with such headers."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """The host names of a hub, without ports.

    `allowed`: the only ones that it answers under; none if it answers under any. `public`: that of its public address.
    """

    allowed: frozenset[str]
    public: str | None
    proxies: Networks

    @classmethod
    def of(cls, allowed: Iterable[str], public_url: str | None, proxies: Networks) -> "Hosts":
        """Return the host names of a hub with these settings."""
        public = None if public_url is None else host_name(public_url.partition("://")[2].partition("/")[0])
        return cls(frozenset(map(host_name, allowed)), public, proxies)

    def refusal(self, scope: Scope) -> str | None:
        """Return why a request is not answered under its host name, or None if it is.

        The API is served under any name unless some are listed; the console has sessions to protect.
        """
        if not self.allowed and not (self.public and is_console(scope)):
            return None
        names = self._names(scope)
        for name in names:
            if name not in self.allowed and name != self.public:
                break
        else:
            return None  # also without any: only browsers can be tricked, and they send one
        where = "this hub" if self.allowed else "the console"
        known = ", ".join(sorted({*self.allowed, *([self.public] if self.public else [])}))
        shown = ", ".join(name[:100] for name in names)
        return (
            f"{where} is not served under the host name {shown!r}, only under {known}; use one of these, or add the "
            "name to SUPRSEND_HUB_ALLOWED_HOSTS; behind a proxy, let it pass on the Host header"
        )

    def _names(self, scope: Scope) -> Sequence[str]:
        """Return the host names that a request was sent to, as the client or a trusted proxy says."""
        texts = []
        if self.proxies and is_from_proxy(scope, self.proxies):
            texts = [value for name, value in scope["headers"] if name == b"x-forwarded-host"]
        texts = texts or [value for name, value in scope["headers"] if name == b"host"]
        return _host_names(texts[0]) if len(texts) == 1 else [name for text in texts for name in _host_names(text)]


def is_console(scope: Scope) -> bool:
    """Tell whether a request is for the console."""
    path = scope["path"]
    return path.startswith(_CONSOLE) and (path == _CONSOLE or path[len(_CONSOLE)] == "/")


def _host_names(header: bytes) -> Sequence[str]:
    """Return the names in a header, which lists several behind several proxies."""
    return _remembered(header) if len(header) <= _MAX_REMEMBERED_BYTES else _split(header)


def _split(header: bytes) -> Sequence[str]:
    return tuple([host_name(part) for part in header.decode("latin-1").split(",")])


_remembered = lru_cache(maxsize=1024)(_split)


def host_name(text: str) -> str:
    """Return the name in a `Host` header: without a port, in lower case, an IPv6 address in brackets.

    A text that is not a host returns as it is, which is the name of no hub.
    """
    text = text.strip().lower()
    found = _read_host(text)
    return text if found is None else found["host"].removesuffix(".")


def malformed_host(scope: Scope) -> str | None:
    """Return why a `Host` header of a request cannot be one, or None. Without such a header nothing is wrong."""
    for name, value in scope["headers"]:
        if name == b"host" and (len(value) > _MAX_HEADER_BYTES or not _is_host(value)):
            return "the Host header must be the name or address of the hub, with a port from 1 to 65535 if it has one"
    return None


@lru_cache(maxsize=1024)
def _is_host(header: bytes) -> bool:
    return _read_host(header.decode("latin-1").strip()) is not None


def _read_host(text: str) -> re.Match[str] | None:
    found = _HOST.fullmatch(text)
    if found is None or (found["port"] and not 1 <= int(found["port"]) <= _MAX_PORT):
        return None
    if found["host"].startswith("["):
        try:
            ipaddress.IPv6Address(found["host"][1:-1])
        except ValueError:
            return None
    return found
