"""The root command and what all commands share: clear failure, access to services, output."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TypeVar

import typer
from pydantic import ValidationError

from suprsend_hub.app import Hub, build_hub
from suprsend_hub.domain.errors import DomainError
from suprsend_hub.settings import PREFIX, Settings

app = typer.Typer(
    name="suprsend-hub",
    help="A recipient directory one runs oneself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
_T = TypeVar("_T")


def main() -> None:
    """Entry point of the console script."""
    from suprsend_hub.cli import console, database, dev, rejected, serve, settings, workspace  # noqa: F401 - they register commands

    app()


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr and end with status 1."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


@contextmanager
def failing_clearly() -> Iterator[None]:
    """Show an expected error as one line instead of a traceback."""
    try:
        yield
    except DomainError as error:
        fail(error.for_operator)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        fail("; ".join(f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in problems))
    except OSError as error:  # a file or directory that a setting or option names
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def warn_of_ignored(parameters: Sequence[str]) -> None:
    """Tell which parameters of the database's URL change nothing."""
    if parameters:
        typer.echo(f"Warning: {PREFIX}DATABASE_URL: ignored, since they mean nothing to the hub: "
                   f"{', '.join(parameters)}", err=True)  # fmt: skip


def with_hub(use: Callable[[Hub], Awaitable[_T]]) -> _T:
    """Run `use` with the services of the configured database."""

    async def run() -> _T:
        hub = build_hub(Settings())
        async with hub.database:
            return await use(hub)

    with failing_clearly():
        return asyncio.run(run())
