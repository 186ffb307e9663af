"""`suprsend-hub audit …`: show who changed what. Edits of profiles are in the history instead."""

import json
from typing import Annotated

import typer

from suprsend_hub.cli.data_dir import DataDir
from suprsend_hub.cli.shared import one_line, with_services
from suprsend_hub.domain.audit import HUB_WIDE, AuditEntry
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.service.audit import AuditFilter, AuditPage, parse_since, recorded_at
from suprsend_hub.service.services import Services

audit = typer.Typer(help="Show the audit log: who changed what.", no_args_is_help=True)


@audit.command("list")
def list_entries(
    workspace_name: Annotated[
        str | None,
        typer.Argument(
            help="Name of the workspace. Without it, list changes of console users, sign-ins, migrations, maintenance."
        ),
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="Only changes by this actor: a name, or kind and name such as api_key:NAME.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this action, or all actions with this first part: list.add, list.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Only changes of this target: an id, such as a distinct_id.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="Only changes since this date or time in ISO 8601, by default in UTC.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many changes to list.", min=1, max=100_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List changes, newest first: id, time, actor, address, action, target, detail."""

    async def use(services: Services) -> None:
        wanted = AuditFilter(actor, action, target, parse_since(since))
        workspace_id = HUB_WIDE
        if workspace_name is not None:
            workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        left, page = limit, AuditPage([], None)
        while left > 0:
            page = await services.audit.page(workspace_id, wanted, after=page.after, limit=left)
            for entry in page.entries:
                typer.echo(_json_line(entry) if as_json else _line(entry))
            left -= len(page.entries)
            if page.after is None:
                break

    with_services(use, data_dir)


def _line(entry: AuditEntry) -> str:
    target = f"{entry.target_type}/{entry.target_id}" if entry.target_type else entry.target_id
    times = f" x{entry.count}" if entry.count > 1 else ""
    return "\t".join(
        one_line(text)
        for text in (
            ulid_text(entry.audit_id),
            recorded_at(entry).isoformat(timespec="milliseconds"),
            entry.actor.label,
            entry.actor.address or "-",
            entry.action + times,
            target or "-",
            entry.detail,
        )
    )


def _json_line(entry: AuditEntry) -> str:
    actor = entry.actor
    return json.dumps(
        {
            "id": ulid_text(entry.audit_id),
            "created_at": recorded_at(entry).isoformat(timespec="milliseconds"),
            "action": entry.action,
            "target_type": entry.target_type,
            "target_id": entry.target_id,
            "actor_kind": actor.kind.value,
            "actor_name": actor.name,
            "user_agent": actor.user_agent,
            "address": actor.address,
            "request_id": actor.request_id,
            "count": entry.count,
            "detail": json.loads(entry.detail),
        }
    )
