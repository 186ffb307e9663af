"""`suprsend-hub dev`: a complete hub for development on this machine: embedded PostgreSQL, loopback only."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from suprsend_hub.app import build_services, new_ulids, sign_in_path
from suprsend_hub.cli.data_dir import MASTER_KEY, default_data_dir, forget_other_databases
from suprsend_hub.cli.server import chosen_port, run_server
from suprsend_hub.cli.shared import failing_clearly
from suprsend_hub.cli.stopping import StopRequest
from suprsend_hub.domain.actor import hub_actor
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.settings import DEFAULT_PORT, PREFIX, Settings
from suprsend_hub.store.embedded import embedded_postgres, owned_directory, write_private

HOST = "127.0.0.1"
_ANSWER_S = 10
LOOPBACK_HOSTS = "localhost,127.0.0.1,[::1]"
WORKSPACE = "development"
CONSOLE_USER = "developer"
WORKSPACE_KEY = "workspace_key"
WORKSPACE_SECRET = "workspace_secret"  # noqa: S105 - printed in the public documentation, and only served on loopback


def dev(
    port: Annotated[
        int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.", min=0, max=65535)
    ] = DEFAULT_PORT,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the database.", file_okay=False)] = None,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=64)] = 1,
) -> None:
    """Run a hub for development: embedded PostgreSQL, and the workspace of the documentation's snippets."""
    directory = (data_dir or default_data_dir()).expanduser().absolute()
    stop = StopRequest(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal is closed
    stop.listen()
    try:
        with failing_clearly(), owned_directory(directory):
            listening_port = chosen_port(HOST, port)
            forget_other_databases()
            with embedded_postgres(directory, say=_say, pulse=stop.check) as url:
                _serve(url, directory, listening_port, workers, stop)
    finally:
        stop.ignore()


def _serve(url: str, directory: Path, port: int, workers: int, stop: StopRequest) -> None:
    """Prepare the database, print the credentials, and serve until told to stop."""
    os.environ[f"{PREFIX}DATABASE_URL"] = url
    os.environ[f"{PREFIX}MASTER_KEY"] = _kept(directory / MASTER_KEY, generate_master_key)
    os.environ.setdefault(f"{PREFIX}ALLOWED_HOSTS", LOOPBACK_HOSTS)  # its credentials are public
    os.environ.setdefault(f"{PREFIX}LOG_FORMAT", "console")
    os.environ.setdefault(f"{PREFIX}LOG_LEVEL", "warning")
    api_key, link = asyncio.run(_prepare(url, directory))
    stop.check()
    typer.echo(f"Workspace: {WORKSPACE_KEY} / {WORKSPACE_SECRET}")
    typer.echo(f"API key: {api_key}")
    typer.echo(f"Console: http://{HOST}:{port}{sign_in_path(link)}")
    run_server(
        host=HOST,
        port=port,
        workers=workers,
        head_timeout_s=Settings().head_timeout_s,
        on_listening=lambda address: typer.echo(f"Listening on {address}"),
        stop=stop,
    )


async def _prepare(url: str, directory: Path) -> tuple[str, str]:
    """Migrate, create workspace and console user if missing; return an API key and a one-time sign-in token."""
    from suprsend_hub.service.migrating import migrate_database  # Alembic takes a second to import

    actor = hub_actor("dev")
    await migrate_database(actor, url, post=True, ulids=new_ulids())  # no other hub runs on this data directory
    hub = build_services(Settings())
    key_file = directory / "api.key"
    async with hub.database:
        if (await hub.health.check(answer_s=_ANSWER_S)).checks.get("master_key", "ok") != "ok":
            raise Unavailable(
                f"{directory / MASTER_KEY} is not the key under which the secrets in {directory} are encrypted; put "
                "the right file back, or begin with another --data-dir",
                code=Code.WRONG_MASTER_KEY,
                retry_after_s=1,
            )
        if await hub.workspaces.find(WORKSPACE) is None:
            created = await hub.workspaces.create(
                actor, WORKSPACE, workspace_key=WORKSPACE_KEY, workspace_secret=WORKSPACE_SECRET
            )
            write_private(key_file, created.api_key)
        elif not _has_text(key_file):
            write_private(key_file, (await hub.workspaces.create_api_key(actor, WORKSPACE, "development")).api_key)
        if await hub.console_users.find(CONSOLE_USER) is None:
            await hub.console_users.create(actor, CONSOLE_USER, password=None)
        await hub.console_users.grant(actor, CONSOLE_USER, WORKSPACE, Role.EDITOR)
        link = await hub.console_users.one_time_link(actor, CONSOLE_USER)
    return key_file.read_text(encoding="utf-8"), link


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not _has_text(path):
        write_private(path, make())
    return path.read_text(encoding="utf-8")


def _has_text(path: Path) -> bool:
    """Tell whether a key is there; a disk that was full may have left an empty file."""
    return path.exists() and bool(path.read_text(encoding="utf-8").strip())


def _say(text: str) -> None:
    typer.echo(text, err=True)
