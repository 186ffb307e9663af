"""JSON with a flaw that SDKs can write: NaN, half of a character. Finds and names it.

Python writes `NaN` and `Infinity`, and JavaScript can cut a text in the middle of a character. Such a flaw spoils one
record. So an array is split by its brackets and strings alone, and only the records concerned are rejected.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from suprsend_hub.domain.ids import shown
from suprsend_hub.domain.wire import Json

MAX_MARKS: Final = 300_000
"""Brackets and commas of an array that is split; a full request of any SDK has fewer. Takes a tenth of a second."""
_MAX_DIGITS: Final = 400
"""Longer integers are kept as text: Python refuses to read them, and no column could hold them."""

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_MARK: Final = re.compile(rb'(?:[^"\[\]{},]++|' + _STRING + rb')*+(["\[\]{},])', re.DOTALL)
"""Up to the next bracket or comma outside of texts, or to a quotation mark that nothing closes."""
_CONSTANT: Final = re.compile(rb"(" + _STRING + rb")(\s*+:)?|-?Infinity|NaN", re.DOTALL)
_CLOSES: Final = {b"]": b"[", b"}": b"{"}


class Flaw(NamedTuple):
    """What is wrong with a text, and what can be read of it: constants as text, other things as Python reads them."""

    reason: str
    record: Json


def split_array(body: bytes) -> list[bytes] | None:
    """Return the texts of an array's elements, whatever they contain; None if brackets or texts do not end."""
    opened: list[bytes] = []
    texts: list[bytes] = []
    start = 0
    for number, match in enumerate(_MARK.finditer(body)):
        mark = match[1]
        if mark in _CLOSES:
            if not opened or opened.pop() != _CLOSES[mark]:
                return None
            if not opened:
                texts.append(body[start : match.start(1)].strip())
                rest = body[match.end() :].strip()
                return None if rest or (len(texts) > 1 and not all(texts)) else texts
        elif mark == b",":
            if len(opened) == 1:
                texts.append(body[start : match.start(1)].strip())
                start = match.end()
        elif mark == b'"' or number > MAX_MARKS:
            return None
        else:
            opened.append(mark)
            if number == 0:
                start = match.end()
    return None


def find_flaw(text: bytes) -> Flaw | None:
    """Return the flaw of a text that is not JSON; None if it is broken in another way."""
    constant = next(_constants(text), None)
    try:
        record: Json = json.loads(_with_text_for_constants(text).decode(), parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    if constant is not None:
        name, key = constant
        where = f" under the key {shown(key)}" if key else ""
        return Flaw(f"it contains {name}{where}, which JSON does not have; send null or leave it out", record)
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Flaw("a text contains a lone surrogate, half of a character that was cut in two", record)
    return None


def _constants(text: bytes) -> Iterator[tuple[str, str]]:
    """Yield the constants outside of texts, each with the key before it."""
    key = b'""'
    for match in _CONSTANT.finditer(text):
        if match[1] is None:
            yield match[0].decode(), key[1:-1].decode("utf-8", "replace")
        elif match[2] is not None:
            key = match[1]


def _with_text_for_constants(text: bytes) -> bytes:
    return _CONSTANT.sub(lambda match: match[0] if match[1] is not None else b'"%s"' % match[0], text)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits
