"""`suprsend-hub db …`: maintain the database."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from suprsend_hub.app import new_ulids
from suprsend_hub.cli.data_dir import DataDir
from suprsend_hub.cli.shared import command_line, fail, failing_clearly, one_line, warn_of_ignored, with_services
from suprsend_hub.service.maintenance import Finding
from suprsend_hub.service.services import Services
from suprsend_hub.settings import PREFIX, Settings
from suprsend_hub.store.address import parse_address

db = typer.Typer(help="Migrate, check and clean the database.", no_args_is_help=True)


@db.command("migrate")
def db_migrate(
    post: Annotated[
        bool, typer.Option("--post", help="Also run the post steps. No hub of an earlier release may be running.")
    ] = False,
) -> None:
    """Migrate the database to the schema of this release. Hubs of the previous release may run. Safe to run again.

    Steps that would stop those hubs are left for --post. On an empty database, all steps run at once.
    """
    from suprsend_hub.service.migrating import migrate_database  # Alembic takes a second to import

    with failing_clearly():
        url = Settings().database_url
        if url is None:
            fail(f"{PREFIX}DATABASE_URL is not set")
        warn_of_ignored(parse_address(url.get_secret_value()).ignored)
        migrated = asyncio.run(migrate_database(command_line(), url.get_secret_value(), post=post, ulids=new_ulids()))
        typer.echo(f"The schema is at revision {migrated.revision}.")
        if migrated.is_newer:
            typer.echo("Nothing to do: a newer release has migrated the database, and this release works on it.")
        if migrated.post_steps_wait:
            typer.echo(
                "Post steps are waiting: run `suprsend-hub db migrate --post` when no hub of the previous release runs."
            )


@db.command("check")
def db_check(
    fix: Annotated[bool, typer.Option("--fix", help="Repair faults, and check again.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Recount the counters and verify the data. Exit with status 1 if anything is wrong. Hubs may run meanwhile."""

    async def use(services: Services) -> Sequence[Finding]:
        findings = await services.maintenance.check()
        if findings and fix:
            _show(findings)
            await services.maintenance.repair(command_line())
            findings = await services.maintenance.check()
            typer.echo("After the repair:")
        _show(findings)
        return findings

    if with_services(use, data_dir):
        raise typer.Exit(1)


@db.command("clean")
def db_clean(
    data_dir: DataDir = None,
) -> None:
    """Delete history, rejected records and audit entries that are older than the settings allow. Run it once a day."""

    async def use(services: Services) -> None:
        settings = Settings()
        cleaned = await services.maintenance.clean(
            command_line(),
            history_days=settings.history_days,
            rejected_days=settings.rejected_days,
            audit_days=settings.audit_days,
        )
        typer.echo(
            f"Deleted {cleaned.history} edits older than {settings.history_days} days, {cleaned.rejected} rejected "
            f"records older than {settings.rejected_days} days and {cleaned.audit} audit entries older than "
            f"{settings.audit_days} days."
        )

    with_services(use, data_dir)


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        how = "" if finding.repairable else " (cannot be repaired by --fix)"
        text = f"{finding.check}: workspace {finding.workspace_id}: {finding.place}: {finding.what}{how}"
        typer.echo(one_line(text))
    count = len(findings) or "No"
    typer.echo(f"{count} fault found." if count == 1 else f"{count} faults found.")
