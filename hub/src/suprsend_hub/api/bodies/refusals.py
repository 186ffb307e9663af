"""Turn the mistakes of a document into the error of the request: `detail` names each by its path."""

from collections.abc import Sequence

import msgspec

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.mistakes import Mistake, by_path

_encode = msgspec.json.Encoder().encode


def invalid_fields(mistakes: Sequence[Mistake]) -> InvalidRequest:
    """Return the error of preferences: its message is the detail as text, as published."""
    detail = by_path(mistakes)
    return InvalidRequest(_encode(detail).decode(), code=Code.INVALID_VALUE, detail=detail)


def invalid_document(mistakes: Sequence[Mistake]) -> InvalidRequest:
    """Return the error of a document: its message has a part `path: problem` for each mistake."""
    return InvalidRequest("; ".join(map(str, mistakes)), code=Code.INVALID_CATEGORIES, detail=by_path(mistakes))
