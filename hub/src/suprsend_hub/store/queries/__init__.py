"""The SQL of the hub: named blocks in the `.sql` files of this folder, read once at import.

A block starts with a line `-- name: some_name`; comments below it stay with the statement. Names are unique
over all files.
"""

from importlib.resources import files


def _load() -> dict[str, str]:
    statements: dict[str, str] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        for block in file.read_text(encoding="utf-8").split("-- name: ")[1:]:
            name, _, text = block.partition("\n")
            if name in statements:
                raise ValueError(f"two statements are named {name!r}; the second is in {file.name}")
            statements[name.strip()] = text.strip()
    return statements


_STATEMENTS = _load()


def sql(name: str) -> str:
    """Return the statement with that name; KeyError if no file defines it."""
    return _STATEMENTS[name]


def names() -> list[str]:
    """Return all names, sorted, for tests that walk them."""
    return sorted(_STATEMENTS)
