"""Turn an exhausted stack into an error of the SDK, at the methods that callers call."""

from __future__ import annotations

import contextlib
import functools
import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from suprsend._errors import SuprsendTransportError

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_TEXT = "the program has used up its stack (RecursionError), so the call broke off; it may have been applied"
# Where the stack has no room for the creation of an error.
_SPARE = SuprsendTransportError(_TEXT, retryable=False)


def guard(kind: type) -> None:
    """Guard all public methods that a class defines."""
    for name, function in list(vars(kind).items()):
        if not name.startswith("_") and isinstance(function, FunctionType):
            setattr(kind, name, guarded(function))


def guarded(function: F) -> F:
    """Return a method, also one with ``yield`` or ``async``, that raises SuprsendTransportError for RecursionError.

    Each form says the same again, because a function that they share might find no room on the stack.
    """
    if inspect.isasyncgenfunction(function):
        guard_of = _async_generator
    elif inspect.iscoroutinefunction(function):
        guard_of = _coroutine
    else:
        guard_of = _generator if inspect.isgeneratorfunction(function) else _function
    guarded_one: Any = functools.wraps(function)(guard_of(function))
    guarded_one.__code__ = guarded_one.__code__.replace(co_name=function.__name__)  # for tracebacks and profilers
    return cast("F", guarded_one)


def _function(function: Any) -> Any:
    def call(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(owner, *args, **kwargs)
        except RecursionError as error:
            failure = _SPARE
            try:
                failure = _failure()
            except RecursionError:
                failure.__traceback__ = None
            raise failure from error

    return call


def _generator(function: Any) -> Any:
    def walk(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return (yield from function(owner, *args, **kwargs))
        except RecursionError as error:
            failure = _SPARE
            try:
                failure = _failure()
            except RecursionError:
                failure.__traceback__ = None
            raise failure from error

    return walk


def _coroutine(function: Any) -> Any:
    async def call(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return await function(owner, *args, **kwargs)
        except RecursionError as error:
            failure = _SPARE
            try:
                failure = _failure()
            except RecursionError:
                failure.__traceback__ = None
            raise failure from error

    return call


def _async_generator(function: Any) -> Any:
    async def walk(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            async with contextlib.aclosing(function(owner, *args, **kwargs)) as items:
                async for item in items:
                    yield item
        except RecursionError as error:
            failure = _SPARE
            try:
                failure = _failure()
            except RecursionError:
                failure.__traceback__ = None
            raise failure from error

    return walk


def _failure() -> SuprsendTransportError:
    return SuprsendTransportError(_TEXT, retryable=False)
