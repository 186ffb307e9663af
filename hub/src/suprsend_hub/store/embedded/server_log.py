"""The server's log: a file in the hub's data directory that stays small and gives the reason of a failed start."""

import os
import re
import shutil
from pathlib import Path
from typing import BinaryIO

_MAX_BYTES = 10_000_000
"""Above this size, the log moves to a second file, which it replaces."""
_TAIL_BYTES = 20_000
_TELLING = re.compile(
    r"\b(FATAL|PANIC|ERROR|DETAIL|HINT|error|hint|LOG(?=: +(?:could not|invalid|unrecognized|syntax error))): +(.+)"
)
_MAX_LINES = 4


def telling(output: str) -> str:
    """Return the informative part of a program's output, on one line."""
    lines = [f"{level}: {words}" for level, words in _TELLING.findall(output)] or output.strip().splitlines()
    return "; ".join(lines[-_MAX_LINES:])


class ServerLog:
    """The file that receives the server's output."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = 0

    def open(self) -> BinaryIO:
        """Open the log for a new server; `reason` looks only at what is written from now on."""
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._begin = os.fstat(handle).st_size
        return os.fdopen(handle, "wb")

    def size(self) -> int:
        """Return the size of the log in bytes."""
        return self.path.stat().st_size

    def keep_small(self) -> None:
        """Empty a log that has grown large. The server appends, so it continues at the beginning."""
        if self.size() > _MAX_BYTES:
            shutil.copy(self.path, self.path.with_name(f"{self.path.name}.1"))
            os.truncate(self.path, 0)
            self._begin = 0

    def reason(self) -> str:
        """Return what the server that was started last said before it ended, on one line."""
        with self.path.open("rb") as file:
            file.seek(max(self._begin, self.size() - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
        if text.strip():
            return telling(text)
        free = shutil.disk_usage(self.path.parent).free
        return f"it said nothing, and {free // 1_000_000} MB are free on its disk"
