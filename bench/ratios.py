"""What rounds of two sides say together: the ratio of head to base in each round, its median and its quartiles.

Pure functions on numbers; knows nothing of hubs and processes.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Pair(NamedTuple):
    """A figure of one round, of both sides."""

    base: float
    head: float


@dataclass(frozen=True)
class Ratio:
    """Head over base: the median of all rounds and the quartiles around it."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Line:
    """A line of the table: a figure of both sides and their ratio.

    `limited` tells whether the ratio counts against a limit: processor time does, a rate does not.
    """

    measure: str
    what: str
    unit: str
    rounds: tuple[Pair, ...]
    limited: bool

    @property
    def ratio(self) -> Ratio:
        """The ratio over all rounds."""
        return ratio_of(self.rounds)


def ratio_of(rounds: Sequence[Pair]) -> Ratio:
    """Return median and quartiles of head over base.

    Each round is compared with itself only, since both sides of a round had the same machine; what other programs did
    to one round moves a quartile and not the median. Quartiles are those of the rounds themselves ("inclusive"): of
    five rounds the second and the fourth.
    """
    ratios = [pair.head / pair.base for pair in rounds]
    if len(ratios) == 1:
        return Ratio(ratios[0], ratios[0], ratios[0])
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(median, lower, upper)


def over_limit(lines: Sequence[Line], limit: float) -> list[Line]:
    """Return the lines of processor time whose lower quartile exceeds the limit: certainly slower than it allows."""
    return [line for line in lines if line.limited and line.ratio.lower > limit]


def table(lines: Sequence[Line]) -> str:
    """Return all lines as text: median of base and of head, median ratio, lower and upper quartile."""
    rows = [("", "", "base", "head", "ratio", "quartiles")]
    measure = None
    for line in lines:
        base = statistics.median(pair.base for pair in line.rounds)
        head = statistics.median(pair.head for pair in line.rounds)
        figures = [f"{value:,.{0 if value >= 1000 else 1}f} {line.unit}" for value in (base, head)]
        ratio = line.ratio
        quartiles = f"{ratio.lower:.3f} - {ratio.upper:.3f}"
        name = line.measure if line.measure != measure else ""
        rows.append((name, line.what, *figures, f"{ratio.median:.3f}", quartiles))
        measure = line.measure
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
