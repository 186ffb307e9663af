"""Collect every mistake of a JSON document by its path, so that you can correct all of them at once.

Where a reader finds a mistake it still returns something to read on with. Use what was read only if `entries` is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from .ids import shown
from .limits import MAX_MISTAKES
from .values import InvalidValue, check_text, check_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from enum import StrEnum

    from .wire import Json

_Member = TypeVar("_Member", bound="StrEnum")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_$-]{1,80}")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one path, such as `root_categories[0].sections[1].name`; '' is the document itself."""

    path: str
    problem: str

    def __str__(self) -> str:
        """Return both as one line."""
        return f"{self.path}: {self.problem}" if self.path else self.problem


def join(path: str, key: str) -> str:
    """Return the path of a field of the object at `path`."""
    name = key if _PLAIN_KEY.fullmatch(key) else shown(key)
    return f"{path}.{name}" if path else name


def by_path(mistakes: Iterable[Mistake]) -> dict[str, str]:
    """Return the problems by path, as errors name them in `detail`; `body` is the document itself."""
    detail: dict[str, str] = {}
    for mistake in mistakes:
        path = mistake.path or "body"
        detail[path] = f"{detail[path]}; {mistake.problem}" if path in detail else mistake.problem
    return detail


class Mistakes:
    """The mistakes of one document, in the order in which they were found; beyond MAX_MISTAKES they are counted."""

    __slots__ = ("_found", "_left_out")

    def __init__(self) -> None:
        self._found: list[Mistake] = []
        self._left_out = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    def entries(self) -> list[Mistake]:
        """Return the mistakes, followed by one for those that are not listed."""
        if not self._left_out:
            return list(self._found)
        return [*self._found, Mistake("", f"{self._left_out} more mistakes are not listed")]

    def add(self, path: str, problem: str) -> None:
        """Note a mistake."""
        if len(self._found) < MAX_MISTAKES:
            self._found.append(Mistake(path, problem))
        else:
            self._left_out += 1

    def read_object(self, value: Json, path: str, known: Collection[str] | None = None) -> dict[str, Json] | None:
        """Return an object, or None if it is not one; with `known`, every other field is a mistake."""
        if type(value) is not dict:
            self.add(path, "must be an object")
            return None
        if known is not None:
            for key in value:
                if key not in known:
                    self.add(join(path, key), "is not a field that is known here; remove it")
        return value

    def read_list(self, value: Json, path: str, at_most: int) -> list[Json]:
        """Return a list; null counts as empty. Beyond the limit, nothing is read."""
        if value is None:
            return []
        if type(value) is not list:
            self.add(path, "must be a list")
            return []
        if len(value) > at_most:
            self.add(path, f"must have at most {at_most} elements, this one has {len(value)}")
            return []
        return value

    def read_text(self, value: Json, path: str, at_most: int) -> str | None:
        """Return a text that can be stored, or None for null."""
        if value is None:
            return None
        if type(value) is not str:
            self.add(path, "must be a string or null")
        elif len(value) > at_most:
            self.add(path, f"must have at most {at_most} characters, this one has {len(value)}")
        else:
            try:
                check_text(value)
            except InvalidValue as problem:
                self.add(path, problem.reason)
            else:
                return value
        return None

    def read_name(self, value: Json, path: str, at_most: int) -> str:
        """Return a text that must be there and not blank."""
        if type(value) is not str or not value.strip():
            self.add(path, "must be a non-empty string")
            return ""
        return self.read_text(value, path, at_most) or ""

    def read_flag(self, value: Json, path: str) -> bool | None:
        """Return true, false, or None for null."""
        if value is None or type(value) is bool:
            return value
        self.add(path, "must be true, false or null")
        return None

    def read_member(self, value: Json, path: str, members: type[_Member], problem: str | None = None) -> _Member | None:
        """Return the member of a closed set that a string names; null is a mistake as well.

        `problem` is the text of the mistake, if it is not the usual one.
        """
        if type(value) is str:
            for member in members:
                if member.value == value:
                    return member
        self.add(path, problem or f"must be one of {', '.join(members)}")
        return None

    def read_storable(self, value: Json, path: str) -> Json:
        """Return any JSON that can be stored, or None."""
        try:
            check_value(value)
        except InvalidValue as problem:
            self.add(path, problem.reason)
            return None
        return value
