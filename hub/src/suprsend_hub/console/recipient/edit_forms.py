"""Turn the fields of an edit form into operations, checked by the same fold that will apply them. Pure.

A draft contains what will be sent, what it will change, and what is wrong with it, by field.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from suprsend_hub.console.formats import channel_name
from suprsend_hub.console.recipient.differences import Line, changed_lines
from suprsend_hub.console.recipient.secrets import find_identity
from suprsend_hub.domain.channels import RULES
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.refusal import Refusal
from suprsend_hub.domain.wire import (
    ANDROIDPUSH,
    APPEND,
    CHANNELS,
    FCM,
    ID_PROVIDER,
    INBOX,
    LOCALE,
    OBJECT_CHANNELS,
    OPPO,
    PREFERRED_LANGUAGE,
    PUSH_CHANNELS,
    REMOVE,
    SET,
    TIMEZONE,
    UNSET,
    XIAOMI,
    Json,
)

EDIT_CHANNELS = tuple(channel for channel in CHANNELS if channel != INBOX)
PROVIDERS = {ANDROIDPUSH: (FCM, XIAOMI, OPPO)}
KINDS = ("text", "number", "true or false", "JSON")
LANGUAGE_FIELDS = {"language": PREFERRED_LANGUAGE, "locale": LOCALE, "timezone": TIMEZONE}
ACTIONS = {
    "add_channel": "Add a channel value",
    "remove_channel": "Remove a channel value",
    "set_property": "Set a property",
    "unset_property": "Unset a property",
    "set_language": "Language and time",
}
MAX_PREVIEW_CHARS = 4_000
_KEY_CODES = {Code.INVALID_KEY, Code.RESERVED_KEY, Code.CHANNEL_KEY, Code.INBOX_KEY, Code.TOO_MANY_PROPERTIES}
"""Refusals that are about the key of a property, not its value."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An edit as typed. `operations` is empty while there is nothing to send."""

    do: str
    typed: Mapping[str, str]
    operations: list[Json] = field(default_factory=list)
    shown_operations: Json = None
    changes: Sequence[Line] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


class _Mistake(ValueError):  # noqa: N818 - reads as what it is where it is caught
    """Typed text that cannot be sent, with the `field` that contains it."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field_name = field_name


def draft(do: str, typed: Mapping[str, str], profile: Profile) -> Draft:
    """Read a form; `do` is one of ACTIONS. A blank form gives a draft without operations and without errors."""
    try:
        operations = _READERS[do](typed, profile)
    except _Mistake as mistake:
        return Draft(do, typed, errors={mistake.field_name: str(mistake)})
    if not operations:
        return Draft(do, typed)
    result = fold(profile, operations)
    errors: dict[str, str] = {}
    for refusal in result.refusals:
        errors.setdefault(field_of(do, refusal.code, refusal.key), _reason(refusal))
    shown = mask_secrets(operations) if do == "remove_channel" else operations
    return Draft(do, typed, operations, shown, changed_lines(profile, result.profile), errors)


def field_of(do: str, code: Code, key: str) -> str:
    """Return the field of the form that a refusal is about."""
    if do == "set_language":
        return next((name for name, wire in LANGUAGE_FIELDS.items() if wire == key), "timezone")
    if code in _KEY_CODES:
        return "key"
    return "provider" if code is Code.INVALID_PROVIDER else "value"


def _reason(refusal: Refusal) -> str:
    """Return the reason without the name of the operation, which the form shows anyway."""
    _, colon, reason = refusal.message.partition(": ")
    reason = reason if colon else refusal.message
    return f"{reason[:1].upper()}{reason[1:]}."


def _add_channel(typed: Mapping[str, str], _profile: Profile) -> list[Json]:
    channel, text = typed.get("channel", ""), typed.get("value", "").strip()
    if not channel or not text:
        return []
    if channel not in EDIT_CHANNELS:
        raise _Mistake("channel", "Choose one of the channels.")
    value: Json = (
        _json_value(text, f"Enter a JSON object for {channel_name(channel)}.") if _is_object(channel) else text
    )
    operand: dict[str, Json] = {channel: value}
    provider = typed.get("provider", "").strip() or RULES[channel].default_provider
    if provider and channel in PUSH_CHANNELS:
        operand[ID_PROVIDER] = provider
    return [{APPEND: operand}]


def _is_object(channel: str) -> bool:
    return channel in OBJECT_CHANNELS


def _remove_channel(typed: Mapping[str, str], profile: Profile) -> list[Json]:
    found = find_identity(profile, typed.get("mark", ""))
    if found is None:
        raise _Mistake("mark", "This value has been removed or changed. Close the form and load the page again.")
    channel, identity = found
    operand: dict[str, Json] = {channel: identity.value}
    if identity.id_provider:
        operand[ID_PROVIDER] = identity.id_provider
    return [{REMOVE: operand}]


def _set_property(typed: Mapping[str, str], _profile: Profile) -> list[Json]:
    key, text = typed.get("key", ""), typed.get("value", "")
    if not key or (not text and typed.get("kind", "text") != "text"):
        return []
    return [{SET: {key: _property_value(typed.get("kind", "text"), text)}}]


def _property_value(kind: str, text: str) -> Json:
    if kind == "number":
        value = _json_value(text.strip(), "Enter a number such as 42 or 3.5.")
        if type(value) not in (int, float):
            raise _Mistake("value", "Enter a number such as 42 or 3.5.")
        return value
    if kind == "true or false":
        if text.strip().lower() not in ("true", "false"):
            raise _Mistake("value", "Enter true or false.")
        return text.strip().lower() == "true"
    if kind == "JSON":
        return _json_value(text, "Not valid JSON.")
    return text


def _json_value(text: str, complaint: str) -> Json:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _Mistake("value", complaint) from error


def _unset_property(typed: Mapping[str, str], _profile: Profile) -> list[Json]:
    return [{UNSET: [typed["key"]]}] if typed.get("key") else []


def _set_language(typed: Mapping[str, str], profile: Profile) -> list[Json]:
    """Return one operation for each changed field; a blank field removes its value."""
    operations: list[Json] = []
    for name, key in LANGUAGE_FIELDS.items():
        text = typed.get(name, "").strip()
        if text != profile.properties.get(key, ""):
            operations.append({SET: {key: text or None}})
    return operations


_READERS: dict[str, Callable[[Mapping[str, str], Profile], list[Json]]] = {
    "add_channel": _add_channel,
    "remove_channel": _remove_channel,
    "set_property": _set_property,
    "unset_property": _unset_property,
    "set_language": _set_language,
}


def first_fields(do: str, asked: Mapping[str, str], profile: Profile) -> dict[str, str]:
    """Return the first values of a form's fields, from the address of the page and from the stored profile."""
    typed = {name: asked[name] for name in ("channel", "key", "mark") if name in asked}
    if do == "add_channel":
        typed.setdefault("channel", EDIT_CHANNELS[0])
    if do == "set_language":
        typed |= {name: str(profile.properties.get(key) or "") for name, key in LANGUAGE_FIELDS.items()}
    if do == "set_property" and typed.get("key", "") in profile.properties:
        typed["kind"], typed["value"] = _typed_value(profile.properties[typed["key"]])
    return typed


def _typed_value(value: Json) -> tuple[str, str]:
    if type(value) is str:
        return "text", value
    text = msgspec.json.encode(value).decode()
    if type(value) is bool:
        return "true or false", text
    if type(value) in (int, float):
        return "number", text
    return "JSON", msgspec.json.format(text, indent=2)
