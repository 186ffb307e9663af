"""Shapes that the whole package shares: JSON aliases and the small protocols between layers.

A leaf: it imports nothing of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

# `Any` is the honest type of JSON whose keys the caller invents; it is used at the edge only.
JSONObject = dict[str, Any]


class AppInfo(TypedDict, total=False):
    """Name and version of the calling application, appended to the user agent."""

    name: str
    version: str


class HTTPAnswer(Protocol):
    """What the errors need to know of an HTTP response."""

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields, looked up without regard to case."""

    @property
    def text(self) -> str:
        """Decoded body."""

    def json(self) -> Any:
        """Return the parsed body."""


class EditConfig(Protocol):
    """What an edit instance needs to know of the client that made it."""

    user_agent: str
    strict: bool

    def workspace_identifier(self) -> str:
        """Return the workspace key, or the workspace uid of an API-key client."""
