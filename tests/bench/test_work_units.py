"""What a fold does beyond reading the edit is counted: no edit makes the hub work for nothing.

The clock cannot tell that on a shared machine, so this counts calls of Python functions, which is what takes time.
"""

from __future__ import annotations

import sys

import msgspec
import pytest
from suprsend_hub.api.bodies.event import MAX_EVENTS
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.limits import MAX_REQUEST_WORK
from suprsend_hub.domain.work import work_of_each
from work_units import Case, cases, stored_profile

_CALLS_PER_BYTE_SENT = 2
_UNITS_PER_CALL = 1.5


def calls_of(case: Case, max_work: int) -> tuple[int, int]:
    """Return how many functions a fold calls, and its units of work."""
    profile, calls = stored_profile(case), 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        result = fold(profile, case.operations, max_work=max_work)
    finally:
        sys.setprofile(None)
    return calls, result.work


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
@pytest.mark.parametrize("edits", [1, MAX_EVENTS])
def test_work_is_counted(case: Case, edits: int) -> None:
    """Calls stay in proportion to what was sent and to the units of work, alone and in the largest request."""
    sent = len(msgspec.json.encode(case.operations))
    calls, units = calls_of(case, work_of_each(edits))
    assert calls < 500 + _CALLS_PER_BYTE_SENT * sent + units / _UNITS_PER_CALL


def test_the_sum_of_all_edits_is_bounded() -> None:
    """Even if each edit of the largest request uses all that it surely may, the sum is near that of a request."""
    assert MAX_EVENTS * work_of_each(MAX_EVENTS) <= 1.6 * MAX_REQUEST_WORK
