"""The answer to a request, with the names that users of ``requests`` know. A leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec


class Headers(Mapping[str, str]):
    """Header fields with case-insensitive names."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {name.lower(): value for name, value in fields.items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class Response:
    """An answer of the hub.

    Attributes:
        status_code: HTTP status.
        headers: header fields. Of a repeated field, the last value.
        content: the body.
        maybe_repeated: whether an earlier attempt of the same call failed but may have been applied.
    """

    __slots__ = ("content", "headers", "maybe_repeated", "status_code")

    def __init__(self, status_code: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self.content = content
        self.maybe_repeated = False

    @property
    def ok(self) -> bool:
        """Tell whether the status is below 400."""
        return self.status_code < 400

    @property
    def text(self) -> str:
        """Return the body as UTF-8 text. Invalid bytes become replacement characters."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the parsed body. Raise ValueError if it is not JSON, or is nested too deeply."""
        try:
            return msgspec.json.decode(self.content)
        except RecursionError:
            raise ValueError("the body is not JSON that can be read: it is nested too deeply") from None

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"
