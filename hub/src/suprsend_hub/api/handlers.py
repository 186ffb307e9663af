"""Decorators of routes. Their handlers remember how exceptions are answered, which the framework works out per request.

Its documentation says that it remembers; it does not, and takes half a microsecond of each request.
"""

from functools import partial

from litestar import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.types import ExceptionHandlersMap


class _Handler(HTTPRouteHandler):
    _exception_handlers: "ExceptionHandlersMap | None" = None

    def resolve_exception_handlers(self) -> ExceptionHandlersMap:
        """Return the handlers of exceptions of all layers. Asked for with the first request, when all are there."""
        if self._exception_handlers is None:
            self._exception_handlers = super().resolve_exception_handlers()
        return self._exception_handlers


get = partial(_Handler, http_method=HttpMethod.GET)
put = partial(_Handler, http_method=HttpMethod.PUT)
post = partial(_Handler, http_method=HttpMethod.POST)
patch = partial(_Handler, http_method=HttpMethod.PATCH)
delete = partial(_Handler, http_method=HttpMethod.DELETE)
