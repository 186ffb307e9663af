"""Print the path of PgBouncer for the tests of the store; install Debian's where that is possible.

Looked for in this order: $PGBOUNCER, PATH, the folder of system programs, which is not on everybody's PATH.
"""

from __future__ import annotations

import os
import shutil
import sys

import apt

MISSING = (
    "The tests of the store need PgBouncer, and none was found.\n"
    "Install it (Debian: `apt-get install pgbouncer`; macOS: `brew install pgbouncer`),\n"
    "or name one with PGBOUNCER=/path/to/it."
)


def find_pgbouncer() -> str | None:
    """Return the path of an installed PgBouncer, or None."""
    named = os.environ.get("PGBOUNCER")
    return shutil.which(named) if named else shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


def main() -> None:
    """Print the path, after installing PgBouncer if needed."""
    path = find_pgbouncer()
    if path is None:
        if os.environ.get("PGBOUNCER"):
            sys.exit(f"PGBOUNCER={os.environ['PGBOUNCER']} is not an executable.")
        apt.install("pgbouncer", otherwise=MISSING)
        path = find_pgbouncer()
    if path is None:
        sys.exit("apt-get installed the package pgbouncer, but no program has that name.")
    print(path)


if __name__ == "__main__":
    main()
