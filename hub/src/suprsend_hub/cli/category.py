"""`suprsend-hub category …`: the preference categories of a workspace, kept as files like those of the vendor's CLI."""

from pathlib import Path
from typing import Annotated

import typer

from suprsend_hub.cli import category_files
from suprsend_hub.cli.data_dir import DataDir
from suprsend_hub.cli.shared import command_line, fail, fail_in_lines, one_line, with_services
from suprsend_hub.domain.categories import CategoryDocument, Commit, Mode
from suprsend_hub.domain.limits import MAX_DESCRIPTION_CHARS
from suprsend_hub.service.services import Services

category = typer.Typer(help="Manage the preference categories of a workspace.", no_args_is_help=True)

WorkspaceName = Annotated[str, typer.Argument(help="Name of the workspace.")]
Directory = Annotated[
    Path, typer.Option("--dir", "-d", help="Directory of the files, as in the vendor's CLI.", file_okay=False)
]
WhichMode = Annotated[Mode, typer.Option("--mode", "-m", help="The categories in force, or the draft.")]
Message = Annotated[str | None, typer.Option("--commit-message", help="What the commit changes.")]
Force = Annotated[
    bool, typer.Option("--force", help="Commit although categories are removed that recipients have choices for.")
]
DEFAULT_DIRECTORY = Path("suprsend") / "category"


@category.command("pull")
def pull(
    workspace_name: WorkspaceName,
    directory: Directory = DEFAULT_DIRECTORY,
    mode: WhichMode = Mode.LIVE,
    data_dir: DataDir = None,
) -> None:
    """Write the categories of a workspace and their translations to files."""

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        found = await services.categories.get(workspace_id, mode)
        locales = [name for name, _ in await services.categories.locales(workspace_id)]
        translations = {name: await services.categories.translations(workspace_id, name) for name in locales}
        for path in category_files.write(directory, found.document, translations):
            typer.echo(f"Wrote {path}")

    with_services(use, data_dir)


@category.command("push")
def push(
    workspace_name: WorkspaceName,
    directory: Directory = DEFAULT_DIRECTORY,
    commit: Annotated[bool, typer.Option("--commit", "-c", help="Also put the categories into force.")] = False,
    commit_message: Message = None,
    force: Force = False,
    data_dir: DataDir = None,
) -> None:
    """Save the categories of files as the draft of a workspace. Translations apply at once."""
    wanted = _commit(commit_message, force) if commit else None

    async def use(services: Services) -> None:
        document, translations = category_files.read(directory)
        workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        actor = command_line()
        for locale, texts in translations.items():
            await services.categories.save_translations(actor, workspace_id, locale, texts)
        saved = await services.categories.save(actor, workspace_id, document, wanted)
        if wanted is not None and saved.errors:
            fail_in_lines(["the draft is saved, but not committed. Repeat with --force to commit it.", *saved.errors])
        for problem in saved.errors or ():
            typer.echo(f"Warning: {problem}", err=True)
        state = "the draft" if saved.version_no is None else f"version {saved.version_no}, in force"
        typer.echo(f"Saved {len(document)} categories as {state}.")

    with_services(use, data_dir)


@category.command("commit")
def commit_draft(
    workspace_name: WorkspaceName,
    commit_message: Message = None,
    force: Force = False,
    data_dir: DataDir = None,
) -> None:
    """Put the draft of a workspace into force."""
    wanted = _commit(commit_message, force)

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        done = await services.categories.commit(command_line(), workspace_id, wanted)
        typer.echo(f"Version {done.version_no} with {len(done.document)} categories is in force.")

    with_services(use, data_dir)


@category.command("list")
def list_all(workspace_name: WorkspaceName, mode: WhichMode = Mode.LIVE, data_dir: DataDir = None) -> None:
    """List categories: root category, section, slug, default preference, mandatory channels, name."""

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        for line in _lines((await services.categories.get(workspace_id, mode)).document):
            typer.echo(line)

    with_services(use, data_dir)


@category.command("versions")
def versions(
    workspace_name: WorkspaceName,
    limit: Annotated[int, typer.Option(help="How many versions to list.", min=1, max=10_000)] = 50,
    data_dir: DataDir = None,
) -> None:
    """List committed versions, newest first: number, time, message. The first is in force."""

    async def use(services: Services) -> None:
        workspace_id = (await services.workspaces.get(workspace_name)).workspace_id
        for row in await services.categories.versions(workspace_id, limit=limit):
            saved_at = f"{row.saved_at:%Y-%m-%d %H:%M} UTC"
            typer.echo(f"{row.version_no}\t{saved_at}\t{one_line(row.commit_message or '-')}")

    with_services(use, data_dir)


def _commit(message: str | None, force: bool) -> Commit:
    if message is None or not message.strip() or len(message) > MAX_DESCRIPTION_CHARS:
        fail(f"a commit needs a --commit-message of at most {MAX_DESCRIPTION_CHARS} characters")
    return Commit(message, force)


def _lines(document: CategoryDocument) -> list[str]:
    return [
        "\t".join(
            map(
                one_line,
                (
                    placed.root,
                    placed.section.name or "-",
                    placed.category.category,
                    placed.category.default_preference,
                    ",".join(placed.category.default_mandatory_channels or ()) or "-",
                    placed.category.name,
                ),
            )
        )
        for placed in document
    ]
