"""Walk pages lazily: one request per page, and none before the first item is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from suprsend import _replies, _requests
from suprsend._errors import SuprsendResponseError
from suprsend._io._stack import guarded
from suprsend._limits import ITER_PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from suprsend._answers import Resolution
    from suprsend._async._caller import AsyncCaller
    from suprsend._types import JSONObject

T = TypeVar("T")


@guarded
async def walk(caller: AsyncCaller, path: str, options: dict[str, Any] | None, kind: type[T]) -> AsyncIterator[T]:
    """Yield the results of all cursor pages.

    Args:
        caller: fetches the pages.
        path: where the pages are.
        options: query parameters; ``limit`` is the size of a page, not of the walk.
        kind: what the results are, for type checkers.
    """
    del kind
    page_options = {"limit": ITER_PAGE_SIZE, **_requests.query_options(options)}
    while True:
        response = await caller.call(_requests.get(path, page_options))
        page = _replies.page(response)
        for item in page["results"]:
            yield item
        meta = page["meta"]
        if not meta.get("has_next") or not meta.get("after"):
            return
        if meta["after"] == page_options.get("after"):  # this page again, without end
            raise SuprsendResponseError(response)
        page_options["after"] = meta["after"]
        page_options.pop("before", None)


@guarded
async def walk_resolutions(caller: AsyncCaller, question: JSONObject) -> AsyncIterator[Resolution]:
    """Yield the resolutions of all members that the question names, one request per page."""
    question = {"limit": ITER_PAGE_SIZE, **question}
    while True:
        response = await caller.call(_requests.post("hub/v1/resolve/", question))
        page = _replies.page(response)
        for item in page["results"]:
            yield item
        after = page["meta"].get("after")
        if not after:
            return
        if after == question.get("after"):  # this page again, without end
            raise SuprsendResponseError(response)
        question["after"] = after


@guarded
async def walk_offsets(caller: AsyncCaller, path: str, kind: type[T]) -> AsyncIterator[T]:
    """Yield the results of all pages that are addressed by limit and offset."""
    del kind
    offset = 0
    while True:
        window = {"limit": ITER_PAGE_SIZE, "offset": offset}
        page = _replies.page(await caller.call(_requests.get(path, window)))
        for item in page["results"]:
            yield item
        offset += len(page["results"])
        if len(page["results"]) < ITER_PAGE_SIZE:
            return
