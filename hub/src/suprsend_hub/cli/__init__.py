"""The command line, `suprsend-hub`. Each command is a thin layer over a service; `main` assembles them."""


def main() -> None:
    """Run the command line (the entry point of the console script)."""
    from suprsend_hub.cli.main import app  # not above: worker processes import this package and need no command

    app()
