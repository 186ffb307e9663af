"""A bounded queue in which workspaces take turns, and no workspace can use up the room of the others.

Pure: knows neither the event loop nor the database, only how much each request weighs.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Weighed(Protocol):
    """What the queue measures of a request."""

    @property
    def weight(self) -> int:
        """Return the number of edits."""

    @property
    def size_bytes(self) -> int:
        """Return the bytes of the request body."""

    @property
    def work(self) -> float:
        """Return the expected units of work (`domain.work`) of its edits."""


_R = TypeVar("_R", bound=Weighed)


@dataclass(slots=True)
class _Line(Generic[_R]):
    """The waiting requests of one workspace."""

    requests: OrderedDict[int, _R] = field(default_factory=OrderedDict)  # by identity, so that any of them can leave
    edits: int = 0
    size_bytes: int = 0


class FairQueue(Generic[_R]):
    """Requests by workspace, first come first served within one, bounded in edits and bytes over all of them."""

    def __init__(self, *, max_edits: int, max_bytes: int) -> None:
        self._max_edits = max_edits
        self._max_bytes = max_bytes
        self._lines: OrderedDict[int, _Line[_R]] = OrderedDict()
        self._edits = 0
        self._size_bytes = 0

    def __bool__(self) -> bool:
        return bool(self._lines)

    @property
    def edits(self) -> int:
        """Return the number of waiting edits."""
        return self._edits

    @property
    def size_bytes(self) -> int:
        """Return the bytes of the waiting requests."""
        return self._size_bytes

    def offer(self, workspace_id: int, request: _R) -> Sequence[_R] | None:
        """Add a request; return the requests that were dropped for it, or None if there is no room for it.

        In a full queue, the newest requests of the busiest workspace are dropped for a workspace with fewer waiting, as
        long as the busiest keeps at least as much as the other gets. An empty queue accepts anything.
        """
        pushed_out: Sequence[_R] | None = ()
        if self._lines and not self._fits(request, 0, 0):
            pushed_out = self._make_room(workspace_id, request)
            if pushed_out is None:
                return None
        line = self._lines.get(workspace_id)
        if line is None:
            line = self._lines[workspace_id] = _Line()
        line.requests[id(request)] = request
        self._count(line, request, 1)
        return pushed_out

    def withdraw(self, workspace_id: int, request: _R) -> bool:
        """Remove a request whose caller has gone; return False if it is no longer queued."""
        line = self._lines.get(workspace_id)
        if line is None or line.requests.pop(id(request), None) is None:
            return False
        self._count(line, request, -1)
        if not line.requests:
            del self._lines[workspace_id]
        return True

    def take(self, *, max_edits: int, max_bytes: int, max_work: float, wanted: Callable[[_R], bool]) -> list[_R]:
        """Return the next batch: one request of each workspace in turn, until it is full or nothing waits.

        Requests that are no longer `wanted` are dropped. The first one is taken regardless of its size.
        """
        batch: list[_R] = []
        edits = size_bytes = 0
        work = 0.0
        while self._lines:
            workspace_id, line = next(iter(self._lines.items()))
            identity, request = next(iter(line.requests.items()))
            is_wanted = wanted(request)
            more_edits, more_bytes = edits + request.weight, size_bytes + request.size_bytes
            more_work = work + request.work
            is_too_much = more_edits > max_edits or more_bytes > max_bytes or more_work > max_work
            if is_wanted and batch and is_too_much:
                break
            del line.requests[identity]
            self._count(line, request, -1)
            if not line.requests:
                del self._lines[workspace_id]
            if is_wanted:
                if line.requests:
                    self._lines.move_to_end(workspace_id)
                edits, size_bytes, work = more_edits, more_bytes, more_work
                batch.append(request)
        return batch

    def _make_room(self, workspace_id: int, request: _R) -> Sequence[_R] | None:
        others = (other for other in self._lines if other != workspace_id)
        heaviest = max(others, key=lambda other: self._share(self._lines[other]), default=None)
        if heaviest is None:
            return None
        mine = self._lines.get(workspace_id) or _Line()
        share = self._share(mine, request.weight, request.size_bytes)
        victim = self._lines[heaviest]
        edits = size_bytes = count = 0
        for newest in reversed(victim.requests.values()):
            edits += newest.weight
            size_bytes += newest.size_bytes
            count += 1
            if self._share(victim, -edits, -size_bytes) < share:
                return None
            if self._fits(request, edits, size_bytes):
                break
        else:
            return None
        pushed_out = [victim.requests.popitem()[1] for _ in range(count)]
        for gone in pushed_out:
            self._count(victim, gone, -1)
        return pushed_out

    def _fits(self, request: _R, freed_edits: int, freed_bytes: int) -> bool:
        return (
            self._edits - freed_edits + request.weight <= self._max_edits
            and self._size_bytes - freed_bytes + request.size_bytes <= self._max_bytes
        )

    def _share(self, line: _Line[_R], more_edits: int = 0, more_bytes: int = 0) -> float:
        """Return the share of the queue that a line uses, by the tighter measure."""
        return max((line.edits + more_edits) / self._max_edits, (line.size_bytes + more_bytes) / self._max_bytes)

    def _count(self, line: _Line[_R], request: _R, sign: int) -> None:
        edits, size_bytes = sign * request.weight, sign * request.size_bytes
        line.edits += edits
        line.size_bytes += size_bytes
        self._edits += edits
        self._size_bytes += size_bytes
