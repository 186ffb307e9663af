"""`suprsend-hub settings`: show every setting."""

from rich.console import Console
from rich.table import Table

from suprsend_hub.cli.shared import failing_clearly
from suprsend_hub.settings import Settings, describe


def show_settings() -> None:
    """Show every setting with its value and where the value comes from. Secrets are hidden."""
    with failing_clearly():
        table = Table("setting", "value", "from", "meaning")
        for line in describe(Settings()):
            table.add_row(line.name, line.value, line.origin, line.description)
        Console(width=None).print(table)
