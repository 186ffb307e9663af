"""Run long computations in turns with everything else on the event loop, by work and not by the clock."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

TURN_WORK = 128 * 1024
"""Units of work (`domain.work`) after which others get a turn: about ten milliseconds of the slowest work."""

_T = TypeVar("_T")


async def in_turns(steps: Generator[int, None, _T]) -> _T:
    """Run a generator that yields the work of each step to its end; return what it returns."""
    done = 0
    while True:
        try:
            done += next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
        if done >= TURN_WORK:
            done = 0
            await asyncio.sleep(0)
