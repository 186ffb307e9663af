"""`suprsend-hub workspace …` and `key …`: workspaces and their API keys."""

from datetime import timedelta
from typing import Annotated

import typer

from suprsend_hub.app import Hub
from suprsend_hub.cli.durations import parse_duration
from suprsend_hub.cli.main import app, fail, with_hub
from suprsend_hub.domain.ids import ulid_text

workspace = typer.Typer(help="Workspaces.", no_args_is_help=True)
key = typer.Typer(help="API keys of a workspace.", no_args_is_help=True)
app.add_typer(workspace, name="workspace")
app.add_typer(key, name="key")

WorkspaceName = Annotated[str, typer.Argument(help="Name of the workspace.")]


@workspace.command("create")
def create(name: WorkspaceName) -> None:
    """Create a workspace and print its credentials, this once."""

    async def use(hub: Hub) -> None:
        created = await hub.workspaces.create(name)
        typer.echo(f"Workspace key:    {created.workspace_key}")
        typer.echo(f"Workspace secret: {created.workspace_secret}")
        typer.echo(f"Workspace uid:    {created.workspace_uid}")
        typer.echo(f"API key:          {created.api_key}")
        typer.echo("The secret and the API key are not shown again.")

    with_hub(use)


@workspace.command("list")
def list_all() -> None:
    """List workspaces."""

    async def use(hub: Hub) -> None:
        for row in await hub.workspaces.list_all():
            state = "\tdisabled" if row.disabled_at else ""
            created_at = f"{row.created_at:%Y-%m-%d %H:%M} UTC"
            typer.echo(f"{row.name}\t{row.workspace_key}\t{row.workspace_uid}\t{created_at}{state}")

    with_hub(use)


@workspace.command("limit")
def limit(
    name: WorkspaceName,
    edits_per_second: Annotated[
        int | None, typer.Option(help="Edits per second, per worker; 0 lifts the limit.", min=0)
    ] = None,
    burst: Annotated[int | None, typer.Option(help="Edits at once after a rest; else a second's worth.", min=1)] = None,
) -> None:
    """Limit how fast a workspace may edit, or show its limit; running hubs follow within seconds."""

    async def use(hub: Hub) -> None:
        if edits_per_second is not None:
            row = await hub.workspaces.limit(name, edits_per_second=edits_per_second, burst_edits=burst)
        elif burst is not None:
            fail("--burst needs --edits-per-second")
        else:
            row = await hub.workspaces.get(name)
        typer.echo(
            f"{row.edits_per_second} edits per second, {row.burst_edits} at once, per worker."
            if row.edits_per_second
            else "No limit."
        )

    with_hub(use)


@workspace.command("rotate-secret")
def rotate_secret(
    name: WorkspaceName,
    overlap: Annotated[
        timedelta,
        typer.Option(
            parser=parse_duration, metavar="TIME", show_default="24h", help="How long the old secret stays valid."
        ),
    ] = timedelta(hours=24),
) -> None:
    """Give a workspace a new secret and print it, this once. Running hubs take it within seconds."""

    async def use(hub: Hub) -> None:
        rotated = await hub.workspaces.rotate_secret(name, overlap=overlap)
        typer.echo(f"Workspace secret: {rotated.workspace_secret}")
        typer.echo("The secret is not shown again.")
        typer.echo(
            "The old one is not valid any more."
            if rotated.old_until is None
            else f"The old one is valid until {rotated.old_until:%Y-%m-%d %H:%M} UTC; "
            "`suprsend-hub workspace drop-old-secret` ends it sooner."
        )

    with_hub(use)


@workspace.command("drop-old-secret")
def drop_old_secret(name: WorkspaceName) -> None:
    """End the overlap of the latest rotation now."""

    async def use(hub: Hub) -> None:
        await hub.workspaces.drop_old_secret(name)
        typer.echo("The old secret is not valid any more.")

    with_hub(use)


@workspace.command("disable")
def disable(name: WorkspaceName) -> None:
    """Let nobody in: running hubs answer 403 within seconds, and the console hides the workspace. Its data stay."""

    async def use(hub: Hub) -> None:
        await hub.workspaces.disable(name)
        typer.echo(f"Workspace {name} is disabled.")

    with_hub(use)


@workspace.command("enable")
def enable(name: WorkspaceName) -> None:
    """Let everybody in again."""

    async def use(hub: Hub) -> None:
        await hub.workspaces.enable(name)
        typer.echo(f"Workspace {name} is enabled.")

    with_hub(use)


@workspace.command("clock-skew")
def clock_skew(
    name: WorkspaceName,
    at_most: Annotated[
        timedelta | None,
        typer.Option(parser=parse_duration, metavar="TIME", help="15m is a good choice; 0 takes any Date."),
    ] = None,
) -> None:
    """Limit how far the Date of a signed request may be from the hub's clock, or show the limit.

    Without a limit, a request that somebody has seen can be repeated for ever.
    """

    async def use(hub: Hub) -> None:
        if at_most is not None:
            await hub.workspaces.limit_clock_skew(name, round(at_most.total_seconds()))
        seconds = (await hub.workspaces.get(name)).max_clock_skew_s
        typer.echo(f"At most {seconds} seconds." if seconds else "Any Date is taken.")

    with_hub(use)


@workspace.command("re-encrypt")
def re_encrypt() -> None:
    """Bring all secrets under the first key of SUPRSEND_HUB_MASTER_KEY; safe to interrupt and to run again.

    Set the new key in front of the old one first, on every hub. When this has succeeded, the old one may go.
    """

    async def use(hub: Hub) -> int:
        changed = lost = workspaces = 0
        async for done in hub.workspaces.reencrypt_secrets():
            workspaces, changed, lost = workspaces + 1, changed + done.changed, lost + done.lost
            if done.changed:
                typer.echo(f"{done.name}: re-encrypted")
            if done.lost:
                typer.echo(f"{done.name}: none of the keys decrypts its secret", err=True)
        typer.echo(f"Re-encrypted secrets: {changed}. Workspaces: {workspaces}.")
        return lost

    if with_hub(use):
        raise typer.Exit(1)


@key.command("create")
def create_key(
    workspace_name: WorkspaceName, name: Annotated[str, typer.Option(help="What the key is for.")] = "API key"
) -> None:
    """Create an API key and print it, this once."""

    async def use(hub: Hub) -> None:
        created = await hub.workspaces.create_api_key(workspace_name, name)
        typer.echo(f"API key: {created.api_key}")
        typer.echo(f"Id:      {created.api_key_id}")

    with_hub(use)


@key.command("list")
def list_keys(workspace_name: WorkspaceName) -> None:
    """List the API keys of a workspace, by id, name and last characters."""

    async def use(hub: Hub) -> None:
        for row in await hub.workspaces.list_api_keys(workspace_name):
            state = "revoked" if row.revoked_at else "valid"
            typer.echo(f"{ulid_text(row.api_key_id)}\t…{row.hint}\t{state}\t{row.name}")

    with_hub(use)


@key.command("revoke")
def revoke_key(
    workspace_name: WorkspaceName, key_id: Annotated[str, typer.Argument(help="Id, as `key list` shows it.")]
) -> None:
    """Revoke an API key; running hubs refuse it within seconds."""

    async def use(hub: Hub) -> None:
        await hub.workspaces.revoke_api_key(workspace_name, key_id)
        typer.echo("Revoked.")

    with_hub(use)
