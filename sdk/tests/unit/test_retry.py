"""When a call is repeated, and after what pause."""

from email.utils import formatdate
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suprsend._errors import retry_after_s
from suprsend._retry import Failure, RetryPolicy, pause_before_retry, refusal

POLICY = RetryPolicy()


def pause(failure: Failure, attempt: int = 0, *, repeatable: bool = True, jitter: float = 0.5) -> float | None:
    return pause_before_retry(POLICY, attempt, failure, repeatable=repeatable, jitter=jitter)


@pytest.mark.parametrize(
    ("failure", "repeatable", "again"),
    [
        (refusal(429, None), True, True),
        (refusal(502, None), True, True),
        (refusal(503, None), True, True),
        (refusal(504, None), True, True),
        (refusal(429, None), False, True),  # refused before any effect
        (refusal(503, None), False, False),  # may have been applied
        (refusal(500, None), True, False),
        (refusal(400, None), True, False),
        (refusal(301, None), True, False),
        (Failure(None, maybe_applied=True), True, True),
        (Failure(None, maybe_applied=True), False, False),
        (Failure(None, maybe_applied=False), False, True),  # no connection: nothing was sent
    ],
)
def test_only_passing_failures_are_repeated_and_never_what_could_double(
    failure: Failure, repeatable: bool, again: bool
) -> None:
    assert (pause(failure, repeatable=repeatable) is not None) == again


def test_retries_end() -> None:
    assert [pause(refusal(503, None), attempt) is not None for attempt in range(5)] == [True, True, True, False, False]


@given(st.integers(0, 2), st.floats(0, 1))
def test_pauses_grow_and_stay_within_their_bounds(attempt: int, jitter: float) -> None:
    seconds = pause(refusal(503, None), attempt, jitter=jitter)
    assert seconds is not None
    assert 0.125 * 2**attempt <= seconds <= 0.25 * 2**attempt


def test_retry_after_is_obeyed_up_to_a_minute() -> None:
    assert pause(refusal(429, 7.0)) == 7.0
    assert pause(refusal(429, 0.0)) == 0.1875
    assert pause(refusal(429, 61.0)) is None


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), (" 0.5 ", 0.5), ("-1", 0.0), ("soon", None), ("", None), ("nan", None)]
)
def test_retry_after_is_read_from_numbers(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}) == seconds


def test_retry_after_is_read_from_dates() -> None:
    seconds = retry_after_s({"retry-after": formatdate(time() + 100, usegmt=True)})
    assert seconds is not None
    assert 95 < seconds <= 100
    assert retry_after_s({"retry-after": formatdate(0, usegmt=True)}) == 0.0


def test_a_bulk_run_outlasts_a_hub_that_asks_for_patience_and_only_that() -> None:
    """Sixty times instead of three when there is a Retry-After; without one, and with retries off, nothing changes."""
    patient = POLICY.for_bulk()

    def attempts(policy: RetryPolicy, failure: Failure) -> int:
        count = 0
        while pause_before_retry(policy, count, failure, repeatable=True, jitter=1) is not None:
            count += 1
        return count

    assert attempts(POLICY, refusal(503, 1.0)) == 3
    assert attempts(patient, refusal(503, 1.0)) == attempts(patient, refusal(429, 1.0)) == 60
    assert attempts(patient, refusal(503, None)) == attempts(patient, Failure(None, maybe_applied=True)) == 3
    assert attempts(patient, refusal(503, 3600.0)) == 0
    assert attempts(RetryPolicy(max_retries=0).for_bulk(), refusal(503, 1.0)) == 0
