"""What the hub refused of a request's events, for senders that ask with the header `Suprsend-Report: refusals`.

Official SDKs do not ask. They take any success for the success of every record, and get `OK`.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from suprsend_hub.api.answers import TEXT, Answer
from suprsend_hub.api.errors import status_of
from suprsend_hub.api.rendering import encode
from suprsend_hub.api.requests import ApiRequest
from suprsend_hub.domain.errors import DomainError
from suprsend_hub.domain.limits import MAX_REPORTED_IN_ANSWER, MAX_REPORTED_OF_EVENT
from suprsend_hub.domain.refusal import Refusal
from suprsend_hub.service.writing import EditStatus, Outcome

_HEADER = b"suprsend-report"
_REFUSALS = b"refusals"
_ACCEPTED = 202
_DUPLICATE = EditStatus.DUPLICATE


class Report:
    """The events of one request of which something was refused, by their position in the request.

    Empty unless the sender asks for it.
    """

    def __init__(self, request: ApiRequest) -> None:
        self._asked = _asks(request.scope["headers"])
        self._records: dict[int, dict[str, object]] = {}
        self._repeated = 0
        self._left = MAX_REPORTED_IN_ANSWER

    def settle(self, index: int, distinct_id: str, outcome: Outcome) -> None:
        """Note what happened to an event."""
        if outcome.status is _DUPLICATE:
            self._repeated += 1
        if outcome.error is not None or outcome.refusals:
            self.add(index, distinct_id, outcome.error, outcome.refusals)

    def add(self, index: int, distinct_id: str, error: DomainError | None, refusals: Sequence[Refusal] = ()) -> None:
        """Note what was refused of an event: with an error all of it, else the parts that the refusals name."""
        if not self._asked or (error is None and not refusals):
            return
        # Parts that are refused before parts that are only ignored.
        entries = [_entry(refusal) for refusal in sorted(refusals, key=attrgetter("ignorable"))]
        if not entries and error is not None:
            entries = [{"error_code": error.code, "key": "", "message": error.message}]
        listed = entries[: min(MAX_REPORTED_OF_EVENT, self._left)]
        self._left -= len(listed)
        self._records[index] = {
            "index": index,
            "distinct_id": distinct_id or None,
            "applied": error is None,
            "code": _ACCEPTED if error is None else status_of(error),
            "refusals": listed,
            "omitted": max(1, sum(refusal.count for refusal in refusals)) - len(listed),
        }

    def answer(self) -> Answer:
        """Return the answer: `OK`, or the report if there is something to report and the sender asks for it."""
        if not self._asked or not (self._records or self._repeated):
            return Answer(b"OK", _ACCEPTED, content_type=TEXT)
        refused = [record for _, record in sorted(self._records.items())]
        return Answer(encode({"refused": refused, "repeated": self._repeated}), _ACCEPTED)


def _entry(refusal: Refusal) -> Mapping[str, object]:
    return {"error_code": refusal.code, "key": refusal.key, "message": refusal.message}


def _asks(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == _HEADER and value.strip().lower() == _REFUSALS for name, value in headers)
