"""Outages in the log: a line when something stops working and a line when it works again, not one for each request."""

import time
from collections.abc import Callable

import structlog

from suprsend_hub.domain.codes import Code

LOGGED_BY_DATABASE = frozenset({Code.DATABASE_UNAVAILABLE, Code.DATABASE_MISCONFIGURED})
"""Outages that the pool logs; others who meet them do not log them again."""
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

    def note(self, code: str, reason: str) -> None:
        """Note a failed attempt; log it if it is the first of an outage, or has another cause than the one before."""
        self._latest = self._monotonic()
        if self._since is None:
            self._since = self._latest
        elif code == self._code:
            return
        self._code = code
        _log.error("unavailable", what=self._what, code=code, reason=reason)

    def end(self) -> None:
        """Note a successful attempt; log the end of an outage."""
        if self._since is None or self._monotonic() - self._latest < _CALM_S:
            return
        _log.warning("available again", what=self._what, after_s=round(self._latest - self._since, 1))
        self._since = None
