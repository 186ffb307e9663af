"""Walk inputs and results, for asyncio and for threads."""

from __future__ import annotations

from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from suprsend._errors import SuprsendValidationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator

T = TypeVar("T")


async def async_source(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """Walk any iterable, asynchronous or not."""
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in source(items):
            yield item


def source(items: Iterable[T]) -> Iterable[T]:
    """Walk any iterable.

    Raises:
        SuprsendValidationError: it cannot be walked here.
    """
    if hasattr(items, "__aiter__"):
        raise SuprsendValidationError("an asynchronous iterable requires AsyncSuprsend")
    if not hasattr(items, "__iter__") and not hasattr(items, "__getitem__"):
        raise SuprsendValidationError(f"edits must be an iterable of UserEdit, not {type(items).__name__}")
    return items


async def async_end(items: object) -> None:
    """Close an input that is a generator, so that its clean-up is done when the run ends, not at some later time."""
    if isinstance(items, AsyncGeneratorType):
        await items.aclose()
    else:
        end(items)


def end(items: object) -> None:
    """Close an input that is a generator."""
    if isinstance(items, GeneratorType):
        items.close()


class _Groups(Generic[T]):
    """The items of groups, one by one.

    This is not a generator. Leaving an ``async for`` does not end a generator; the event loop ends it at some later
    time, while the caller does something else. This iterator ends when it is exhausted or interrupted.
    """

    def __init__(
        self, group: Callable[[], Awaitable[Iterator[T] | None]], close: Callable[[], Awaitable[None]]
    ) -> None:
        self._group = group
        self._close = close
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        for item in self._items:
            return item
        try:
            while (items := await self._group()) is not None:
                self._items = items
                for item in items:
                    return item
        except BaseException:
            await self._close()
            raise
        await self._close()
        raise StopAsyncIteration


def async_groups(
    group: Callable[[], Awaitable[Iterator[T] | None]], close: Callable[[], Awaitable[None]]
) -> AsyncIterator[T]:
    """Walk the items of all groups, and close at the end."""
    return _Groups(group, close)


def groups(group: Callable[[], Iterator[T] | None], close: Callable[[], None]) -> Iterator[T]:
    """Walk the items of all groups, and close at the end, or when the loop is left."""
    try:
        while (items := group()) is not None:
            yield from items
    finally:
        close()
