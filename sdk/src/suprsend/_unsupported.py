"""Names of the official SDK that exist here only to say that sending is not part of this product."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from suprsend._errors import SuprsendError

if TYPE_CHECKING:
    from collections.abc import Callable


def refuse(what: str) -> NoReturn:
    """Raise SuprsendError for something that this product does not do."""
    raise SuprsendError(f"{what} is not available: this hub stores recipients and sends nothing")


class _Unsupported:
    """A class that cannot be instantiated; the signature takes whatever callers have."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        del args, kwargs
        refuse(type(self).__name__)


class Event(_Unsupported):
    """Track event of the official SDK; creating one raises SuprsendError."""


class Workflow(_Unsupported):
    """Workflow of the official SDK; creating one raises SuprsendError."""


class WorkflowTriggerRequest(_Unsupported):
    """Workflow trigger of the official SDK; creating one raises SuprsendError."""


class SubscriberListBroadcast(_Unsupported):
    """Broadcast of the official SDK; creating one raises SuprsendError."""


class UnsupportedApi:
    """A sub-API of the official SDK; calling any of its methods raises SuprsendError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., NoReturn]:
        if method.startswith("_"):  # asked by copy, pickle, inspect
            raise AttributeError(method)
        what = f"{self._name}.{method}"

        def refused(*args: object, **kwargs: object) -> NoReturn:
            del args, kwargs
            refuse(what)

        return refused
