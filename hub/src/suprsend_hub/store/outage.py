"""Outages in the log: a line when something stops working and a line when it works again, not one for each request."""

import time
from collections.abc import Callable

import structlog

from suprsend_hub.domain.errors import Unavailable

_CALM_S = 3.0
"""An outage ends with the first success that long after the latest failure. Before, it may concern one table only."""

_log = structlog.get_logger("suprsend_hub.outage")


class OutageLog:
    """Watches one thing that may fail, such as the database."""

    def __init__(self, what: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._monotonic = monotonic
        self._since: float | None = None
        self._latest = 0.0
        self._code = ""

    def note(self, error: Unavailable) -> None:
        """Note a failed attempt; log it if it is the first of an outage."""
        self._latest = self._monotonic()
        if self._since is None:
            self._since = self._latest
        elif error.code == self._code:
            return
        self._code = error.code
        _log.error("out of order", what=self._what, code=error.code, reason=error.for_operator)

    def end(self) -> None:
        """Note a successful attempt; log the end of an outage."""
        if self._since is None or self._monotonic() - self._latest < _CALM_S:
            return
        _log.warning("works again", what=self._what, after_s=round(self._latest - self._since, 1))
        self._since = None
