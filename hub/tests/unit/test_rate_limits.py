"""Token buckets of workspaces: the average holds, bursts are possible, nobody else is touched."""

import pytest
from suprsend_hub.domain.errors import RateLimited
from suprsend_hub.service.writing import RateLimit, RateLimits

A, B = 1, 2


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limited(rate: int, burst: int) -> tuple[RateLimits, Clock]:
    clock = Clock()
    limits = RateLimits(monotonic=clock)
    limits.learn(A, RateLimit(rate, burst))
    return limits, clock


def refusal(limits: RateLimits, edits: int) -> RateLimited:
    with pytest.raises(RateLimited) as refused:
        limits.admit(A, edits)
    return refused.value


def test_a_burst_passes_and_the_next_edit_is_told_when_to_come_back() -> None:
    limits, clock = limited(rate=10, burst=20)
    limits.admit(A, 20)
    error = refusal(limits, 15)
    assert (error.code, error.retry_after_s) == ("rate_limited", 2)
    clock.now += error.retry_after_s
    limits.admit(A, 15)


def test_the_average_holds_whatever_the_sizes_of_the_requests() -> None:
    """Someone who asks all the time, and comes back when told, makes rate times time, plus the burst, and no more."""
    for size in (1, 7, 10, 400):
        limits, clock = limited(rate=10, burst=10)
        made = 0
        while clock.now < 1100:
            try:
                limits.admit(A, size)
            except RateLimited as error:
                clock.now += error.retry_after_s
            else:
                made += size
        assert made <= 10 * 100 + 10 + size, size
        assert made >= 10 * 100 / 2, size


def test_a_request_above_the_burst_passes_when_the_bucket_is_full_and_is_paid_off() -> None:
    limits, clock = limited(rate=100, burst=50)
    limits.admit(A, 400)
    assert refusal(limits, 1).retry_after_s == 4
    clock.now += 3.5
    refusal(limits, 1)
    clock.now += 0.5
    limits.admit(A, 50)


def test_a_rest_fills_no_more_than_the_burst() -> None:
    limits, clock = limited(rate=10, burst=10)
    clock.now += 3600
    limits.admit(A, 10)
    refusal(limits, 1)


def test_workspaces_without_a_limit_and_lifted_limits_admit_everything() -> None:
    limits, _ = limited(rate=1, burst=1)
    limits.admit(B, 1_000_000)
    limits.admit(A, 1)
    refusal(limits, 1)
    limits.learn(A, None)
    limits.admit(A, 1_000_000)


def test_a_refused_request_costs_nothing_and_an_empty_one_counts_as_one_edit() -> None:
    limits, clock = limited(rate=10, burst=10)
    limits.admit(A, 10)
    for _ in range(100):
        refusal(limits, 10)
    refusal(limits, 0)
    clock.now += 1
    limits.admit(A, 0)
    refusal(limits, 10)
    limits.admit(A, 9)


def test_a_changed_limit_applies_to_what_is_left() -> None:
    limits, clock = limited(rate=10, burst=100)
    limits.admit(A, 60)
    limits.learn(A, RateLimit(1, 5))
    limits.admit(A, 5)
    refusal(limits, 1)
    limits.learn(A, RateLimit(1000, 1000))
    clock.now += 1
    limits.admit(A, 1000)
