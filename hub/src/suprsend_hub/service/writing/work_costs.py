"""What edits of a workspace cost lately, in units of work: what a batch expects of those that wait. Pure."""

from collections.abc import Sequence

from suprsend_hub.service.writing.edit import Outcome

NOTABLE = 1024
"""Units per edit below which a workspace is like any other and nothing is remembered of it."""


class WorkCosts:
    """Units per edit, by workspace. It rises at once and halves with each cheaper request."""

    def __init__(self) -> None:
        self._costs: dict[int, float] = {}

    def of(self, workspace_id: int) -> float:
        """Return the units that an edit of the workspace is expected to cost."""
        return self._costs.get(workspace_id, 0.0)

    def learn(self, workspace_id: int, outcomes: Sequence[Outcome]) -> None:
        """Learn from the edits of one request."""
        work = 0
        for outcome in outcomes:
            work += outcome.work
        if work < NOTABLE and workspace_id not in self._costs:
            return  # nearly always
        cost = max(work / len(outcomes), self.of(workspace_id) / 2)
        if cost >= NOTABLE:
            self._costs[workspace_id] = cost
        else:
            self._costs.pop(workspace_id, None)
