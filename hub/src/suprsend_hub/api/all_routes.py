"""All routes of the API that need credentials: those that a module of this package lists in `HANDLERS`."""

import pkgutil
from importlib import import_module

from litestar.handlers import HTTPRouteHandler

from suprsend_hub import api


def find_handlers() -> list[HTTPRouteHandler]:
    """Return the routes of all modules, so that a new module is served without being named anywhere else."""
    modules = [import_module(f"{api.__name__}.{found.name}") for found in pkgutil.iter_modules(api.__path__)]
    return [handler for module in modules for handler in getattr(module, "HANDLERS", ())]
