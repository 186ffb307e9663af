"""Property values: which JSON may be stored, when two values are equal, and the rules of language and timezone.

There are two equalities. Storing asks `same_value`: 1, 1.0 and true are three values. `$remove` asks
`removal`: 1 equals 1.0, but neither true nor "1".
"""

from __future__ import annotations

import functools
import math
import re
import zoneinfo
from typing import Final

from .codes import Code
from .limits import MAX_INTEGER, MAX_KEY_CHARS, MAX_VALUE_DEPTH, MIN_INTEGER
from .wire import LOCALE, TIMEZONE, Json

_LANGUAGE_TAG: Final = re.compile("[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*")
_MAX_TAG_CHARS: Final = 64  # longer than any registered tag; keeps the pattern off long texts
_NOT_TIMEZONES: Final = frozenset({"localtime", "Factory", "posixrules"})  # files next to the zones, not IANA places


class InvalidValue(ValueError):  # noqa: N818 - reads as what it is where it is caught
    """A value that cannot be stored. `code` is stable; the text says why and never repeats the value."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def check_text(text: str) -> None:
    """Reject text that PostgreSQL cannot store: NUL, and lone surrogates, which are not UTF-8.

    Raises:
        InvalidValue: code `invalid_text`.
    """
    if "\0" in text:
        raise InvalidValue(Code.INVALID_TEXT, "text must not contain a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidValue(Code.INVALID_TEXT, "text must not contain a lone surrogate") from None


def check_value(value: Json, depth: int = 0) -> None:
    """Reject a property value that cannot be stored. `depth` counts the arrays and objects around it.

    Raises:
        InvalidValue: text with NUL or lone surrogates, integers beyond 64 bits, NaN and infinities, nesting above
            the limit, and values that are not JSON.
    """
    kind = type(value)
    if kind is str:
        check_text(value)
    elif kind is int:
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise InvalidValue(Code.NUMBER_OUT_OF_RANGE, "integers must fit in 64 bits")
    elif kind is float:
        if not math.isfinite(value):
            raise InvalidValue(Code.NUMBER_OUT_OF_RANGE, "numbers must be finite")
    elif kind is list:
        _check_depth(depth)
        for element in value:
            check_value(element, depth + 1)
    elif kind is dict:
        _check_depth(depth)
        for key, element in value.items():
            if type(key) is not str:
                raise InvalidValue(Code.INVALID_VALUE, "keys of objects must be strings")
            check_text(key)
            check_value(element, depth + 1)
    elif value is not None and kind is not bool:
        raise InvalidValue(Code.INVALID_VALUE, f"a {kind.__name__} is not a JSON value")


def _check_depth(depth: int) -> None:
    if depth >= MAX_VALUE_DEPTH:
        raise InvalidValue(Code.VALUE_TOO_DEEP, f"arrays and objects may nest at most {MAX_VALUE_DEPTH} deep")


def check_key(key: str) -> None:
    """Reject a property key that is blank, too long or cannot be stored.

    Raises:
        InvalidValue: code `invalid_key`, or `invalid_text`.
    """
    if not key or key.isspace():
        raise InvalidValue(Code.INVALID_KEY, "a property key must not be blank")
    if len(key) > MAX_KEY_CHARS:
        raise InvalidValue(Code.INVALID_KEY, f"a property key must have at most {MAX_KEY_CHARS} characters")
    check_text(key)


def same_value(a: Json, b: Json) -> bool:
    """Tell whether storing b over a changes nothing. Types count (1, 1.0, true; 0.0, -0.0), key order does not."""
    kind = type(a)
    if a is b:
        return True
    if kind is not type(b):
        return False
    if kind is dict:
        return len(a) == len(b) and all(key in b and same_value(element, b[key]) for key, element in a.items())
    if kind is list:
        return len(a) == len(b) and all(map(same_value, a, b))
    if kind is float and a == 0.0:
        return b == 0.0 and math.copysign(1.0, a) == math.copysign(1.0, b)
    return bool(a == b)


@functools.cache
def timezone_names() -> frozenset[str]:
    """Return the IANA timezone names, read once from the system's zones or the tzdata package."""
    return frozenset(zoneinfo.available_timezones()) - _NOT_TIMEZONES


def read_language(key: str, value: Json) -> str | None:
    """Return the value to store for `$timezone`, `$locale` or `$preferred_language`; None means remove the property.

    Raises:
        InvalidValue: not a string, an unknown timezone, or not the shape of a language tag.
    """
    if value is None:
        return None
    if type(value) is not str:
        raise InvalidValue(Code.INVALID_VALUE, f"{key} must be a string or null")
    text = value.strip()
    if key == TIMEZONE:
        if text not in timezone_names():
            raise InvalidValue(Code.INVALID_TIMEZONE, "expected an IANA timezone name such as 'Europe/Berlin'")
    elif len(text) > _MAX_TAG_CHARS or not _LANGUAGE_TAG.fullmatch(text):
        example = "'en', 'en_GB' or 'es-AR'" if key == LOCALE else "a two-letter code such as 'en'"
        raise InvalidValue(Code.INVALID_LANGUAGE, f"expected {example}")
    return text
