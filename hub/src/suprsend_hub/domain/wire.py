"""Wire spellings of profiles and operations, each defined once.

Other modules of the hub import these names instead of typing the words again. The kinds of keys
(`kind_of_key`) live here too, because they are a matter of spelling alone.
"""

from __future__ import annotations

import enum
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
"""What a JSON decoder returns: None, bool, int, float, str, list, dict with str keys."""

# Operators -----------------------------------------------------------------------------------------------------------
SET: Final = "$set"
SET_ONCE: Final = "$set_once"
ADD: Final = "$add"
INCREMENT: Final = "$increment"  # alias of $add: documented for PATCH, sent by no SDK
APPEND: Final = "$append"
REMOVE: Final = "$remove"
UNSET: Final = "$unset"

OPERATORS: Final = (SET, SET_ONCE, ADD, INCREMENT, APPEND, REMOVE, UNSET)
"""In the order in which several operators of one op object apply, which is the order of the official builders."""

PREFERENCE: Final = "$preference"
"""Operator of the edits that the hub makes for the preference endpoints; refused from everybody else. Its operand is an
operation of `choices`. In `before` of the history, the choices that such operations replaced."""

CHANNEL_STATUS: Final = "$channel_status"
"""Operator of the edits that the hub makes of delivery feedback; refused from everybody else. Its operand is
`{"$email": address, "event": ..., "time": ...}`, see `feedback`."""

# Channels ------------------------------------------------------------------------------------------------------------
EMAIL: Final = "$email"
SMS: Final = "$sms"
WHATSAPP: Final = "$whatsapp"
INBOX: Final = "$inbox"  # made by the hub with the user; writes are ignored
ANDROIDPUSH: Final = "$androidpush"
IOSPUSH: Final = "$iospush"
WEBPUSH: Final = "$webpush"
SLACK: Final = "$slack"
MS_TEAMS: Final = "$ms_teams"

CHANNELS: Final = (EMAIL, SMS, WHATSAPP, INBOX, ANDROIDPUSH, IOSPUSH, WEBPUSH, SLACK, MS_TEAMS)
"""In the order in which a user object shows them."""

PUSH_CHANNELS: Final = frozenset({ANDROIDPUSH, IOSPUSH, WEBPUSH})
OBJECT_CHANNELS: Final = frozenset({WEBPUSH, SLACK, MS_TEAMS})
"""Channels whose identities are JSON objects; all others hold strings."""

# Properties with a meaning -------------------------------------------------------------------------------------------
PREFERRED_LANGUAGE: Final = "$preferred_language"
LOCALE: Final = "$locale"
TIMEZONE: Final = "$timezone"

# Companions: qualify the push identities of the same op object, are never properties ---------------------------------
ID_PROVIDER: Final = "$id_provider"
PUSHVENDOR: Final = "$pushvendor"  # old name of $id_provider, written by the legacy browser SDK
DEVICE_ID: Final = "$device_id"
BUNDLE_ID: Final = "$bundle_id"

# Providers -----------------------------------------------------------------------------------------------------------
FCM: Final = "fcm"
XIAOMI: Final = "xiaomi"
OPPO: Final = "oppo"
APNS: Final = "apns"
VAPID: Final = "vapid"
SUPRSEND: Final = "suprsend"

# Status of an identity -----------------------------------------------------------------------------------------------
ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
DISABLED: Final = "disabled"

# Fields of object-valued identities ----------------------------------------------------------------------------------
ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - the name of a field
INCOMING_WEBHOOK: Final = "incoming_webhook"
URL: Final = "url"
CHANNEL_ID: Final = "channel_id"
CHANNEL: Final = "channel"  # alias of channel_id
USER_ID: Final = "user_id"
EMAIL_FIELD: Final = "email"
EMAIL_ID: Final = "email_id"  # alias of email
CONVERSATION_ID: Final = "conversation_id"
TENANT_ID: Final = "tenant_id"  # Microsoft's, unrelated to the hub's tenants
SERVICE_URL: Final = "service_url"
ENDPOINT: Final = "endpoint"
KEYS: Final = "keys"
P256DH: Final = "p256dh"
AUTH: Final = "auth"
TOKEN: Final = "token"  # noqa: S105 - the name of a field
PROVIDER: Final = "provider"
DEVICE_ID_FIELD: Final = "device_id"
VALUE: Final = "value"  # of an identity, as a profile shows it
STATUS: Final = "status"

RESERVED_PREFIXES: Final = ("$", "ss_")
"""Keys with these prefixes belong to the platform; custom keys with them are ignored. `ss_` in any case."""


class KeyKind(enum.Enum):
    """Kind of a top-level key of a profile."""

    CUSTOM = "custom"
    LANGUAGE = "language"  # $timezone, $locale, $preferred_language: properties with rules
    CHANNEL = "channel"
    INBOX = "inbox"
    COMPANION = "companion"
    RESERVED = "reserved"


_SPECIAL: Final = {
    **dict.fromkeys(CHANNELS, KeyKind.CHANNEL),
    INBOX: KeyKind.INBOX,
    **dict.fromkeys((PREFERRED_LANGUAGE, LOCALE, TIMEZONE), KeyKind.LANGUAGE),
    **dict.fromkeys((ID_PROVIDER, PUSHVENDOR, DEVICE_ID, BUNDLE_ID), KeyKind.COMPANION),
}
_CUSTOM: Final = KeyKind.CUSTOM
_RESERVED: Final = KeyKind.RESERVED


def kind_of_key(key: str) -> KeyKind:
    """Return the kind of a top-level key, by its spelling alone."""
    first = key[:1]
    if first == "$":
        return _SPECIAL.get(key, _RESERVED)
    if first in {"s", "S"} and key[:3].lower() == "ss_":
        return _RESERVED
    return _CUSTOM
