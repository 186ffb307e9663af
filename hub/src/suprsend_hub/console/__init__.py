"""The console: server-rendered pages under `/console/`. It calls services and knows neither the store nor our HTTP API.

A feature is one folder with its views and templates; `shared/` holds the layout. Pages work without JavaScript.
"""

from suprsend_hub.console.errors import http_error as console_http_error
from suprsend_hub.console.paths import SIGN_IN_LINK
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.console.router import console_router

__all__ = ["SIGN_IN_LINK", "HubRequest", "console_http_error", "console_router"]
