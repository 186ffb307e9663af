"""Make ``sdk/src/suprsend/_sync`` from ``sdk/src/suprsend/_async``.

The asyncio shell is written by hand; the thread-based twin is this translation of it, formatted with ruff. Run it after
every change under ``_async``. With ``--check`` nothing is written and the exit status is 1 if a file is out of date.

The translation works on tokens, so layout and comments stay: ``async`` and ``await`` go, names that begin with
``Async`` lose it (also in text), and a few words have a partner of their own.
"""

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "sdk" / "src" / "suprsend"
HEADER = "# Generated from {source} by tools/make_sync.py. Change that file, then run the tool.\n"

# Words that have a partner; everything else that begins with Async just loses it.
PARTNERS = {
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "anext": "next",
    "async_end": "end",
    "async_groups": "groups",
    "async_source": "source",
    "_async": "_sync",
}
_WORD = re.compile(r"\b\w+\b")
_ASYNC_NAME = re.compile(r"Async([A-Z]\w*)")


def translate_word(word: str) -> str:
    """Return the partner of one identifier."""
    match = _ASYNC_NAME.fullmatch(word)
    return match[1] if match else PARTNERS.get(word, word)


def translate_text(text: str) -> str:
    """Return text (a docstring, a comment) with its identifiers and its words about asyncio translated."""
    text = text.replace("asyncio client", "client").replace("``await ", "``").replace("``async with``", "``with``")
    return _WORD.sub(lambda match: translate_word(match[0]), text)


def translate(source: str) -> str:
    """Return the source of the synchronous twin."""
    lines = source.splitlines(keepends=True)
    pieces: list[str] = []
    row, column = 1, 0
    swallow_blank = False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        gap = _between(lines, (row, column), token.start)
        if swallow_blank:
            gap, swallow_blank = gap.lstrip(" "), False
        row, column = token.end
        pieces.append(gap)
        if token.type == tokenize.NAME and token.string in {"async", "await"}:
            swallow_blank = True
        elif token.type == tokenize.NAME:
            pieces.append(translate_word(token.string))
        elif token.type in {tokenize.STRING, tokenize.COMMENT}:
            pieces.append(translate_text(token.string))
        elif token.type not in {tokenize.INDENT, tokenize.DEDENT}:
            pieces.append(token.string)
        else:
            pieces.append(token.string if token.type == tokenize.INDENT else "")
    text = re.sub(r"\bAwaitable\[(\w+)\]", r"\1", "".join(pieces))
    text = re.sub(r"(from collections\.abc import .*)\bAwaitable, ", r"\1", text)
    # What was an asyncio iterable or a plain one is now the same name twice.
    text = re.sub(r"(Iterable\[\w+\]) \| \1", r"\1", text)
    return re.sub(r"\bIterable, Iterator, Callable, Iterable\b", "Callable, Iterable, Iterator", text)


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
    middle = "".join(lines[start[0] : end[0] - 1])
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return lines[start[0] - 1][start[1] :] + middle + last


def ruff(arguments: list[str], source: str, path: Path) -> str:
    """Return ``source`` after ruff."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        *arguments,
        "--config",
        "extend-exclude=[]",
        "--stdin-filename",
        str(path),
        "-",
    ]
    return subprocess.run(command, input=source, text=True, capture_output=True, check=True).stdout


def generate(source: Path) -> str:
    """Return the finished text of the twin of one file."""
    text = HEADER.format(source=f"_async/{source.name}") + translate(source.read_text())
    target = PACKAGE / "_sync" / source.name
    text = ruff(["check", "--quiet", "--select", "I,F401", "--fix", "--exit-zero"], text, target)
    return ruff(["format", "--quiet"], text, target)


def main(arguments: list[str]) -> int:
    """Write the twins, or check them; return the exit status."""
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: make_sync.py [--check]", file=sys.stderr)
        return 2
    folder = PACKAGE / "_sync"
    wanted = {folder / path.name: generate(path) for path in sorted((PACKAGE / "_async").glob("*.py"))}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    orphans = sorted(set(folder.glob("*.py")) - set(wanted))
    if check:
        for path in [*stale, *orphans]:
            print(f"out of date: {path.name}; run tools/make_sync.py", file=sys.stderr)
        return 1 if stale or orphans else 0
    folder.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(wanted[path])
    for path in orphans:
        path.unlink()
    print(f"{len(stale)} written, {len(orphans)} removed, {len(wanted) - len(stale)} up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
