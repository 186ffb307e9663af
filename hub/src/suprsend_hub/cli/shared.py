"""Shared code of all commands: clear errors, and the services of the configured database."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from pydantic import ValidationError

from suprsend_hub._version import __version__
from suprsend_hub.app import build_services
from suprsend_hub.cli.data_dir import chosen_database
from suprsend_hub.domain.actor import Actor, ActorKind
from suprsend_hub.domain.errors import DomainError
from suprsend_hub.service.services import Services
from suprsend_hub.settings import PREFIX, Settings

_T = TypeVar("_T")


def fail(message: str) -> NoReturn:
    """Print what is wrong to stderr and exit with status 1."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


def fail_in_lines(lines: Sequence[str]) -> NoReturn:
    """Print several things that are wrong to stderr, one on each line, and exit with status 1."""
    for line in lines:
        typer.echo(f"Error: {one_line(line)}", err=True)
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
    """Warn of parameters of the database's URL that are ignored."""
    if parameters:
        typer.echo(
            f"Warning: {PREFIX}DATABASE_URL: ignored, because the hub does not use them: {', '.join(parameters)}",
            err=True,
        )


def one_line(text: str) -> str:
    """Return a text as one line of printable characters; text from clients must not control a reader's terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def command_line() -> Actor:
    """Return the actor of a command: the user of the operating system who runs it."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a process whose user has no name, as in some containers
        name = f"uid {os.getuid()}"
    return Actor(ActorKind.COMMAND_LINE, name, f"suprsend-hub {__version__}")


def with_services(use: Callable[[Services], Awaitable[_T]], data_dir: Path | None = None) -> _T:
    """Run `use` with the services of the configured database, or of the development hub with that data directory."""

    async def run(settings: Settings) -> _T:
        services = build_services(settings)
        async with services.database:
            return await use(services)

    with failing_clearly(), chosen_database(data_dir) as settings:
        return asyncio.run(run(settings))
