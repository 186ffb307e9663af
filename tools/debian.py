"""Install a Debian package where that is possible: what tests need of the system and pip cannot bring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def root_prefix() -> list[str] | None:
    """Return what to put before a command to run it as root without a password, or None if that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install(packages: Sequence[str], *, otherwise: str) -> None:
    """Install packages, their output on stderr; leave with the message `otherwise` where that cannot be done."""
    prefix = root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        sys.exit(otherwise)
    print(f"installing {packages[0]} with apt-get", file=sys.stderr, flush=True)
    env = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run(
            [*prefix, *env, *command], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        ).returncode:
            sys.exit(
                f"`apt-get {command[0]}` failed; see the lines above. Install {packages[0]} by hand and try again."
            )
