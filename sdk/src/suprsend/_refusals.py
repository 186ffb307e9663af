"""What the hub refused of events that it took over: read from its report, and put into words. No I/O.

The SDK asks for the report by a header, see ``contract/openapi.yaml``. A hub that does not know the header, such as the
hosted service, answers ``OK`` in every case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suprsend._response import Response

ASKING = {"Suprsend-Report": "refusals"}
# The status of a record that counts as failed although the hub applied the rest of it.
_REFUSED = 400


class Refusal(msgspec.Struct, frozen=True):
    """A part of an edit that the hub refused: the property or channel, or empty; the stable code; the reason."""

    error_code: str
    key: str
    message: str


class Refused(msgspec.Struct, frozen=True):
    """What the hub refused of one event.

    Attributes:
        index: position of the event in the request.
        applied: whether the rest of the event was applied.
        code: the HTTP status for this event alone.
        refusals: the refused parts.
        omitted: number of refused parts that are not listed.
    """

    index: int
    applied: bool
    code: int
    refusals: list[Refusal]
    omitted: int = 0

    def fails(self, *, strict: bool) -> bool:
        """Whether the edit counts as failed: nothing of it was applied, or nothing may be refused."""
        return strict or not self.applied

    @property
    def status_code(self) -> int:
        """The status of the edit if it counts as failed."""
        return _REFUSED if self.applied else self.code

    def text(self, distinct_id: str | None = None) -> str:
        """Return the reasons in one line, for the user of that id."""
        label = "" if distinct_id is None else f"[distinct_id: {distinct_id}] "
        reasons = "; ".join(refusal.message for refusal in self.refusals)
        more = f"; and {self.omitted} more" if self.omitted else ""
        rest = "; the rest of the edit was applied" if self.applied else ""
        return f"{label}the hub refused: {reasons}{more}{rest}"


class Report(msgspec.Struct, frozen=True):
    """The answer of a hub that refused something, or that has seen some of the events before."""

    refused: list[Refused]
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer by which the hub took events over.

    Attributes:
        response: the answer.
        refused: what was refused, by position of the event.
        repeated: how many of the events had been applied before.
    """

    response: Response
    refused: Mapping[int, Refused] = field(default_factory=dict)
    repeated: int = 0

    @property
    def message(self) -> str:
        """What the official SDK would have been told."""
        return "OK" if self.refused or self.repeated else self.response.text


def repeated_text(count: int) -> str:
    """Return the warning for edits that an earlier attempt of the call had applied."""
    edits = "1 edit" if count == 1 else f"{count} edits"
    return (
        f"the answer to an earlier attempt of this call was lost, and that attempt applied {edits}: "
        "what the hub refused of that is only in its log of rejected records"
    )


def read_report(content: bytes) -> Report | None:
    """Return the report in an answer, or None if it is not one."""
    try:
        return msgspec.json.decode(content, type=Report)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
