"""Decide whether a call is tried again, and after what pause. No I/O, no clock, no randomness of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from suprsend._limits import MAX_BULK_RETRIES, MAX_RETRIES, MAX_RETRY_AFTER_S, RETRY_BASE_S, RETRY_CAP_S

# The hub, or what stands before it, asks for patience. 429 is a refusal before any effect; after the others the call
# may have been applied.
_PASSING = frozenset({429, 502, 503, 504})
_NOT_APPLIED = frozenset({429})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a call is repeated.

    Attributes:
        max_retries: attempts after the first; 0 switches retries off.
        base_s, cap_s: the pause before retry n (from 0) is half to all of ``base_s * 2**n``, at most ``cap_s``.
        max_retry_after_s: the longest ``Retry-After`` to wait for.
        max_asked_retries: like ``max_retries``, if the hub asks for a pause with ``Retry-After``; the larger counts.
    """

    max_retries: int = MAX_RETRIES
    base_s: float = RETRY_BASE_S
    cap_s: float = RETRY_CAP_S
    max_retry_after_s: float = MAX_RETRY_AFTER_S
    max_asked_retries: int = 0

    def for_bulk(self) -> RetryPolicy:
        """Return the policy of a bulk run, which has time: it slows down instead of losing records."""
        return replace(self, max_asked_retries=MAX_BULK_RETRIES) if self.max_retries else self


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt failed: a status, or None if no answer came.

    Attributes:
        status_code: HTTP status of the refusal.
        maybe_applied: whether the attempt may have had its effect.
        retry_after_s: pause that the server asked for.
        passing: whether the next attempt may succeed after a failure without an answer.
    """

    status_code: int | None
    maybe_applied: bool
    retry_after_s: float | None = None
    passing: bool = True


def refusal(status_code: int, retry_after_s: float | None) -> Failure:
    """Return the failure for an answer with this status."""
    return Failure(status_code, status_code not in _NOT_APPLIED, retry_after_s)


def pause_before_retry(
    policy: RetryPolicy, attempt: int, failure: Failure, *, repeatable: bool, jitter: float
) -> float | None:
    """Return the seconds to wait before trying again, or None to give up.

    Args:
        policy: the limits.
        attempt: retries made so far, 0 after the first attempt.
        failure: how the attempt failed.
        repeatable: whether applying the call twice equals applying it once.
        jitter: a random number from 0 to 1.
    """
    asked = 0 if failure.retry_after_s is None else policy.max_asked_retries
    if attempt >= max(policy.max_retries, asked):
        return None
    if not failure.passing or (failure.status_code is not None and failure.status_code not in _PASSING):
        return None
    if failure.maybe_applied and not repeatable:
        return None
    step = min(policy.cap_s, policy.base_s * 2.0**attempt)
    pause = step / 2 + step / 2 * jitter
    if failure.retry_after_s is None:
        return pause
    if failure.retry_after_s > policy.max_retry_after_s:
        return None
    return max(pause, failure.retry_after_s)
