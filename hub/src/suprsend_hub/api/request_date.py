"""Read the Date of a signed request, in every form that official SDKs write.

Python, Go and Node: `Tue, 03 Jun 2025 10:00:00 GMT`. Java: `Tue, 3 Jun 2025 10:00:00 UTC`. Messages of Node: ISO 8601.
"""

import re
from datetime import UTC, datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HTTP = re.compile(
    r"(?:[A-Za-z]{3,9}, +)?([0-9]{1,2})[ -]([A-Za-z]{3})[ -]([0-9]{4}) +([0-9]{2}):([0-9]{2}):([0-9]{2}) +"
    r"(?:GMT|UTC|Z|[+-]0000)"
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})")


def parse_request_date(text: str) -> datetime | None:
    """Return the time, or None for text in any other form."""
    text = text.strip()
    try:
        if match := _HTTP.fullmatch(text):
            day, month, year, hour, minute, second = match.groups()
            number = _MONTHS.index(month.lower()) + 1
            return datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        if _ISO.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no such month, day or hour
        return None
    return None
