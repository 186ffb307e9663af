"""Build the operations of an edit, for users and objects. Pure.

Argument forms, messages and resulting JSON are those of the official SDK: ``contract/vectors/user_operations.json``.
"""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any, Self, cast

from suprsend import _wire
from suprsend._addresses import id_doubt, id_error, is_plain_id
from suprsend._doubts import doubt, storage_doubt
from suprsend._encoding import PLAIN_TYPES, check, is_plain_leaf, shown
from suprsend._errors import InputValueError, SuprsendValidationError
from suprsend._iterables import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from suprsend._types import EditConfig, JSONObject

logger = logging.getLogger("suprsend")

_PLAIN_OPERANDS = frozenset({_wire.SET, _wire.SET_ONCE})


class EditBuilder:
    """Collects operations in the order of the calls. Nothing is sent until you pass the edit to ``edit`` or ``save``.

    Mistakes, such as an argument of the wrong type, a blank key or a value that the hub would refuse, are kept as
    warnings. In strict mode they raise InputValueError at the call.
    """

    __slots__ = ("_doubts", "_errors", "_infos", "_operations", "_plain", "_strict", "_unlogged", "config")

    def __init__(self, config: EditConfig) -> None:
        self.config = config
        self._strict = config.strict
        self._operations: list[JSONObject] = []
        self._plain = True  # every value so far is plain and cannot change, so it is encoded without a check
        self._errors: list[str] = []
        self._infos: list[str] = []
        self._doubts: list[str] = []
        self._unlogged: list[str] = []

    # -- copies: of the same client, with operations of their own

    def __copy__(self) -> Self:
        return self._copied(lambda value: list(value) if isinstance(value, list) else value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._copied(lambda value: copy.deepcopy(value, memo))

    def _copied(self, copied: Callable[[Any], Any]) -> Self:
        other = type(self).__new__(type(self))
        # What __dict__ holds, if a subclass has one, and what __slots__ hold.
        own, slots = cast("tuple[JSONObject | None, JSONObject]", object.__getstate__(self))
        for name, value in {**(own or {}), **slots}.items():
            setattr(other, name, value if name == "config" else copied(value))
        return other

    # -- the collected operations

    @property
    def operations(self) -> list[JSONObject]:
        """Return the operations so far, as they will be sent. You may change the list."""
        self._plain = False
        return self._operations

    @property
    def errors(self) -> list[str]:
        """Return messages about calls that had no effect because of an invalid argument."""
        return self._errors

    @property
    def warnings(self) -> list[str]:
        """Return messages about skipped keys."""
        return self._infos

    def get_payload(self) -> JSONObject:
        """Return the body of the synchronous edit: ``{"operations": […]}``."""
        return {"operations": self.operations}

    # -- properties

    def set(self, arg1: str | JSONObject, arg2: Any = None) -> None:
        """Set properties: ``set(key, value)`` or ``set({key: value, …})``. Existing values are replaced.

        To store None, use the dict form.
        """
        self._change("set", _wire.SET, arg1, arg2)

    def set_once(self, arg1: str | JSONObject, arg2: Any = None) -> None:
        """Set properties that do not exist yet. The arguments are those of ``set``."""
        self._change("set_once", _wire.SET_ONCE, arg1, arg2)

    def increment(self, arg1: str | JSONObject, arg2: float | None = None) -> None:
        """Add to numbers: ``increment(key, n)`` or ``increment({key: n, …})``. A missing property counts as 0."""
        self._change("increment", _wire.ADD, arg1, arg2)

    def append(self, arg1: str | JSONObject, arg2: Any = None) -> None:
        """Append to list properties: ``append(key, value)`` or ``append({key: value, …})``.

        If the key is a channel, add an address, number or token to it. In the dict form, ``$id_provider`` and
        ``$bundle_id`` apply to the push tokens in the same dict.
        """
        self._change("append", _wire.APPEND, arg1, arg2)

    def remove(self, arg1: str | JSONObject, arg2: Any = None) -> None:
        """Remove from list properties or channels. The arguments are those of ``append``."""
        self._change("remove", _wire.REMOVE, arg1, arg2)

    def unset(self, key: str | Iterable[str]) -> None:
        """Delete properties, or everything on a channel: a key, or a list or other iterable of keys."""
        keys = [key] if isinstance(key, str) else listed(key)
        if keys is None:
            self._error("[unset] key must be either String or List[string]")
            return
        trimmed = [name for name in (self._key("unset", item) for item in keys) if name]
        for name in trimmed:
            self._look_at("unset", _wire.UNSET, name, None)
        if trimmed:
            self._operations.append({_wire.UNSET: trimmed})

    # -- language, locale, time zone

    def set_preferred_language(self, lang_code: str | None) -> None:
        """Set the language, such as ``en``. None removes it."""
        self._set_one("set_preferred_language", _wire.LANGUAGE, lang_code)

    def set_locale(self, locale_code: str | None) -> None:
        """Set the locale, such as ``en_GB`` or ``es-AR``. None removes it."""
        self._set_one("set_locale", _wire.LOCALE, locale_code)

    def set_timezone(self, timezone: str | None) -> None:
        """Set the time zone by its IANA name, such as ``America/Los_Angeles``. None removes it."""
        self._set_one("set_timezone", _wire.TIMEZONE, timezone)

    # -- channels

    def add_email(self, value: str) -> None:
        """Add an e-mail address."""
        self._identity("add_email", _wire.APPEND, _wire.EMAIL, value)

    def remove_email(self, value: str) -> None:
        """Remove an e-mail address."""
        self._identity("remove_email", _wire.REMOVE, _wire.EMAIL, value)

    def add_sms(self, value: str) -> None:
        """Add a phone number for SMS, with the country code: ``+15550100000``."""
        self._identity("add_sms", _wire.APPEND, _wire.SMS, value)

    def remove_sms(self, value: str) -> None:
        """Remove a phone number for SMS."""
        self._identity("remove_sms", _wire.REMOVE, _wire.SMS, value)

    def add_whatsapp(self, value: str) -> None:
        """Add a phone number for WhatsApp, with the country code."""
        self._identity("add_whatsapp", _wire.APPEND, _wire.WHATSAPP, value)

    def remove_whatsapp(self, value: str) -> None:
        """Remove a phone number for WhatsApp."""
        self._identity("remove_whatsapp", _wire.REMOVE, _wire.WHATSAPP, value)

    def add_androidpush(self, value: str, provider: str | None = None, bundle_id: str | None = None) -> None:
        """Add an Android push token. The provider is ``fcm`` (default), ``xiaomi`` or ``oppo``."""
        self._push("add_androidpush", _wire.APPEND, _wire.ANDROIDPUSH, value, provider, bundle_id)

    def remove_androidpush(self, value: str, provider: str | None = None, bundle_id: str | None = None) -> None:
        """Remove an Android push token."""
        self._push("remove_androidpush", _wire.REMOVE, _wire.ANDROIDPUSH, value, provider, bundle_id)

    def add_iospush(self, value: str, provider: str | None = None, bundle_id: str | None = None) -> None:
        """Add an iOS push token. The provider is ``apns``."""
        self._push("add_iospush", _wire.APPEND, _wire.IOSPUSH, value, provider, bundle_id)

    def remove_iospush(self, value: str, provider: str | None = None, bundle_id: str | None = None) -> None:
        """Remove an iOS push token."""
        self._push("remove_iospush", _wire.REMOVE, _wire.IOSPUSH, value, provider, bundle_id)

    def add_webpush(self, value: JSONObject, provider: str | None = None) -> None:
        """Add a web push subscription, ``{"endpoint": …, "keys": {"p256dh": …, "auth": …}}``. Provider: ``vapid``."""
        self._push("add_webpush", _wire.APPEND, _wire.WEBPUSH, value, provider, None)

    def remove_webpush(self, value: JSONObject, provider: str | None = None) -> None:
        """Remove a web push subscription."""
        self._push("remove_webpush", _wire.REMOVE, _wire.WEBPUSH, value, provider, None)

    def add_slack(self, value: JSONObject) -> None:
        """Add a Slack recipient: ``email``, ``user_id`` or ``channel_id`` with a token, or ``incoming_webhook``."""
        self._identity("add_slack", _wire.APPEND, _wire.SLACK, value)

    def remove_slack(self, value: JSONObject) -> None:
        """Remove a Slack recipient."""
        self._identity("remove_slack", _wire.REMOVE, _wire.SLACK, value)

    def add_ms_teams(self, value: JSONObject) -> None:
        """Add a Teams recipient: ``user_id`` or ``conversation_id`` with a tenant, or ``incoming_webhook``."""
        self._identity("add_ms_teams", _wire.APPEND, _wire.MS_TEAMS, value)

    def remove_ms_teams(self, value: JSONObject) -> None:
        """Remove a Teams recipient."""
        self._identity("remove_ms_teams", _wire.REMOVE, _wire.MS_TEAMS, value)

    # -- building operations

    def _change(self, caller: str, operator: str, arg1: object, arg2: object) -> None:
        items: Any
        if isinstance(arg1, str):
            if arg2 is None:
                self._error(f"[{caller}] if arg1 is a string, then arg2 must be passed")
                return
            items = ((arg1, arg2),)
        elif isinstance(arg1, dict) and (items := _items(arg1)) is not None:
            pass
        else:
            text = "String or a dict" if operator not in (_wire.APPEND, _wire.REMOVE) else "either string or a dict"
            self._error(f"[{caller}] arg1 must be {text}")
            return
        operand: JSONObject = {}
        push = False
        quick = operator in _PLAIN_OPERANDS and not self._strict
        for raw_key, value in items:
            key = (raw_key.strip() if raw_key.__class__ is str else None) or self._key(caller, raw_key)
            if not key:
                continue
            operand[key] = value
            if quick and value.__class__ in PLAIN_TYPES and key[0] not in "$sS":
                continue  # most values: nothing is wrong with a plain one under a key of the caller
            self._look_at(caller, operator, key, value)
            push = push or key in _wire.PUSH_CHANNELS
        if push and operator in (_wire.APPEND, _wire.REMOVE):
            operand.setdefault(_wire.ID_PROVIDER, None)
        if operand:
            self._operations.append({operator: operand})

    def _set_one(self, caller: str, key: str, value: object) -> None:
        self._look_at(caller, _wire.SET, key, value)
        self._operations.append({_wire.SET: {key: value}})

    def _identity(self, caller: str, operator: str, channel: str, value: object) -> None:
        self._look_at(caller, operator, channel, value)
        self._operations.append({operator: {channel: value}})

    def _push(
        self, caller: str, operator: str, channel: str, value: object, provider: str | None, bundle_id: str | None
    ) -> None:
        self._look_at(caller, operator, channel, value)
        self._look_at(caller, operator, _wire.ID_PROVIDER, provider)
        operand: JSONObject = {channel: value, _wire.ID_PROVIDER: provider}
        if bundle_id:
            self._look_at(caller, operator, _wire.BUNDLE_ID, bundle_id)
            operand[_wire.BUNDLE_ID] = bundle_id
        self._operations.append({operator: operand})

    def _look_at(self, caller: str, operator: str, key: str, value: object) -> None:
        if self._strict:
            check(value, f"{self._label()}[{caller}] {key}")
            unstorable = storage_doubt(operator, key, value)
            if unstorable is not None:
                self._note(self._doubts, f"[{caller}] {unstorable}")
        if not is_plain_leaf(value):
            self._plain = False
        elif key[0] not in "$sS" and operator in _PLAIN_OPERANDS:  # most calls: a plain value under a key of the caller
            return
        message = doubt(operator, key, value)
        if message is not None:
            self._note(self._doubts, f"[{caller}] {message}")

    def _key(self, caller: str, key: object) -> str | None:
        if not isinstance(key, str):
            self._note(self._infos, f"[{caller}] skipping key: {shown(key)}. key must be a string")
            return None
        trimmed = key.strip()
        if not trimmed:
            self._note(self._infos, f"[{caller}] skipping key: empty string")
        return trimmed

    # -- mistakes

    def _look_at_id(self, value: str, name: str) -> None:
        """Refuse an id that the hub refuses for a new recipient, and warn about one that stands for a missing value.

        Strict mode does not raise the warning: the hub accepts the id, and there are people called Null.
        """
        if is_plain_id(value):
            return
        error = id_error(value, name)
        if error is not None:
            raise SuprsendValidationError(error)
        message = id_doubt(value, name)
        if message is not None:
            self._doubts.append(message)
            self._unlogged.append(message)

    def _label(self) -> str:
        raise NotImplementedError

    def _error(self, message: str) -> None:
        self._note(self._errors, message)

    def _note(self, where: list[str], message: str) -> None:
        if self._strict:
            raise InputValueError(self._label() + message)
        where.append(message)
        self._unlogged.append(message)

    def mistakes(self) -> list[str]:
        """Return up to three texts: skipped keys, calls without effect, invalid values. Log those that are new."""
        if not (self._infos or self._errors or self._doubts):
            return []
        label = self._label()
        for message in self._unlogged:
            logger.warning("%s%s", label, message)
        self._unlogged.clear()
        return [label + "\n".join(part) for part in (self._infos, self._errors, self._doubts) if part]


def _items(mapping: JSONObject) -> Any:
    """Return the items of a dict, or None if a subclass of dict cannot say what they are."""
    if type(mapping) is dict:
        return mapping.items()
    try:
        return list(mapping.items())
    except Exception:  # noqa: BLE001  # a subclass of dict can do anything when it is walked
        return None
