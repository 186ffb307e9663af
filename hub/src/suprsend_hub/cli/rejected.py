"""`suprsend-hub rejected …`: what could not be applied, and why."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from suprsend_hub.app import Hub
from suprsend_hub.cli.main import app, with_hub
from suprsend_hub.domain.ids import ulid_text

rejected = typer.Typer(help="Records and operations that could not be applied.", no_args_is_help=True)
app.add_typer(rejected, name="rejected")


@rejected.command("list")
def list_rejected(
    workspace_name: Annotated[str, typer.Argument(help="Name of the workspace.")],
    user: Annotated[str | None, typer.Option(help="Only records of this distinct_id.")] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=10_000)] = 50,
) -> None:
    """List refused records, newest first: id, time, user, key, reason, what was refused."""

    async def use(hub: Hub) -> None:
        workspace_id = (await hub.workspaces.get(workspace_name)).workspace_id
        if user is None:
            rows = await hub.rejected.page(workspace_id, limit=limit)
        else:
            rows = await hub.rejected.page_of_user(workspace_id, user, limit=limit)
        for row in rows:
            time = datetime.fromtimestamp((row.rejected_id.int >> 80) / 1000, UTC)
            columns = (
                ulid_text(row.rejected_id),
                time.isoformat(timespec="milliseconds"),
                row.key.recipient_id or "-",
                row.code,
                row.property_key or "-",
                row.message,
                row.record,
            )
            typer.echo("\t".join(map(_plain, columns)))

    with_hub(use)


def _plain(text: str) -> str:
    """One line of printable characters: what a client sent must not drive the terminal of who reads the log."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
