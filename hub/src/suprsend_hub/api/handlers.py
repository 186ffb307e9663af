"""Decorators of routes. Their handlers remember how exceptions are answered, which the framework works out per request.

Its documentation says that it remembers; it does not, and takes half a microsecond of each request.
"""

import litestar
from litestar.handlers import HTTPRouteHandler
from litestar.types import ExceptionHandlersMap


class _Remembering(HTTPRouteHandler):
    _exception_handlers: "ExceptionHandlersMap | None" = None

    def resolve_exception_handlers(self) -> ExceptionHandlersMap:
        """Return the handlers of exceptions of all layers. Asked for with the first request, when all are there."""
        if self._exception_handlers is None:
            self._exception_handlers = super().resolve_exception_handlers()
        return self._exception_handlers


class get(_Remembering, litestar.get):  # noqa: N801 - a decorator, as are those below
    """Route GET requests to a function."""


class post(_Remembering, litestar.post):  # noqa: N801
    """Route POST requests to a function."""


class patch(_Remembering, litestar.patch):  # noqa: N801
    """Route PATCH requests to a function."""


class delete(_Remembering, litestar.delete):  # noqa: N801
    """Route DELETE requests to a function."""
