"""Our asyncio client behind the synchronous interface: each call runs on an event loop until it is done.

So a script written for the synchronous client tests the asyncio one as well, method by method.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import suprsend

LOOP = asyncio.new_event_loop()


class Driven:
    """An object of the asyncio half of the SDK. Its coroutines are run, and what it hands out is driven likewise."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._target: Any = suprsend.AsyncSuprsend(*arguments, **named)

    @classmethod
    def with_workspace_api_key(cls, *arguments: Any, **named: Any) -> Any:
        """Return a driven client that authenticates with an API key."""
        return driven(suprsend.AsyncSuprsend.with_workspace_api_key(*arguments, **named))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not inspect.isroutine(found):
            return driven(found)

        def call(*arguments: Any, **named: Any) -> Any:
            plain = [each._target if isinstance(each, Driven) else each for each in arguments]
            answer = found(*plain, **named)
            return driven(LOOP.run_until_complete(answer) if inspect.isawaitable(answer) else answer)

        return call


def driven(answer: Any) -> Any:
    """Return what belongs to the asyncio half as something that is driven, and anything else as it is."""
    if not type(answer).__name__.startswith("Async") or inspect.isroutine(answer):
        return answer
    wrapped = Driven.__new__(Driven)
    wrapped._target = answer
    return wrapped
