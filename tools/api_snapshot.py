"""Write the public face of the SDK as text: every public name, method, argument and default.

The result is committed as ``sdk/tests/api_snapshot.txt``, and a test compares: a change of the face is a conscious act.
Run it with ``--write`` to accept one.
"""

import enum
import inspect
import sys
from pathlib import Path

import suprsend

SNAPSHOT = Path(__file__).parents[1] / "sdk" / "tests" / "api_snapshot.txt"
# Not exported by name, but reached through a client.
REACHED = ("users", "objects", "subscriber_lists", "tenants", "brands", "user", "bulk_users")


def describe() -> str:
    """Return the snapshot."""
    lines: list[str] = []
    for name in sorted(suprsend.__all__):
        _describe(name, getattr(suprsend, name), lines)
    for kind in (suprsend.Suprsend, suprsend.AsyncSuprsend):
        client = kind("k" * 20, "s")
        for name in REACHED:
            _describe(f"{kind.__name__}.{name}", type(getattr(client, name)), lines)
    return "\n".join(lines) + "\n"


def _describe(name: str, value: object, lines: list[str]) -> None:
    if not inspect.isclass(value):
        lines.append(f"{name}: {type(value).__name__}")
        return
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    lines.append(f"class {name}({bases})")
    if issubclass(value, (dict, enum.Enum)):
        return
    for member in sorted(dir(value)):
        if member.startswith("_") and member != "__init__":
            continue
        raw = inspect.getattr_static(value, member)
        if member == "__init__" and raw is object.__init__:
            continue
        if _inherited_from_elsewhere(value, member):
            continue
        if isinstance(raw, property) or inspect.isdatadescriptor(raw):
            lines.append(f"    {member}")
        elif callable(getattr(value, member)):
            prefix = "async " if inspect.iscoroutinefunction(getattr(value, member)) else ""
            lines.append(f"    {prefix}{member}{inspect.signature(getattr(value, member))}")


def _inherited_from_elsewhere(kind: type, member: str) -> bool:
    owner = next(base for base in kind.__mro__ if member in vars(base))
    return not owner.__module__.startswith("suprsend")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        SNAPSHOT.write_text(describe())
    elif SNAPSHOT.read_text() != describe():
        print("the public face changed; if that is meant, run tools/api_snapshot.py --write", file=sys.stderr)
        sys.exit(1)
