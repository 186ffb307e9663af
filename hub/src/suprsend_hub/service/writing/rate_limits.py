"""Rate limits of workspaces, counted in edits: a token bucket per workspace and process.

Every write is counted by what it changes: an edit of a profile (by the batcher), a subscription or membership that
begins or ends, a deleted recipient, a list or draft that is saved or deleted (by their services). A call counts as at
least one.
Every worker counts for itself, so a workspace whose requests are spread over all workers gets its limit from each.
Pure, apart from the clock, which is given.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import RateLimited


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`edits_per_second` on average, `burst_edits` at once after a pause; both at least 1."""

    edits_per_second: int
    burst_edits: int


@dataclass(slots=True)
class _Bucket:
    limit: RateLimit
    tokens: float
    filled_at: float


class RateLimits:
    """The buckets of one process. Workspaces without a limit cost nothing."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[int, _Bucket] = {}

    def learn(self, workspace_id: int, limit: RateLimit | None) -> None:
        """Set the present limit of a workspace; a new limit starts with what is left of the old one."""
        bucket = self._buckets.get(workspace_id)
        if limit is None:
            if bucket is not None:
                del self._buckets[workspace_id]
        elif bucket is None:
            self._buckets[workspace_id] = _Bucket(limit, limit.burst_edits, self._monotonic())
        elif bucket.limit != limit:
            self._fill(bucket)
            bucket.limit, bucket.tokens = limit, min(bucket.tokens, limit.burst_edits)

    def admit(self, workspace_id: int, edits: int) -> None:
        """Count the edits of a request, at least one; RateLimited, saying when to retry, if they are too many now.

        A full bucket admits a request with more edits than the burst, which must be paid off before the next one.
        Otherwise it could never pass; the hub cannot split the request, only the client can.
        """
        bucket = self._buckets.get(workspace_id)
        if bucket is None:
            return
        edits = max(1, edits)
        self._fill(bucket)
        missing = min(edits, bucket.limit.burst_edits) - bucket.tokens
        if missing > 0:
            raise RateLimited(
                f"this workspace is limited to {bucket.limit.edits_per_second} edits per second; send more slowly",
                code=Code.RATE_LIMITED,
                retry_after_s=math.ceil(missing / bucket.limit.edits_per_second),
            )
        bucket.tokens -= edits

    def give_back(self, workspace_id: int, edits: int) -> None:
        """Undo `admit` for edits that the hub rejected afterwards; they cost the workspace nothing."""
        bucket = self._buckets.get(workspace_id)
        if bucket is not None:
            bucket.tokens = min(bucket.limit.burst_edits, bucket.tokens + edits)

    def _fill(self, bucket: _Bucket) -> None:
        now = self._monotonic()
        gained = (now - bucket.filled_at) * bucket.limit.edits_per_second
        bucket.tokens = min(bucket.limit.burst_edits, bucket.tokens + gained)
        bucket.filled_at = now
