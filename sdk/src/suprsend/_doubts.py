"""The rules that decide whether a value looks valid for its key. Pure.

The official SDK checks no values. These are rules by which the hub refuses values. Here they only produce messages,
which the edit builder raises in strict mode and otherwise keeps as warnings. Messages never contain the value.
"""

from __future__ import annotations

import math
import re

from suprsend import _wire
from suprsend._addresses import email_doubt, phone_doubt
from suprsend._limits import MAX_COMPANION_CHARS, MAX_INTEGER, MAX_KEY_CHARS, MAX_VALUE_DEPTH, MIN_INTEGER

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*")

# In the order in which the hub looks for them.
_RECIPIENT_FIELDS = {
    _wire.SLACK: ("channel_id", "channel", "user_id", "email", "email_id"),
    _wire.MS_TEAMS: ("conversation_id", "user_id"),
}

# The channels whose values are texts with rules of their own; most calls with a channel are about these.
_TEXT_DOUBTS = {_wire.EMAIL: email_doubt, _wire.SMS: phone_doubt, _wire.WHATSAPP: phone_doubt}

RESERVED = "keys that start with $ or ss_ are reserved, and the hub ignores them"

_timezones: frozenset[str] | None = None


def doubt(operator: str, key: str, value: object) -> str | None:
    """Return what is wrong with ``value`` for ``key`` and ``operator``, or None if it looks valid.

    Args:
        operator: one of ``$set``, ``$set_once``, ``$add``, ``$append``, ``$remove``, ``$unset``.
        key: a trimmed, non-empty key.
        value: the operand; None for ``$unset``.
    """
    if operator == _wire.APPEND and key in _TEXT_DOUBTS and isinstance(value, str):
        message = _TEXT_DOUBTS[key](value)
        return None if message is None else f"{key}: {message}"
    if operator == _wire.UNSET:
        return None if key in _wire.CHANNELS or key in _wire.SETTINGS else key_doubt(key)
    if operator == _wire.ADD and not _is_number(value):
        return f"{key}: only a finite number can be added"
    if key[0] != "$":
        if isinstance(value, float) and not math.isfinite(value):
            return f"{key}: {value} is not a finite number and has no JSON form"
        return key_doubt(key)
    if operator in (_wire.APPEND, _wire.REMOVE):
        return _identity_doubt(operator, key, value)
    if key in _wire.SETTINGS and operator != _wire.ADD:
        return _setting_doubt(key, value)
    if key in _wire.CHANNELS or key == _wire.INBOX:
        return f"{key}: {operator} has no effect on a channel; use append or the add_… methods"
    return key_doubt(key)


def key_doubt(key: str) -> str | None:
    """Return why the hub ignores a key that is neither a channel nor a setting, or None if it is a property."""
    if key == _wire.INBOX:
        return f"{key}: the inbox belongs to the hub, which ignores this"
    return f"{key}: {RESERVED}" if key.startswith("$") or _is_ss(key) else None


def storage_doubt(operator: str, key: str, value: object) -> str | None:
    """Return why no hub could store ``value``, which has a JSON form, under ``key``; None if it could."""
    if len(key) > MAX_KEY_CHARS:
        return f"{key[:40]}…: a key has at most {MAX_KEY_CHARS} characters"
    # The hub puts an array around what is appended.
    reason = _unstorable(key, 0) or _unstorable(value, int(operator == _wire.APPEND and not isinstance(value, list)))
    return None if reason is None else f"{key!a}: {reason}"


def _unstorable(value: object, depth: int) -> str | None:
    if isinstance(value, str):
        return "a text contains a NUL character" if "\0" in value else None
    if isinstance(value, int):
        return None if MIN_INTEGER <= value <= MAX_INTEGER else "an integer does not fit in 64 bits"
    if not isinstance(value, (dict, list, tuple)):
        return None
    if depth >= MAX_VALUE_DEPTH:
        return f"arrays and objects nest more than {MAX_VALUE_DEPTH} deep"
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return next((reason for part in parts if (reason := _unstorable(part, depth + 1)) is not None), None)


def _identity_doubt(operator: str, key: str, value: object) -> str | None:
    if key == _wire.ID_PROVIDER:
        known = value is None or (isinstance(value, str) and value.lower() in _wire.PROVIDERS)
        return None if known else f"{key}: unknown provider, use one of {', '.join(sorted(_wire.PROVIDERS))}"
    if key in _wire.COMPANIONS:
        good = value is None or (isinstance(value, str) and len(value.strip()) <= MAX_COMPANION_CHARS)
        return None if good else f"{key}: must be a string of at most {MAX_COMPANION_CHARS} characters"
    if key not in _wire.CHANNELS:
        return key_doubt(key)
    if operator == _wire.REMOVE:  # removing what cannot be there changes nothing
        return None
    for item in value if isinstance(value, (list, tuple)) else (value,):
        message = _value_doubt(key, item)
        if message is not None:
            return f"{key}: {message}"
    return None


def _value_doubt(channel: str, value: object) -> str | None:
    if channel in _TEXT_DOUBTS:
        return _TEXT_DOUBTS[channel](value)
    if channel in (_wire.ANDROIDPUSH, _wire.IOSPUSH):
        return None if _is_text(value) else "the value is not a device token"
    if channel == _wire.WEBPUSH:
        good = isinstance(value, dict) and _is_subscription(value)
        return None if good else "the value is not a subscription with endpoint, keys.p256dh and keys.auth"
    return None if _names_recipient(channel, value) else "the value must be a dict that identifies the recipient"


def _is_subscription(value: dict[str, object]) -> bool:
    keys = value.get("keys")
    return isinstance(keys, dict) and all(map(_is_text, (value.get("endpoint"), keys.get("p256dh"), keys.get("auth"))))


def _names_recipient(channel: str, value: object) -> bool:
    if not isinstance(value, dict):
        return False
    webhook = value.get("incoming_webhook")
    if webhook is not None and not isinstance(webhook, dict):
        return False
    if webhook is not None and _is_text(webhook.get("url")):
        return True
    named = [value[field] for field in _RECIPIENT_FIELDS[channel] if value.get(field) is not None]
    return bool(named) and isinstance(named[0], str) and any(map(_is_text, named))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


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
    """Return the names of the system's time zones, or nothing if the system has none, or they cannot be read now."""
    global _timezones  # noqa: PLW0603  # read once: it walks a directory tree
    if _timezones is None:
        try:
            from zoneinfo import available_timezones  # late: costs 10 ms of import

            _timezones = frozenset(available_timezones())
        except (ImportError, OSError):  # no file descriptor is left, or the program ends
            return frozenset()
    return _timezones


def _is_ss(key: str) -> bool:
    return key[:3].lower() == "ss_"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
