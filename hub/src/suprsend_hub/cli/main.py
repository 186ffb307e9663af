"""The root command, with every command and group of commands under its name."""

import signal
import threading
from typing import Annotated

import typer

from suprsend_hub._version import __version__
from suprsend_hub.cli import audit, category, console, database, dev, rejected, serve, settings, workspace

app = typer.Typer(
    name="suprsend-hub",
    help="A self-hosted recipient directory.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.add_typer(audit.audit, name="audit")
app.add_typer(category.category, name="category")
app.add_typer(console.console_user, name="console-user")
app.add_typer(database.db, name="db")
app.command()(dev.dev)
app.add_typer(rejected.rejected, name="rejected")
app.command()(serve.serve)
app.command("master-key")(serve.master_key)
app.command("settings")(settings.show_settings)
app.add_typer(workspace.workspace, name="workspace")
app.add_typer(workspace.key, name="key")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"suprsend-hub {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """A self-hosted recipient directory."""
    del version
    # Whoever starts us may ignore it, as some supervisors do. Then nobody learns how a child of ours has ended.
    if threading.current_thread() is threading.main_thread():  # only that one can
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
