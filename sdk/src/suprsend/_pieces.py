"""Cutting a long list of ids or recipients into what one request may contain. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suprsend import _encoding
from suprsend._iterables import listed
from suprsend._limits import MAX_LISTED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suprsend._types import JSONObject


def pieces(items: list[Any], most: int) -> Iterator[list[Any]]:
    """Yield the items in order, in lists of at most ``most`` items and at most MAX_LISTED_BYTES bytes of JSON.

    An item that is larger than that alone gets a request of its own: the hub says what is wrong with it.
    """
    piece: list[Any] = []
    size = 0
    for item in items:
        grows = len(_encoding.encode(item, "payload")) + 2  # the separator ", "
        if piece and (len(piece) == most or size + grows > MAX_LISTED_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(item)
        size += grows
    if piece:
        yield piece


def payloads(payload: JSONObject | None, key: str, most: int) -> list[JSONObject]:
    """Return payloads that hold the parts of the list at ``key``, and all other keys; the payload if it has no list."""
    if payload is None or not isinstance(payload, dict):
        return [{} if payload is None else payload]
    items = listed(payload.get(key))
    if items is None:
        return [payload]
    return [{**payload, key: piece} for piece in pieces(items, most)] or [{**payload, key: items}]
