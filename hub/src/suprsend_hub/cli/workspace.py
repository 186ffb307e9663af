"""`suprsend-hub workspace …` and `key …`: manage workspaces and their API keys."""

from datetime import timedelta
from typing import Annotated

import typer

from suprsend_hub.cli.data_dir import DataDir
from suprsend_hub.cli.durations import parse_duration
from suprsend_hub.cli.shared import command_line, fail, with_services
from suprsend_hub.domain.actor import DEFAULT_SCOPES, Scope
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.tenancy import FallbackMode, TenancyChange, TenancyMode, tenancy_to_wire
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services

workspace = typer.Typer(help="Manage workspaces.", no_args_is_help=True)
key = typer.Typer(help="Manage the API keys of a workspace.", no_args_is_help=True)

WorkspaceName = Annotated[str, typer.Argument(help="Name of the workspace.")]
KeyId = Annotated[str, typer.Argument(help="Id of the key, from `key list`.")]
Scopes = Annotated[
    list[Scope] | None, typer.Option("--scope", help="What the key may do. Repeat the option for several scopes.")
]


@workspace.command("create")
def create(
    name: WorkspaceName,
    data_dir: DataDir = None,
) -> None:
    """Create a workspace and print its credentials once."""

    async def use(services: Services) -> None:
        created = await services.workspaces.create(command_line(), name)
        typer.echo(f"Workspace key:    {created.workspace_key}")
        typer.echo(f"Workspace secret: {created.workspace_secret}")
        typer.echo(f"Workspace uid:    {created.workspace_uid}")
        typer.echo(f"API key:          {created.api_key}")
        typer.echo("The secret and the API key are not shown again.")

    with_services(use, data_dir)


@workspace.command("list")
def list_all(
    data_dir: DataDir = None,
) -> None:
    """List workspaces: name, key, uid, time of creation, state."""

    async def use(services: Services) -> None:
        for row in await services.workspaces.list_all():
            state = "\tbeing deleted" if row.deleting_since else "\tdisabled" if row.disabled_at else ""
            created_at = f"{row.created_at:%Y-%m-%d %H:%M} UTC"
            typer.echo(f"{row.name}\t{row.workspace_key}\t{row.workspace_uid}\t{created_at}{state}")

    with_services(use, data_dir)


