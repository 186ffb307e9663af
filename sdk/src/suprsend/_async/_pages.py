"""Walking pages lazily: one request per page, none before the first item is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suprsend._limits import ITER_PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from suprsend._types import JSONObject

    Fetch = Callable[[JSONObject], Awaitable[JSONObject]]


async def walk(fetch: Fetch, options: dict[str, Any] | None) -> AsyncIterator[JSONObject]:
    """Yield the results of all cursor pages.

    Args:
        fetch: returns the page for given query parameters.
        options: query parameters; ``limit`` is the size of a page, not of the walk.
    """
    page_options: JSONObject = {"limit": ITER_PAGE_SIZE, **(options or {})}
    while True:
        page = await fetch(page_options)
        for item in page["results"]:
            yield item
        meta = page["meta"]
        if not meta.get("has_next") or not meta.get("after"):
            return
        page_options["after"] = meta["after"]
        page_options.pop("before", None)


async def walk_offsets(fetch: Fetch) -> AsyncIterator[JSONObject]:
    """Yield the results of all pages that are addressed by limit and offset."""
    offset = 0
    while True:
        page = await fetch({"limit": ITER_PAGE_SIZE, "offset": offset})
        for item in page["results"]:
            yield item
        offset += len(page["results"])
        if len(page["results"]) < ITER_PAGE_SIZE:
            return
