"""The console's cookies: session, form tokens before there is a session, known browser, colours.

Over TLS, their names begin with `__Host-`: browsers accept such a cookie from this host only, over TLS only, so that no
page of a neighbouring host can plant one.
"""

from typing import Any, Final, Literal

from litestar import Response
from litestar.datastructures import Cookie

from suprsend_hub.console import paths
from suprsend_hub.console.requests import HubRequest

SESSION: Final = "suprsend_hub_session"
VISIT: Final = "suprsend_hub_visit"
BROWSER: Final = "suprsend_hub_browser"
THEME: Final = "suprsend_hub_theme"
_PREFIX = "__Host-"


def is_secure(request: HubRequest) -> bool:
    """Tell whether the browser came over TLS, as far as we know: then cookies travel over TLS only."""
    return request.url.scheme == "https" or (request.services.public_url or "").startswith("https://")


def read_cookie(request: HubRequest, name: str) -> str:
    """Return the value of a cookie, or '' if the browser did not send it."""
    return request.cookies.get(f"{_PREFIX}{name}" if is_secure(request) else name, "")


def set_cookie(
    response: Response[Any], request: HubRequest, name: str, value: str, max_age: int | None
) -> Response[Any]:
    """Set a cookie that no script can read and return the response. `max_age` in seconds; None is until it closes."""
    secure = is_secure(request)
    same_site: Literal["lax"] = "lax"  # a shared link opens with your session; forms carry a token of their own
    response.cookies.append(
        Cookie(
            f"{_PREFIX}{name}" if secure else name,
            path="/" if secure else paths.ROOT,  # the prefix demands it
            value=value, max_age=max_age, httponly=True, samesite=same_site, secure=secure,
        )
    )  # fmt: skip
    return response


def theme_of(request: HubRequest) -> str:
    """Return the colours that a visitor chose: `light`, `dark`, or `auto` for the system's."""
    theme = read_cookie(request, THEME)
    return theme if theme in ("light", "dark") else "auto"
