"""Print the path of a Chromium or Chrome for the browser tests; install Debian's where that is possible.

Looked for in this order: $CHROMIUM, the usual names on PATH, the usual place on macOS. The browser is a system
package and not Playwright's download, so that the tests run with what the distribution keeps patched.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import apt

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
OTHERWISE = """The browser tests need Chromium or Chrome, and none was found.
Install it (Debian: `apt-get install chromium`; macOS: Google Chrome),
or name one with CHROMIUM=/path/to/it."""


def find_chromium() -> str | None:
    """Return the path of an installed browser, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return str(MACOS) if MACOS.exists() else None


def main() -> None:
    """Print the browser's path, after installing one if needed."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CHROMIUM"):
            sys.exit(f"CHROMIUM={os.environ['CHROMIUM']} is not an executable.")
        # Without a font, text has no width and layout tests mean nothing.
        apt.install("chromium", "fonts-liberation", otherwise=OTHERWISE)
        path = find_chromium()
    if path is None:
        sys.exit("apt-get installed the package chromium, but no command of that name is on PATH.")
    print(path)


if __name__ == "__main__":
    main()
