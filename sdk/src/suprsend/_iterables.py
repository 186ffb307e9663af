"""What counts as a list where a method takes one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def listed(values: object) -> list[Any] | None:
    """Return what counts as a list: any iterable, also a set, generator, view of a dict, array or column of a table.

    None for text, which is an iterable of its characters, and for bytes, dicts, tables, and what is not iterable.
    """
    if isinstance(values, list):
        return values
    if isinstance(values, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(values, Iterable):
        return None
    if getattr(values, "ndim", 1) != 1:  # a table of pandas would give the names of its columns
        return None
    return list(values)
