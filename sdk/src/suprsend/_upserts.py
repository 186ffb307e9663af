"""What is wrong with the keys of a payload: of an upsert, or of the operations of an edit. No I/O but the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from suprsend import _wire
from suprsend._doubts import key_doubt
from suprsend._errors import InputValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger("suprsend")

_READ_ONLY = frozenset({"distinct_id", "properties", "created_at", "updated_at"})
_TAKEN = _wire.CHANNELS | _wire.SETTINGS
_KNOWN = _TAKEN | {_wire.INBOX}


def upsert_mistakes(payload: object, *, strict: bool) -> list[str]:
    """Return the mistakes in the keys of an upsert, and log each of them at WARNING.

    Raises:
        InputValueError: in strict mode, for the first mistake.
    """
    return _noted("upsert", map(_mistake, payload) if isinstance(payload, dict) else (), strict=strict)


def payload_mistakes(payload: object, *, strict: bool) -> list[str]:
    """Return the keys that the hub ignores in ``{"operations": […]}``, and log each of them at WARNING.

    Raises:
        InputValueError: in strict mode, for the first of them.
    """
    operations = payload.get("operations") if isinstance(payload, dict) else None
    found = [
        _reserved(operator, key)
        for operation in (operations if isinstance(operations, list) else ())
        if isinstance(operation, dict)
        for operator, operand in operation.items()
        for key in ([operand] if isinstance(operand, str) else operand if isinstance(operand, (list, dict)) else ())
    ]
    return _noted("edit", found, strict=strict)


def _noted(caller: str, texts: Iterable[str | None], *, strict: bool) -> list[str]:
    found = [text for text in texts if text]
    if found and strict:
        raise InputValueError(found[0])
    for text in found:
        logger.warning("%s: %s", caller, text)
    return found


def _reserved(operator: object, key: object) -> str | None:
    qualifies = operator in (_wire.APPEND, _wire.REMOVE) and key in _wire.COMPANIONS_READ
    return key_doubt(key) if isinstance(key, str) and key not in _TAKEN and not qualifies else None


def _mistake(key: object) -> str | None:
    if not isinstance(key, str):
        return None  # the JSON encoder says what it thinks of it
    if key in _READ_ONLY:
        return f"{key}: not a property; write properties next to the channels, as in {{'name': 'Ada', '$email': ['…']}}"
    return None if key in _KNOWN else key_doubt(key)
