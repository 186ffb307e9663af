"""What holds for every command: its defaults can be used, it works on a development hub, and it fails in a sentence."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from suprsend_hub.cli.main import app
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHOUT_DATA_DIR = {("dev",), ("serve",), ("master-key",), ("settings",), ("db", "migrate")}
"""Commands that start a hub or need no database. `dev` migrates its own."""


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its name, which has several words."""
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))
ON_A_DATABASE = {path: command for path, command in COMMANDS.items() if path not in WITHOUT_DATA_DIR}


def required(command: Any, directory: Path) -> list[str]:
    """Return a value for each argument and option that has no default."""
    values: list[str] = []
    for parameter in command.params:
        if parameter.required:
            kind = parameter.type_descriptor.annotation
            value = next(iter(kind)).value if issubclass(kind, Enum) else str(directory) if kind is Path else "acme"
            values += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    return values


def test_there_are_commands() -> None:
    assert len(ON_A_DATABASE) > 25


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_defaults_can_be_used(path: tuple[str, ...], tmp_path: Path) -> None:
    """Whatever a command needs besides its required arguments has a default that it accepts itself."""
    COMMANDS[path].make_context(path[-1], required(COMMANDS[path], tmp_path)).close()


@pytest.mark.parametrize("path", ON_A_DATABASE, ids=" ".join)
def test_every_command_works_on_a_development_hub(path: tuple[str, ...], tmp_path: Path) -> None:
    """It has `--data-dir`, and says in a sentence that there is nothing, without a traceback."""
    arguments = [*path, *required(ON_A_DATABASE[path], tmp_path), "--data-dir", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, "Traceback" in result.output) == (1, False), result.output
