"""`suprsend-hub console-user …`: manage who may use the console, and in which workspaces."""

import sys
from typing import Annotated

import typer

from suprsend_hub.app import sign_in_path
from suprsend_hub.cli.data_dir import DataDir
from suprsend_hub.cli.shared import command_line, fail, with_services
from suprsend_hub.domain.console import Role
from suprsend_hub.service.services import Services

console_user = typer.Typer(help="Manage the users of the console.", no_args_is_help=True)

UserName = Annotated[str, typer.Argument(help="Name of the console user.")]
WorkspaceName = Annotated[str, typer.Option("--workspace", help="Name of the workspace.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        fail("cannot ask for the password without a terminal; use --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@console_user.command("create")
def create(
    name: UserName,
    workspace: Annotated[str | None, typer.Option(help="Name of a workspace to grant access to.")] = None,
    role: Annotated[Role, typer.Option(help="What the user may do there.")] = Role.VIEWER,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
) -> None:
    """Create a console user. Asks for the password."""
    password = _read_password(password_stdin)

    async def use(services: Services) -> None:
        if workspace is not None:
            await services.workspaces.get(workspace)  # before anything is created
        created = await services.console_users.create(command_line(), name, password)
        if workspace is None:
            typer.echo(f"Created. Grant a workspace: suprsend-hub console-user grant {created.name} --workspace NAME")
        else:
            await services.console_users.grant(command_line(), created.name, workspace, role)
            typer.echo(f"Created: {role.value} of workspace {workspace}.")

    with_services(use, data_dir)


@console_user.command("list")
def list_all(
    data_dir: DataDir = None,
) -> None:
    """List console users with their workspaces and roles, and when they were created."""

    async def use(services: Services) -> None:
        for user, grants in await services.console_users.list_all():
            shown = ", ".join(f"{grant.workspace_name} ({grant.role.value})" for grant in grants) or "no workspace"
            typer.echo(f"{user.name}\t{shown}\t{user.created_at:%Y-%m-%d %H:%M} UTC")

    with_services(use, data_dir)


@console_user.command("grant")
def grant(
    name: UserName,
    workspace: WorkspaceName,
    role: Annotated[Role, typer.Option(help="What the user may do there.")] = Role.VIEWER,
    data_dir: DataDir = None,
) -> None:
    """Grant access to a workspace, or change the role there. Takes effect at once."""

    async def use(services: Services) -> None:
        await services.console_users.grant(command_line(), name, workspace, role)
        typer.echo(f"{name} is {role.value} of workspace {workspace}.")

    with_services(use, data_dir)


@console_user.command("revoke")
def revoke(
    name: UserName,
    workspace: WorkspaceName,
    data_dir: DataDir = None,
) -> None:
    """Revoke access to a workspace. Takes effect at once."""

    async def use(services: Services) -> None:
        await services.console_users.revoke(command_line(), name, workspace)
        typer.echo(f"{name} no longer has access to workspace {workspace}.")

    with_services(use, data_dir)


@console_user.command("password")
def password(
    name: UserName,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
) -> None:
    """Set a new password and end all sessions of the console user."""
    new = _read_password(password_stdin)

    async def use(services: Services) -> None:
        await services.console_users.set_password(command_line(), name, new)
        typer.echo("The password has been changed.")

    with_services(use, data_dir)


@console_user.command("sign-out")
def sign_out(
    name: UserName,
    data_dir: DataDir = None,
) -> None:
    """End all sessions of a console user, everywhere."""

    async def use(services: Services) -> None:
        await services.console_users.sign_out(command_line(), name)
        typer.echo(f"All sessions of {name} have ended.")

    with_services(use, data_dir)


@console_user.command("link")
def link(
    name: UserName,
    data_dir: DataDir = None,
) -> None:
    """Print the path of a link that signs in once within 12 hours; put it after the hub's address."""

    async def use(services: Services) -> None:
        typer.echo(sign_in_path(await services.console_users.one_time_link(command_line(), name)))

    with_services(use, data_dir)


@console_user.command("delete")
def delete(
    name: UserName,
    data_dir: DataDir = None,
) -> None:
    """Delete a console user. The history keeps the name."""

    async def use(services: Services) -> None:
        await services.console_users.delete(command_line(), name)
        typer.echo("Deleted.")

    with_services(use, data_dir)
