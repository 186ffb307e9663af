"""Install libmagic where it is missing: older releases of the vendor's SDK need it as soon as they are imported."""

from __future__ import annotations

import ctypes.util
import sys

import apt

OTHERWISE = """Releases of the vendor's SDK before 0.18 need libmagic, and none was found.
Install it (Debian: `apt-get install libmagic1`; macOS: `brew install libmagic`) and try again."""


def main() -> None:
    """Make sure that python-magic finds the library."""
    if ctypes.util.find_library("magic") is None:
        apt.install("libmagic1", otherwise=OTHERWISE)
    if ctypes.util.find_library("magic") is None:
        sys.exit("apt-get installed libmagic1, but the library is not found.")


if __name__ == "__main__":
    main()
