"""Names of the official SDK for sending messages, which this product does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from suprsend._errors import SuprsendError

if TYPE_CHECKING:
    from collections.abc import Callable


def refuse(what: str) -> NoReturn:
    """Raise SuprsendError for a feature that this product does not have."""
    raise SuprsendError(f"{what} is not available: this hub stores recipients and sends nothing")


class _Unsupported:
    """A class that cannot be instantiated, whatever its arguments."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        del args, kwargs
        refuse(type(self).__name__)


class Event(_Unsupported):
    """A track event in the official SDK. Creating an instance raises SuprsendError."""


class Workflow(_Unsupported):
    """A workflow in the official SDK. Creating an instance raises SuprsendError."""


class WorkflowTriggerRequest(_Unsupported):
    """A workflow trigger in the official SDK. Creating an instance raises SuprsendError."""


class SubscriberListBroadcast(_Unsupported):
    """A broadcast in the official SDK. Creating an instance raises SuprsendError."""


class UnsupportedApi:
    """A sub-API of the official SDK. Every method raises SuprsendError."""

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
