"""`suprsend-hub serve`: a hub for production, without built-in credentials or defaults for required settings."""

import asyncio
from typing import Annotated

import typer

from suprsend_hub.app import build_services
from suprsend_hub.cli.server import chosen_port, run_server
from suprsend_hub.cli.shared import failing_clearly, warn_of_ignored
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.settings import DEFAULT_PORT, Settings

_DECISIVE = ("database", "schema", "master_key")
"""Readiness checks that must pass before a hub starts."""
_ANSWER_S = 10
"""Seconds that the database has for an answer before the hub refuses to start."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.", min=0, max=65535)] = DEFAULT_PORT,
    workers: Annotated[int, typer.Option(help="Worker processes; about one per core.", min=1, max=256)] = 1,
) -> None:
    """Serve an existing, migrated database (`suprsend-hub db migrate`)."""
    with failing_clearly():
        asyncio.run(_check())
        run_server(
            host=host,
            port=chosen_port(host, port),
            workers=workers,
            head_timeout_s=Settings().head_timeout_s,
            on_listening=lambda address: typer.echo(f"Listening on {address}"),
        )


async def _check() -> None:
    """Refuse to start without settings, database, schema or the right master key, and say which is missing."""
    services = build_services(Settings())
    warn_of_ignored(services.database.ignored_parameters)
    async with services.database:
        report = await services.health.check(answer_s=_ANSWER_S)
    if not report.ready:
        wrong = [f"{name}: {report.checks[name]}" for name in _DECISIVE if report.checks.get(name, "ok") != "ok"]
        raise Unavailable("; ".join(wrong), code=Code.NOT_READY, retry_after_s=1)


def master_key() -> None:
    """Print a new master key for SUPRSEND_HUB_MASTER_KEY. Keep it: without it, workspace secrets are lost."""
    typer.echo(generate_master_key())
