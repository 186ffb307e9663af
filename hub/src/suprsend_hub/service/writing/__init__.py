"""The write path: every change of a profile, from any endpoint, becomes part of one transaction.

Callers pass `Edit`s to `Batcher.submit` and get one `Outcome` for each, in the same order, once they are committed.

    submit → rate_limits (may the workspace?) → queue (fair, bounded) → batcher (lanes, outages)
           → batch (pure: group by profile, fold) → writer (history, links of tenants, profiles, counters) → Outcome

Promises: an edit that was answered is committed; an edit with a known insert key changes nothing; concurrent edits of
one profile, from any number of processes, all take effect; a strict edit applies whole or not at all. A large batch
takes the fast path first, which assumes that all edits are new and nobody else writes to their profiles. If that turns
out wrong, it is rolled back and takes the slow path, which assumes nothing.
"""

from suprsend_hub.service.writing.batcher import Batcher, BatcherLimits
from suprsend_hub.service.writing.edit import Edit, EditStatus, Outcome, RejectedRecord, RequestKey
from suprsend_hub.service.writing.rate_limits import RateLimit, RateLimits
from suprsend_hub.service.writing.writer import FAST_PATH_EDITS, Writer

__all__ = [
    "FAST_PATH_EDITS",
    "Batcher",
    "BatcherLimits",
    "Edit",
    "EditStatus",
    "Outcome",
    "RateLimit",
    "RateLimits",
    "RejectedRecord",
    "RequestKey",
    "Writer",
]
