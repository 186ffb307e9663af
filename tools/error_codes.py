"""Generate the OpenAPI document's enumeration of error codes and their reference page.

Both come from `hub/src/suprsend_hub/domain/codes.py`. `--check` changes nothing and names what is out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from suprsend_hub.api.errors import STATUS_OF
from suprsend_hub.domain.codes import Code, Place

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "contract/openapi.yaml"
PAGE = ROOT / "docs/reference/error-codes.md"
_BLOCK = re.compile(
    r"(?P<first>^(?P<indent> +)# Written by tools/error_codes\.py.*\n)(?:.*\n)*?(?P<last> +# End of what .*\n)",
    re.MULTILINE,
)
_INTRODUCTION = """\
# Error codes

<!-- Written by tools/error_codes.py from hub/src/suprsend_hub/domain/codes.py; `make error-codes` renews it. -->

An error answer names its cause in `error_code`. Use it in programs, because the wording of `message` may change.

    {"code": 404, "error_code": "user_not_found", "type": "NotFound", "message": "…", "detail": "…"}

`code` is the HTTP status. Answers with status 429 and 503 say in `Retry-After` how many seconds to wait. New codes may
be added; treat an unknown code according to its status.
"""
_SECTIONS = {
    Place.ANSWER: (
        "Answers of the API",
        "The codes of operations and values are also in the log of rejected records, when an event contains them.",
    ),
    Place.LOG: (
        "In the log of rejected records only",
        "The part of the edit that the record shows was ignored, as documented; the rest was applied.",
    ),
    Place.OPERATOR: (
        "Console and command line",
        "Both show the message. The console answers with the status; a command ends with status 1.",
    ),
}


def codes(place: Place) -> list[Code]:
    """Return the codes of a place, in the order of definition."""
    return [code for code in Code if code.place is place]


def enumeration(indent: str) -> str:
    """Return the codes that an answer may have as lines of the OpenAPI document."""
    lines = ["enum:", *(f"- {code}" for code in sorted(codes(Place.ANSWER)))]
    return "".join(f"{indent}{line}\n" for line in lines)


def document(text: str) -> str:
    """Return the OpenAPI document with its enumeration renewed."""
    renewed, count = _BLOCK.subn(lambda found: found["first"] + enumeration(found["indent"]) + found["last"], text)
    if count != 1:
        sys.exit(f"{DOCUMENT.name} must have one place for the enumeration of error codes, and has {count}")
    return renewed


def page() -> str:
    """Return the reference page."""
    parts = [_INTRODUCTION]
    for place, (title, text) in _SECTIONS.items():
        head = ["Code", "Status", "Meaning", "What to do"]
        rows = [[f"`{code}`", str(STATUS_OF[code.kind]), code.meaning, code.remedy] for code in codes(place)]
        if place is Place.LOG:  # these are never answered
            head, rows = [head[0], *head[2:]], [[row[0], *row[2:]] for row in rows]
        parts.append(f"\n## {title}\n\n{text}\n\n{_table(head, rows)}")
    return "".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def main() -> None:
    """Write both files, or with `--check` exit with status 1 if one is out of date."""
    wanted = {DOCUMENT: document(DOCUMENT.read_text(encoding="utf-8")), PAGE: page()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            sys.exit(f"out of date: {names}; run `make error-codes` and commit the result")
        print("error codes: the OpenAPI document and the reference page are up to date")
        return
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
