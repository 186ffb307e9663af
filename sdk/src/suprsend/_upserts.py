"""What is wrong with the keys of an upsert's payload. No I/O but the log."""

from __future__ import annotations

import logging

from suprsend import _wire
from suprsend._errors import InputValueError

logger = logging.getLogger("suprsend")

_READ_ONLY = frozenset({"distinct_id", "properties", "created_at", "updated_at"})
_KNOWN = _wire.CHANNELS | {_wire.INBOX, _wire.LANGUAGE, _wire.LOCALE, _wire.TIMEZONE}


def upsert_mistakes(payload: object, *, strict: bool) -> list[str]:
    """Return the mistakes in the keys of an upsert, and log each of them at WARNING.

    Raises:
        InputValueError: in strict mode, for the first mistake.
    """
    found = [text for key in payload if (text := _mistake(key))] if isinstance(payload, dict) else []
    if found and strict:
        raise InputValueError(found[0])
    for text in found:
        logger.warning("upsert: %s", text)
    return found


def _mistake(key: object) -> str | None:
    if not isinstance(key, str):
        return None  # the JSON encoder says what it thinks of it
    if key in _READ_ONLY:
        return f"{key}: not a property; write properties next to the channels, as in {{'name': 'Ada', '$email': ['…']}}"
    if key.startswith("$") and key not in _KNOWN:
        return f"{key}: keys that start with $ are reserved, and the hub ignores them"
    if key.lower().startswith("ss_"):
        return f"{key}: keys that start with ss_ are reserved, and the hub ignores them"
    return None
