"""Outages in the log: a line when something stops working and a line when it works again, not one for each request."""

import time
from collections.abc import Callable

import structlog

from suprsend_hub.domain.errors import Unavailable

_CALM_S = 3.0
"""An outage is over with the first success so long after the latest failure: until then, it may be one table only."""

_log = structlog.get_logger("suprsend_hub.outage")


class OutageLog:
    """Watches one thing that may be out of order, such as the database."""

    def __init__(self, what: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._monotonic = monotonic
        self._since: float | None = None
        self._latest = 0.0
        self._code = ""

    def note(self, error: Unavailable) -> None:
        """An attempt failed: tell it, if that is news."""
        self._latest = self._monotonic()
        if self._since is None:
            self._since = self._latest
        elif error.code == self._code:
            return
        self._code = error.code
        _log.error("out of order", what=self._what, code=error.code, reason=error.for_operator)

    def end(self) -> None:
        """An attempt succeeded: tell it, if there was an outage."""
        if self._since is None or self._monotonic() - self._latest < _CALM_S:
            return
        _log.warning("works again", what=self._what, after_s=round(self._latest - self._since, 1))
        self._since = None
