"""The server's log: a file in the hub's data directory that stays small, and tells why a start failed."""

import os
import re
import shutil
from pathlib import Path
from typing import BinaryIO

_MAX_BYTES = 10_000_000
"""Above this, what is in the log moves to a second file, in place of what was there."""
_TAIL_BYTES = 20_000
_TELLING = re.compile(
    r"\b(FATAL|PANIC|ERROR|DETAIL|HINT|LOG(?=: +(?:could not|invalid|unrecognized|syntax error))): +(.+)"
)
_MAX_LINES = 4


class ServerLog:
    """Where the server's output goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = 0

    def open(self) -> BinaryIO:
        """Open it for a new server; `reason` looks at what is written from now on."""
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._begin = os.fstat(handle).st_size
        return os.fdopen(handle, "wb")

    def size(self) -> int:
        """How much is in it."""
        return self.path.stat().st_size

    def keep_small(self) -> None:
        """Cut it off when it has grown large; the server appends, so it goes on at the beginning."""
        if self.size() > _MAX_BYTES:
            shutil.copy(self.path, self.path.with_name(f"{self.path.name}.1"))
            os.truncate(self.path, 0)
            self._begin = 0

    def reason(self) -> str:
        """What the server that was started last said of its end, in a line."""
        with self.path.open("rb") as file:
            file.seek(max(self._begin, self.size() - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
        lines = [f"{level}: {words}" for level, words in _TELLING.findall(text)] or text.splitlines()
        if lines:
            return "; ".join(lines[-_MAX_LINES:])
        free = shutil.disk_usage(self.path.parent).free
        return f"it said nothing, and {free // 1_000_000} MB are free on its disk"