@workspace.command("limit")
def limit(
    name: WorkspaceName,
    edits_per_second: Annotated[
        int | None, typer.Option(help="Edits per second, per worker; 0 removes the limit.", min=0)
    ] = None,
    burst: Annotated[
        int | None, typer.Option(help="Edits at once after a pause. By default, as many as in one second.", min=1)
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Set or show the rate limit of a workspace. Running hubs follow within seconds."""

    async def use(services: Services) -> None:
        if edits_per_second is not None:
            row = await services.workspaces.limit(
                command_line(), name, edits_per_second=edits_per_second, burst_edits=burst
            )
        elif burst is not None:
            fail("--burst needs --edits-per-second")
        else:
            row = await services.workspaces.get(name)
        typer.echo(
            f"{row.edits_per_second} edits per second, {row.burst_edits} at once, per worker."
            if row.edits_per_second
            else "No limit."
        )

    with_services(use, data_dir)


@workspace.command("rotate-secret")
def rotate_secret(
    name: WorkspaceName,
    overlap: Annotated[
        timedelta,
        typer.Option(parser=parse_duration, metavar="TIME", help="How long the old secret stays valid."),
    ] = "24h",  # type: ignore[assignment]  # the parser reads the default too
    lost: Annotated[
        bool,
        typer.Option("--lost", help="Replace a secret whose master key is lost. The old secret ends now."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Give a workspace a new secret and print it once. Running hubs accept it within seconds."""

    async def use(services: Services) -> None:
        rotated = await services.workspaces.rotate_secret(command_line(), name, overlap=overlap, is_lost=lost)
        typer.echo(f"Workspace secret: {rotated.workspace_secret}")
        typer.echo("The secret is not shown again.")
        typer.echo(
            "The old secret is no longer valid."
            if rotated.old_until is None
            else f"The old secret is valid until {rotated.old_until:%Y-%m-%d %H:%M} UTC; "
            "`suprsend-hub workspace drop-old-secret` ends it sooner."
        )

    with_services(use, data_dir)


@workspace.command("drop-old-secret")
def drop_old_secret(
    name: WorkspaceName,
    data_dir: DataDir = None,
) -> None:
    """End the overlap of the latest rotation now, so that only the new secret is valid."""

    async def use(services: Services) -> None:
        await services.workspaces.drop_old_secret(command_line(), name)
        typer.echo("The old secret is no longer valid.")

    with_services(use, data_dir)


@workspace.command("disable")
def disable(
    name: WorkspaceName,
    data_dir: DataDir = None,
) -> None:
    """Disable a workspace: hubs answer 403 within seconds, and the console hides it. Its data stay."""

    async def use(services: Services) -> None:
        await services.workspaces.disable(command_line(), name)
        typer.echo(f"Workspace {name} is disabled.")

    with_services(use, data_dir)


@workspace.command("enable")
def enable(
    name: WorkspaceName,
    data_dir: DataDir = None,
) -> None:
    """Enable a disabled workspace. Within seconds, hubs accept its requests again."""

    async def use(services: Services) -> None:
        await services.workspaces.enable(command_line(), name)
        typer.echo(f"Workspace {name} is enabled.")

    with_services(use, data_dir)


@workspace.command("delete")
def delete(
    name: WorkspaceName,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm. Deletion cannot be undone.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Permanently delete a workspace with everything in it. If interrupted, run it again to continue."""

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(name)).workspace_id
        if not yes:
            users = (await services.recipients.page(workspace_id, PageRequest(1))).count
            fail(f"workspace {name} has {users} users. Repeat with --yes to delete it with everything in it.")
        async for done in services.workspace_deletion.delete(command_line(), name):
            typer.echo(done)
        typer.echo(f"Workspace {name} is deleted.")

    with_services(use, data_dir)


@workspace.command("clock-skew")
def clock_skew(
    name: WorkspaceName,
    at_most: Annotated[
        timedelta | None,
        typer.Option(parser=parse_duration, metavar="TIME", help="Limit, such as 15m; 0 accepts any Date."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Limit how far the Date of a signed request may be from the hub's clock, or show the limit.

    Without a limit, anyone who has seen a signed request can send it again at any time.
    """

    async def use(services: Services) -> None:
        if at_most is not None:
            await services.workspaces.limit_clock_skew(command_line(), name, round(at_most.total_seconds()))
        seconds = (await services.workspaces.get(name)).max_clock_skew_s
        typer.echo(f"At most {seconds} seconds." if seconds else "Any Date is accepted.")

    with_services(use, data_dir)


@workspace.command("after-merge")
def after_merge(
    name: WorkspaceName,
    value: Annotated[
        str | None, typer.Argument(help="`recreate` creates a new user; `alias` changes the primary user.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Set what a new event for the id of a merged user does, or show it."""

    async def use(services: Services) -> None:
        if value is not None:
            await services.workspaces.set_after_merge(command_line(), name, value)
        typer.echo((await services.workspaces.get(name)).after_merge)

    with_services(use, data_dir)


@workspace.command("tenancy")
def tenancy(
    name: WorkspaceName,
    mode: Annotated[
        TenancyMode | None, typer.Option(help="Whether a user may be linked with any number of tenants, or with one.")
    ] = None,
    fallback: Annotated[
        FallbackMode | None,
        typer.Option(help="Which channels of a user apply within a tenant that has none of its own."),
    ] = None,
    channel: Annotated[
        list[Channel] | None, typer.Option(help="A channel of the allowlist; repeat it for more than one.")
    ] = None,
    limit_default_tenant: Annotated[
        bool | None,
        typer.Option(
            "--limit-default-tenant/--no-limit-default-tenant",
            help="Whether the allowlist also applies to the tenant `default`.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Set how users and tenants of a workspace belong together, or show it; running hubs follow within seconds."""
    channels = None if channel is None else tuple(each for each in Channel if each in channel)
    change = TenancyChange(mode, fallback, channels, limit_default_tenant)

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(name)).workspace_id
        if change == TenancyChange():
            rules = await services.tenancy.get(workspace_id)
        else:
            rules = await services.tenancy.change(command_line(), workspace_id, name, change)
        for field, value in tenancy_to_wire(rules).items():
            shown = ", ".join(value) if isinstance(value, list) else value
            typer.echo(f"{field}: {shown}")

    with_services(use, data_dir)


@workspace.command("channels")
def channels(
    name: WorkspaceName,
    channel: Annotated[
        list[Channel] | None, typer.Option(help="A channel that the workspace uses; repeat it for more than one.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The workspace uses all channels, as at the beginning.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Set the channels that a workspace uses, or show them. Preferences show no others; running hubs follow at once."""
    if channel and every:
        fail("give either --channel or --all")

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(name)).workspace_id
        if channel or every:
            used = await services.categories.set_active_channels(command_line(), workspace_id, channel or None)
        else:
            used = await services.categories.active_channels(workspace_id)
        typer.echo(", ".join(used))

    with_services(use, data_dir)


@workspace.command("re-encrypt")
def re_encrypt(
    data_dir: DataDir = None,
) -> None:
    """Encrypt all secrets with the first key of SUPRSEND_HUB_MASTER_KEY. Safe to interrupt and to run again.

    First put the new key before the old one in the setting of every hub. Afterwards you can remove the old key.
    """

    async def use(services: Services) -> int:
        changed = lost = workspaces = 0
        async for done in services.workspaces.reencrypt_secrets(command_line()):
            workspaces, changed, lost = workspaces + 1, changed + done.changed, lost + done.lost
            if done.changed:
                typer.echo(f"{done.name}: re-encrypted")
            if done.lost:
                typer.echo(f"{done.name}: no key decrypts its secret", err=True)
        typer.echo(f"Re-encrypted secrets: {changed}. Workspaces: {workspaces}.")
        return lost

    if with_services(use, data_dir):
        raise typer.Exit(1)


@key.command("create")
def create_key(
    workspace_name: WorkspaceName,
    name: Annotated[str, typer.Option(help="Purpose of the key.")] = "API key",
    scope: Scopes = None,
    data_dir: DataDir = None,
) -> None:
    """Create an API key and print it once. Without --scope, it can read and write."""

    async def use(services: Services) -> None:
        created = await services.workspaces.create_api_key(
            command_line(), workspace_name, name, frozenset(scope or DEFAULT_SCOPES)
        )
        typer.echo(f"API key: {created.api_key}")
        typer.echo(f"Id:      {created.api_key_id}")

    with_services(use, data_dir)


@key.command("list")
def list_keys(
    workspace_name: WorkspaceName,
    data_dir: DataDir = None,
) -> None:
    """List the API keys of a workspace: id, last characters, state, scopes, name."""

    async def use(services: Services) -> None:
        for row in await services.workspaces.list_api_keys(workspace_name):
            state = "revoked" if row.revoked_at else "valid"
            scopes = ",".join(sorted(row.scopes))
            typer.echo(f"{ulid_text(row.api_key_id)}\t…{row.hint}\t{state}\t{scopes}\t{row.name}")

    with_services(use, data_dir)


@key.command("scopes")
def set_scopes(
    workspace_name: WorkspaceName,
    key_id: KeyId,
    scope: Scopes = None,
    data_dir: DataDir = None,
) -> None:
    """Replace the scopes of an API key. Running hubs follow within seconds."""
    if not scope:
        fail("name at least one --scope: read, write, manage, privacy")

    async def use(services: Services) -> None:
        await services.workspaces.set_api_key_scopes(command_line(), workspace_name, key_id, frozenset(scope))
        typer.echo(f"Scopes: {', '.join(sorted(set(scope)))}")

    with_services(use, data_dir)


@key.command("revoke")
def revoke_key(
    workspace_name: WorkspaceName,
    key_id: KeyId,
    data_dir: DataDir = None,
) -> None:
    """Revoke an API key. Running hubs refuse it within seconds."""

    async def use(services: Services) -> None:
        await services.workspaces.revoke_api_key(command_line(), workspace_name, key_id)
        typer.echo("Revoked.")

    with_services(use, data_dir)
