"""Check every tracked text file for what must not be in the repository.

Package registries' hosts (requirements are pinned by hash and work with any index) and absolute paths of one person's
machine. The patterns are spelled so that they do not find themselves.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = {
    "names a package registry's host": re.compile(r"pyp[i]\.org|python[h]osted|npm[j]s\.|deb\.debia[n]"),
    "names a path of one machine": re.compile(r"(?:^|[^\w.:/])/(?:wor[k]|far[m]|hom[e]|User[s])/[a-z]", re.MULTILINE),
}


def tracked(root: Path) -> list[Path]:
    """Return the files that git tracks under root and that still exist."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    return [root / name for name in listing.decode().split("\0") if name and (root / name).is_file()]


def findings(files: list[Path], root: Path) -> list[str]:
    """Return one line per offending place, `file:line: reason: text`; files that are not UTF-8 text are passed over."""
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for reason, pattern in RULES.items():
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{file.relative_to(root)}:{line}: {reason}: {match.group().strip()}")
    return found


def main() -> None:
    """Print the findings; exit status 1 if there are any."""
    found = findings(tracked(ROOT), ROOT)
    if found:
        sys.exit("\n".join(found))
    print("tracked files: no registry host, no path of one machine")


if __name__ == "__main__":
    main()
