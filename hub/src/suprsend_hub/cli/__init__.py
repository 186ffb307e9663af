"""The command line: `suprsend-hub`. Each command is a thin face over a service."""

from suprsend_hub.cli.main import main

__all__ = ["main"]
