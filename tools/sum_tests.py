"""Read the output of several runs of pytest and print how each ended, then a line that counts all of them.

    sum_tests.py LOG [STEP…]

The last line is `N passed, N failed, N skipped`: errors count as failed, expected failures as skipped. The steps are
names of what else failed; each of them counts as failed, unless it is one in which pytest has counted failures itself.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

CLOSING = re.compile(r"^=+ (?P<counts>(?:\d+ \w+(?:, )?)+|no tests ran) in [\d.]+s.* =+$", re.MULTILINE)
MEANING = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "errors": "failed",
    "xpassed": "failed",  # expected failures are strict: pytest itself says failed
    "skipped": "skipped",
    "xfailed": "skipped",
}
"""What pytest's words count as; warnings and deselected tests count as nothing."""


def closing_lines(log: str) -> list[str]:
    """Return the closing line of each run."""
    return [match.group() for match in CLOSING.finditer(log)]


def total(log: str, failed_steps: list[str]) -> Counter[str]:
    """Return how many tests passed, failed and were skipped in all runs, and steps that failed without a test."""
    counts: Counter[str] = Counter()
    for match in CLOSING.finditer(log):
        for number, word in re.findall(r"(\d+) (\w+)", match["counts"]):
            if word in MEANING:
                counts[MEANING[word]] += int(number)
    steps = [step for step in failed_steps if not (step.startswith("test") and counts["failed"])]
    counts["failed"] += len(steps)
    return counts


def main() -> None:
    """Print the closing lines and the sum."""
    log = Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace")
    for line in closing_lines(log):
        print(line)
    counts = total(log, sys.argv[2:])
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")


if __name__ == "__main__":
    main()
