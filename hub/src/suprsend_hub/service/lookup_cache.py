"""Cache of recent look-ups, bounded in number and size, whatever unknown clients send.

Keys are digests, never the text of a request. Existing and missing credentials are kept apart, so that guesses cannot
push out valid credentials.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_KNOWN = 10_000
_ABSENT = 1_000
"""Maximum number of entries. The oldest makes room for a new one."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[_T]):
    """The result of a look-up, None if there was none, and its age in seconds."""

    value: _T | None
    age_s: float


class LookupCache(Generic[_T]):
    """Remembers look-ups by digest."""

    def __init__(self, monotonic: Callable[[], float], *, known: int = _KNOWN, absent: int = _ABSENT) -> None:
        self._monotonic = monotonic
        self._max_known = known
        self._max_absent = absent
        self._known: dict[bytes, tuple[float, _T]] = {}
        self._absent: dict[bytes, float] = {}

    def find(self, digest: bytes) -> Entry[_T] | None:
        """Return the entry of the digest, regardless of its age."""
        now = self._monotonic()
        if digest in self._known:
            looked_up_at, value = self._known[digest]
            return Entry(value, now - looked_up_at)
        if digest in self._absent:
            return Entry(None, now - self._absent[digest])
        return None

    def find_fresh(self, digest: bytes, max_age_s: float) -> _T | None:
        """Return an existing credential whose look-up is not older than that."""
        known = self._known.get(digest)
        return known[1] if known is not None and self._monotonic() - known[0] < max_age_s else None

    def put(self, digest: bytes, value: _T | None) -> None:
        """Store the result of a look-up."""
        self._known.pop(digest, None)
        self._absent.pop(digest, None)
        now = self._monotonic()
        if value is None:
            self._absent[digest] = now
        else:
            self._known[digest] = now, value
        _trim(self._known, self._max_known)
        _trim(self._absent, self._max_absent)


def _trim(entries: dict[bytes, Any], size: int) -> None:
    if len(entries) > size:
        del entries[next(iter(entries))]  # the oldest one
