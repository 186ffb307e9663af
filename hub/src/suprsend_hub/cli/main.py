"""The root command: every command and group of commands under its name."""

import typer

from suprsend_hub.cli import console, database, dev, rejected, serve, settings, workspace

app = typer.Typer(
    name="suprsend-hub",
    help="A recipient directory one runs oneself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.add_typer(console.console_user, name="console-user")
app.add_typer(database.db, name="db")
app.command()(dev.dev)
app.add_typer(rejected.rejected, name="rejected")
app.command()(serve.serve)
app.command("master-key")(serve.master_key)
app.command("settings")(settings.show_settings)
app.add_typer(workspace.workspace, name="workspace")
app.add_typer(workspace.key, name="key")
