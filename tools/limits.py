"""Generate the reference page of limits from `contract/limits.json`. With `--check`, only compare."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "contract/limits.json"
PAGE = ROOT / "docs/reference/limits.md"
_INTRODUCTION = """\
# Limits

<!-- Written by tools/limits.py from contract/limits.json; `make limits` renews it. -->

Above a limit, the hub refuses with the [error code](error-codes.md) that the table names. "Upstream" means that the
limit is part of the interface that the hub implements, or of its SDKs.

| Limit | Value | Unit | Imposed by | Reason | Error code |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the reference page."""
    rows = []
    for limit in json.loads(SOURCE.read_text(encoding="utf-8"))["limits"]:
        code = f"`{limit['error_code']}`" if limit["error_code"] else ""
        cells = [f"`{limit['name']}`", f"{limit['value']:,}", limit["unit"], limit["imposed_by"], limit["reason"], code]
        rows.append(f"| {' | '.join(cells)} |\n")
    return _INTRODUCTION + "".join(rows)


def main() -> None:
    """Write the page, or with `--check` exit with status 1 if it is out of date."""
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page()
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"out of date: {PAGE.relative_to(ROOT)}; run `make limits` and commit the result")
        print("limits: the reference page is up to date")
    elif stale:
        PAGE.write_text(page(), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
