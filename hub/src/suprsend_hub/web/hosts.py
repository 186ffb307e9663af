"""Decide under which host names the hub answers, against DNS rebinding.

A web page whose own name turns into 127.0.0.1 may send requests to a hub there and read the answers, as far as the
browser knows from the page's own host. The `Host` header gives it away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from litestar.types import Scope

from suprsend_hub.web.clients import Networks, is_from_proxy

HOSTS: Final = "hosts"
"""Name under which the state of the application holds the `Hosts`; requests find them there."""
_CONSOLE = "/console"


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
        for_console = is_console(scope)
        if not self.allowed and not (for_console and self.public):
            return None
        names = self._names(scope)
        if all(name in self.allowed or name == self.public for name in names):
            return None  # also without any: only browsers can be tricked, and they send one
        where = "the console" if for_console and not self.allowed else "this hub"
        known = ", ".join(sorted({*self.allowed, *([self.public] if self.public else [])}))
        shown = ", ".join(name[:100] for name in names)
        return (
            f"{where} is not served under the host name {shown!r}, only under {known}; use one of these, or add the "
            "name to SUPRSEND_HUB_ALLOWED_HOSTS; behind a proxy, let it pass on the Host header"
        )

    def _names(self, scope: Scope) -> Sequence[str]:
        """Return the host names that a request was sent to, as the client or a trusted proxy says."""
        header = b"x-forwarded-host" if is_from_proxy(scope, self.proxies) else b"host"
        texts = [value for name, value in scope["headers"] if name == header]
        texts = texts or [value for name, value in scope["headers"] if name == b"host"]
        return [host_name(part) for text in texts for part in text.decode("latin-1").split(",")]


def is_console(scope: Scope) -> bool:
    """Tell whether a request is for the console."""
    return scope["path"] == _CONSOLE or scope["path"].startswith(f"{_CONSOLE}/")


def host_name(text: str) -> str:
    """Return the name in a `Host` header: without a port, in lower case, an IPv6 address in brackets."""
    text = text.strip().lower()
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    return text.partition(":")[0].removesuffix(".")
