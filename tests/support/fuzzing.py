"""How much is fuzzed: FUZZ_EXAMPLES says how many cases of each kind. `make test` keeps it small, `make test-all` not."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "8")),
    database=None,
    # The data come from the OpenAPI document, whose patterns and sizes are not made for this.
    suppress_health_check=[
        *settings.default.suppress_health_check,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)

KNOWN = {
    "workspace": "fuzz", "category": "news", "tenant_id": "acme", "distinct_id": "user-1", "object_type": "departments",
    "object_id": "engineering",
}  # fmt: skip
"""What the workspace of the random requests has at the beginning, by the names of path parameters."""
