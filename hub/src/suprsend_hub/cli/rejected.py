"""`suprsend-hub rejected …`: show what could not be applied, and why."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from suprsend_hub.cli.data_dir import DataDir
from suprsend_hub.cli.shared import one_line, with_services
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.service.services import Services

rejected = typer.Typer(help="Show records and operations that could not be applied.", no_args_is_help=True)


@rejected.command("list")
def list_rejected(
    workspace_name: Annotated[str, typer.Argument(help="Name of the workspace.")],
    user: Annotated[str | None, typer.Option(help="Only records of the user with this distinct_id.")] = None,
    limit: Annotated[int, typer.Option(help="How many records to list.", min=1, max=10_000)] = 50,
    data_dir: DataDir = None,
) -> None:
    """List rejected records, newest first: id, time, user or object, code, property, reason, rejected part."""

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        if user is None:
            rows = await services.rejected.page(workspace_id, limit=limit)
        else:
            rows = await services.rejected.page_of_user(workspace_id, user, limit=limit)
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
            typer.echo("\t".join(map(one_line, columns)))

    with_services(use, data_dir)
