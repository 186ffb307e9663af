"""The rules that decide whether a value looks valid for its key. Pure.

The official SDK checks no values. These are rules by which the hub refuses values. Here they only produce messages,
which the edit builder raises in strict mode and otherwise keeps as warnings. Messages never contain the value.
"""

from __future__ import annotations

import math
import re

from suprsend import _wire
from suprsend._addresses import email_doubt, phone_doubt

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*")

_timezones: frozenset[str] | None = None


def doubt(operator: str, key: str, value: object) -> str | None:
    """Return what is wrong with ``value`` for ``key`` and ``operator``, or None if it looks valid.

    Args:
        operator: one of ``$set``, ``$set_once``, ``$add``, ``$append``, ``$remove``.
        key: a trimmed, non-empty key.
        value: the operand.
    """
    if operator == _wire.ADD and not _is_number(value):
        return f"{key}: only a finite number can be added"
    if key[0] != "$":
        if isinstance(value, float) and not math.isfinite(value):
            return f"{key}: {value} is not a finite number and has no JSON form"
        return f"{key}: keys that start with ss_ are reserved, and the hub ignores them" if _is_ss(key) else None
    if operator in (_wire.APPEND, _wire.REMOVE):
        return _identity_doubt(operator, key, value)
    if key in (_wire.LANGUAGE, _wire.LOCALE, _wire.TIMEZONE) and operator != _wire.ADD:
        return _setting_doubt(key, value)
    if key in _wire.CHANNELS or key == _wire.INBOX:
        return f"{key}: {operator} has no effect on a channel; use append or the add_… methods"
    return f"{key}: keys that start with $ are reserved, and the hub ignores them"


def _identity_doubt(operator: str, key: str, value: object) -> str | None:
    if key == _wire.ID_PROVIDER:
        known = value is None or (isinstance(value, str) and value.lower() in _wire.PROVIDERS)
        return None if known else f"{key}: unknown provider, use one of {', '.join(sorted(_wire.PROVIDERS))}"
    if key in _wire.COMPANIONS:
        return None
    if key not in _wire.CHANNELS:
        return f"{key}: not a channel; other keys that start with $ are reserved, and the hub ignores them"
    if operator == _wire.REMOVE:  # removing what cannot be there changes nothing
        return None
    for item in value if isinstance(value, (list, tuple)) else (value,):
        message = _value_doubt(key, item)
        if message is not None:
            return f"{key}: {message}"
    return None


def _value_doubt(channel: str, value: object) -> str | None:
    if channel == _wire.EMAIL:
        return email_doubt(value)
    if channel in (_wire.SMS, _wire.WHATSAPP):
        return phone_doubt(value)
    if channel in (_wire.ANDROIDPUSH, _wire.IOSPUSH):
        good = bool(value) and isinstance(value, (str, dict))
        return None if good else "the value is not a device token"
    return None if isinstance(value, dict) and value else "the value must be a dict that identifies the recipient"


def _setting_doubt(key: str, value: object) -> str | None:
    if value is None:  # removes the setting
        return None
    if key == _wire.TIMEZONE:
        known = _known_timezones()
        good = isinstance(value, str) and (not known or value in known)
        return None if good else f"{key}: not an IANA time zone, such as Europe/Paris"
    good = isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None
    return None if good else f"{key}: not a language code, such as en or en_GB"


def _known_timezones() -> frozenset[str]:
    """Return the names of the system's time zones, or nothing if the system has no time zone database."""
    global _timezones  # noqa: PLW0603  # read once: it walks a directory tree
    if _timezones is None:
        from zoneinfo import available_timezones  # late: costs 10 ms of import

        _timezones = frozenset(available_timezones())
    return _timezones


def _is_ss(key: str) -> bool:
    return key[:3].lower() == "ss_"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
