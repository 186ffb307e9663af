"""`suprsend-hub settings`: every setting, its value and where it comes from."""

from rich.console import Console
from rich.table import Table

from suprsend_hub.cli.shared import failing_clearly
from suprsend_hub.settings import Settings, describe


def show_settings() -> None:
    """Show every setting, its value and where the value comes from; secrets are hidden."""
    with failing_clearly():
        table = Table("setting", "value", "from", "meaning")
        for line in describe(Settings()):
            table.add_row(line.name, line.value, line.origin, line.description)
        Console(width=None).print(table)
