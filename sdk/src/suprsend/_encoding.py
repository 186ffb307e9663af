"""JSON in and out: compact UTF-8, and a clear refusal of what JSON cannot express. Pure.

msgspec alone would write NaN as null, and dates, sets and bytes in spellings of its own. So every value that is not
known to be plain is checked first. If something in it is not plain, a slower walk finds the key that is wrong.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from suprsend._errors import InputValueError

# Values of these exact types need no check: msgspec writes them as JSON, or raises for lone surrogates.
PLAIN_TYPES: frozenset[type] = frozenset({str, int, bool, type(None)})


def _subclass_value(value: object) -> object:
    # Called by msgspec for types it does not know. The walk has let through only subclasses of these.
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain.__call__(value)
    raise TypeError(type(value).__name__)


_encoder = msgspec.json.Encoder(enc_hook=_subclass_value)
_decoder = msgspec.json.Decoder()
decode = _decoder.decode


def encode(value: object, subject: str) -> bytes:
    """Return ``value`` as compact UTF-8 JSON.

    Args:
        value: dicts with text keys (whole numbers are turned into text), lists, tuples, text, numbers, booleans, None.
        subject: what is encoded, for the error message, such as ``payload``.

    Raises:
        InputValueError: a value has no JSON form, a number is not finite, or text holds a lone surrogate.
    """
    try:
        plain = is_plain(value)
    except RecursionError:
        plain = False
    if plain:
        return encode_plain(value, subject)
    try:
        check(value, subject)
        return _encoder.encode(value)
    except InputValueError:
        raise
    except Exception as error:
        raise _no_form(subject, error) from error


def encode_plain(value: object, subject: str) -> bytes:
    """Return what ``encode`` returns, without a check, for a value that is known to be plain."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        check(value, subject)
        raise
    except RecursionError:
        raise _too_deep(subject) from None


def is_plain_leaf(value: object) -> bool:
    """Tell whether ``value`` is text, a finite number, a boolean or None, of exactly the built-in type."""
    return value.__class__ in PLAIN_TYPES or (type(value) is float and math.isfinite(value))


def is_plain(value: object) -> bool:
    """Tell whether ``value`` consists of plain leaves and exact built-in containers; RecursionError if too deep."""
    if type(value) is dict:
        return all(key.__class__ is str and is_plain(item) for key, item in value.items())
    if type(value) is list or type(value) is tuple:
        return all(map(is_plain, value))
    return is_plain_leaf(value)


def check(value: object, subject: str) -> None:
    """Raise InputValueError, naming the place, if ``value`` has no exact JSON form."""
    try:
        _walk(value, subject)
    except InputValueError:
        raise
    except RecursionError:
        raise _too_deep(subject) from None
    except Exception as error:  # a subclass of dict or list can do anything when it is walked
        raise _no_form(subject, error) from error


def _too_deep(subject: str) -> InputValueError:
    return InputValueError(f"{subject}: nested too deeply, or contains itself")


def _no_form(subject: str, error: Exception) -> InputValueError:
    return InputValueError(f"{subject}: has no JSON form ({type(error).__name__}: {shown(error)})")


def shown(value: object) -> str:
    """Return the text of any value for a message: the name of its type if it has none, as when nested too deeply."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001  # a value of the caller can do anything
        return f"a {type(value).__name__}"


def _walk(value: object, path: str) -> None:
    kind = value.__class__
    if kind in PLAIN_TYPES and kind is not str:
        return
    if isinstance(value, str):
        if not _encodable(value):
            raise InputValueError(f"{path}: text contains a lone surrogate, which is not valid Unicode")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InputValueError(f"{path}: {value} is not a finite number and has no JSON form")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_key(key, path)
            _walk(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _walk(item, f"{path}[{index}]")
    elif not isinstance(value, int):
        raise InputValueError(f"{path}: {kind.__name__} has no JSON form; pass a string, a number, a list or a dict")


def _check_key(key: object, path: str) -> None:
    if isinstance(key, str):
        if not _encodable(key):
            raise InputValueError(f"{path}: a key contains a lone surrogate, which is not valid Unicode")
    elif isinstance(key, bool) or not isinstance(key, int):
        raise InputValueError(f"{path}: key {shown(key)} is a {type(key).__name__}, but JSON keys are strings")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def spaced_size(value: object) -> int:
    """Return the UTF-8 length of ``value`` as JSON with ``", "`` and ``": "``, the measure of the contract."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def fits_spaced(compact_bytes: int, limit: int) -> bool:
    """Tell whether JSON of this compact length fits ``limit`` in the spaced form, whatever it contains.

    Each separator has at least one other byte next to it (``[1,1,1]``), so the spaced form is at most 1.5 times
    as long.
    """
    return compact_bytes * 3 <= limit * 2


def raw_items(array: bytes) -> list[bytes]:
    """Return the elements of a JSON array as they are written in it."""
    items: list[Any] = msgspec.json.decode(array, type=list[msgspec.Raw])
    return [bytes(item) for item in items]
