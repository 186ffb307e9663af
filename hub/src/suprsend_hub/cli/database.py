"""`suprsend-hub db …`: care of the database."""

import asyncio

import typer

from suprsend_hub.cli.main import app, fail, failing_clearly
from suprsend_hub.settings import PREFIX, Settings
from suprsend_hub.store.migrate import migrate

db = typer.Typer(help="Care of the database.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command("migrate")
def db_migrate() -> None:
    """Bring the database to this version's schema; safe to run again."""
    with failing_clearly():
        url = Settings().database_url
        if url is None:
            fail(f"{PREFIX}DATABASE_URL is not set")
        revision = asyncio.run(migrate(url.get_secret_value()))
        typer.echo(f"The schema is at revision {revision}.")
