"""Walking an input, whatever kind of iterable it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable

T = TypeVar("T")


async def async_source(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """Walk any iterable, asynchronous or not."""
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def source(items: Iterable[T]) -> Iterable[T]:
    """Walk any iterable."""
    return items
