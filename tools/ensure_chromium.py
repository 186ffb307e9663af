"""Print the path of a Chromium or Chrome for the browser tests; install Debian's where that is possible.

Looked for in this order: $CHROMIUM, the usual names on PATH, the usual place on macOS. The browser is a system
package and not Playwright's download, so that the tests run with what the distribution keeps patched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


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


def root_prefix() -> list[str] | None:
    """Return what to put before a command to run it as root without a password, or None if that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install() -> None:
    """Install Debian's package `chromium`, its output on stderr; leave with a message if that cannot be done."""
    prefix = root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        sys.exit(
            "The browser tests need Chromium or Chrome, and none was found.\n"
            "Install it (Debian: `apt-get install chromium`; macOS: Google Chrome),\n"
            "or name one with CHROMIUM=/path/to/it."
        )
    print("installing chromium with apt-get", file=sys.stderr, flush=True)
    env = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    packages = ["chromium", "fonts-liberation"]  # without a font, text has no width and layout tests mean nothing
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run(
            [*prefix, *env, *command], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        ).returncode:
            sys.exit(f"`apt-get {command[0]}` failed; see the lines above. Install chromium by hand and try again.")


def main() -> None:
    """Print the browser's path, after installing one if needed."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CHROMIUM"):
            sys.exit(f"CHROMIUM={os.environ['CHROMIUM']} is not an executable.")
        install()
        path = find_chromium()
    if path is None:
        sys.exit("apt-get installed the package chromium, but no command of that name is on PATH.")
    print(path)


if __name__ == "__main__":
    main()
