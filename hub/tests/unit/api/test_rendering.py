"""Times in answers have one form."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from suprsend_hub.api.rendering import timestamp, timestamp_z


@pytest.mark.parametrize("microsecond", [0, 1, 10, 712_000, 712_496, 999_999])
@pytest.mark.parametrize("year", [1970, 2025, 9999])
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(0)), timezone(timedelta(hours=-5, minutes=-30))], ids=str)
def test_times_always_have_microseconds_and_are_in_utc(year: int, microsecond: int, zone: timezone) -> None:
    """The fast way, which most times take, writes what `isoformat` writes."""
    moment = datetime(year, 4, 4, 2, 3, 4, microsecond, zone)
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    assert timestamp(moment) == text
    assert timestamp_z(moment) == text.replace("+00:00", "Z")
    assert len(text) == len("2025-04-04T21:37:36.712496+00:00")
