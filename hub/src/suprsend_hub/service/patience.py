"""How long to wait for a database that is away, counted from the beginning of the outage.

What arrives late in an outage must not wait as long once more: a long outage would pile up requests whose clients have
given up.
"""

import time
from collections.abc import Callable

_LAPSE_S = 15.0
"""A failure so long after the latest one belongs to another outage: nobody asked in between."""


class Patience:
    """The patience of one kind of request; told what succeeded and what failed."""

    def __init__(self, limit_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._monotonic = monotonic
        self._since: float | None = None
        self._latest = 0.0

    def succeeded(self) -> None:
        """The database answered."""
        self._since = None

    def failed(self) -> None:
        """The database did not answer."""
        now = self._monotonic()
        if self._since is None or now - self._latest > _LAPSE_S:
            self._since = now
        self._latest = now

    def left_s(self, started: float) -> float:
        """The seconds that what began at `started` may still wait."""
        since = started if self._since is None else min(started, self._since)
        return since + self._limit_s - self._monotonic()
