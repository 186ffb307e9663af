"""Install Debian's packages where that is possible: as root, or by sudo without a password."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def root_prefix() -> list[str] | None:
    """Return what to put before a command to run it as root without a password, or None if that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install(*packages: str, otherwise: str) -> None:
    """Install the packages, with apt-get's output on stderr; leave with a message if that cannot be done."""
    prefix = root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        sys.exit(otherwise)
    print(f"installing {packages[0]} with apt-get", file=sys.stderr, flush=True)
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run([*apt, *command], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode:
            sys.exit(
                f"`apt-get {command[0]}` failed; see the lines above. Install {packages[0]} by hand and try again."
            )
