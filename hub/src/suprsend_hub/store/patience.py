"""Decide how long to wait for a database that is away, counted from the beginning of the outage.

Requests that arrive late in an outage must not wait as long again. Otherwise a long outage would pile up requests whose
clients have given up.
"""

import time
from collections.abc import Callable

_LAPSE_S = 15.0
"""A failure that long after the latest one starts a new outage, because no request came in between."""


class Patience:
    """The patience of one kind of request, which learns of each success and failure."""

    def __init__(self, limit_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._monotonic = monotonic
        self._since: float | None = None
        self._latest = 0.0

    def succeeded(self) -> None:
        """Note that the database answered."""
        self._since = None

    def failed(self) -> None:
        """Note that the database did not answer."""
        now = self._monotonic()
        if self._since is None or now - self._latest > _LAPSE_S:
            self._since = now
        self._latest = now

    def left_s(self, started: float) -> float:
        """Return the seconds that a request may still wait if it began at `started`."""
        since = started if self._since is None else min(started, self._since)
        return since + self._limit_s - self._monotonic()
