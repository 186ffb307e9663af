"""Mask secrets in JSON that is logged or shown: rejected operations and records, history.

The result can always be stored and encoded: NUL, lone surrogates, numbers that JSON cannot represent and bottomless
nesting are replaced. A poisoned record must not break the log that reports it.
"""

from __future__ import annotations

import math
import re
from typing import Final

from .limits import MAX_INTEGER, MAX_VALUE_DEPTH, MIN_INTEGER
from .wire import (
    ACCESS_TOKEN,
    ANDROIDPUSH,
    CHANNEL,
    CHANNEL_ID,
    CONVERSATION_ID,
    DEVICE_ID_FIELD,
    EMAIL_FIELD,
    EMAIL_ID,
    INCOMING_WEBHOOK,
    IOSPUSH,
    MS_TEAMS,
    PROVIDER,
    SERVICE_URL,
    SLACK,
    TENANT_ID,
    USER_ID,
    WEBPUSH,
    Json,
)

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_MAX_DEPTH: Final = MAX_VALUE_DEPTH + 8  # an op object and a channel list around a value of full depth
_KEPT_CHARS: Final = 4
_CUT: Final = "…"

_SECRET_UNDER: Final = frozenset({ACCESS_TOKEN, INCOMING_WEBHOOK, ANDROIDPUSH, IOSPUSH, WEBPUSH, SLACK, MS_TEAMS})
"""All text below these keys is secret, because anyone with a push token or webhook URL can send to it."""

_HARMLESS: Final = frozenset(
    {CHANNEL, CHANNEL_ID, CONVERSATION_ID, DEVICE_ID_FIELD, EMAIL_FIELD, EMAIL_ID, PROVIDER, SERVICE_URL, TENANT_ID,
     USER_ID, "team_id", "id_provider", "bundle_id", "status", "perma_status", "status_reason",
     "status_at"}
)  # fmt: skip
"""Below a secret key, text directly under these keys is not secret. It says which identity was meant."""


def mask_secrets(value: Json) -> Json:
    """Return a copy that keeps only four characters of access tokens, webhook URLs, push tokens and web push keys.

    Never raises on decoded JSON. Anything nested deeper than a storable value becomes an ellipsis.
    """
    return _mask(value, secret=False, depth=0)


def storable_text(text: str) -> str:
    """Return text with NUL and lone surrogates replaced, so that it can always be stored."""
    return _UNSTORABLE.sub("\ufffd", text)


def _mask(value: Json, *, secret: bool, depth: int) -> Json:
    if isinstance(value, str):
        return _mask_text(value) if secret else storable_text(value)
    if isinstance(value, dict):
        if depth >= _MAX_DEPTH:
            return _CUT
        return {
            storable_text(str(key)): _mask(
                element,
                secret=key in _SECRET_UNDER or (secret and not (key in _HARMLESS and isinstance(element, str))),
                depth=depth + 1,
            )
            for key, element in value.items()
        }
    if isinstance(value, list):
        return _CUT if depth >= _MAX_DEPTH else [_mask(element, secret=secret, depth=depth + 1) for element in value]
    return _mask_number(value)


def _mask_text(text: str) -> str:
    kept = text[:_KEPT_CHARS] if len(text) > 3 * _KEPT_CHARS else ""
    return storable_text(kept) + _CUT


def _mask_number(value: Json) -> Json:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if MIN_INTEGER <= value <= MAX_INTEGER else "an integer beyond 64 bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return f"a {type(value).__name__}"
