"""What the sub-APIs need from their client. Knows neither the client nor the transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from suprsend._io._stack import guard
from suprsend._types import EditConfig

if TYPE_CHECKING:
    from suprsend._answers import Done
    from suprsend._io._pause import AsyncPause
    from suprsend._refusals import Receipt
    from suprsend._requests import Request
    from suprsend._response import Response

T = TypeVar("T")


class AsyncCaller(Protocol):
    """Sends requests, repeats those that may be repeated, and reads the answers."""

    async def call(self, request: Request, pause: AsyncPause | None = None) -> Response:
        """Send a request and return the accepted answer.

        A bulk run passes its ``pause``, with which it can stop waiting. It is more patient than a single call.

        Raises:
            SuprsendAPIException: the hub refused.
            SuprsendTransportError: there was no answer.
        """

    async def call_json(self, request: Request, kind: type[T]) -> T:
        """Send a request and return the JSON object of the answer; ``kind`` tells type checkers what it is."""

    async def call_done(self, request: Request) -> Done:
        """Send a request whose answer has no body; return ``{"success": True, "status_code": n}``."""

    async def call_events(self, body: bytes, pause: AsyncPause | None = None) -> Receipt:
        """Send identity events and return the answer with which the hub accepted them."""


class AsyncConfig(EditConfig, Protocol):
    """A client, as its sub-APIs see it."""

    base_url: str

    @property
    def _caller(self) -> AsyncCaller: ...


class AsyncApi:
    """Base of the sub-APIs.

    Attributes:
        config: the client.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        guard(cls)

    def __init__(self, config: AsyncConfig) -> None:
        self.config = config
        self._caller = config._caller  # noqa: SLF001  # underscored to stay out of the completion of a client's users
