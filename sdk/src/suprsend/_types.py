"""Shapes that the whole package shares: JSON aliases and the small protocols between layers.

A leaf: it imports nothing of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable

    from suprsend._response import Response

# `Any` is the honest type of JSON whose keys the caller invents; it is used at the edge only.
JSONObject = dict[str, Any]


class AppInfo(TypedDict, total=False):
    """The name and version of your application, added to the user agent."""

    name: str
    version: str


class Transport(Protocol):
    """Sends requests. Pass your own to a client for tests and unusual networks."""

    def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> Response:
        """Send a request and return the complete answer. ``timeout_s`` is (connect, read).

        Raises:
            SuprsendTransportError: there was no answer.
        """

    def close(self) -> None:
        """Close the connections."""


class AsyncTransport(Protocol):
    """Sends the requests of an asyncio client."""

    async def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: tuple[float, float]
    ) -> Response:
        """Send a request and return the complete answer."""

    async def aclose(self) -> None:
        """Close the connections."""


class EditConfig(Protocol):
    """What an edit needs to know about its client."""

    user_agent: str
    strict: bool

    def workspace_identifier(self) -> str:
        """Return the workspace key, or the workspace uid of an API-key client."""


def deprecated(message: str) -> Callable[[T], T]:
    """Replace the decorator of PEP 702 at run time. Type checkers read it; other code emits the warning."""
    del message
    return lambda thing: thing
