"""The fold: apply the ordered operations of one edit to a profile.

Total and deterministic: any JSON gives a result, which lists what was not applied.
The input profile and the operations are never changed; results share values with them.
Semantics: wire form `[{"$set": {...}}, {"$append": {...}}, {"$unset": [...]}, ...]`, applied in list order; inside one
op object operators apply in the order of `wire.OPERATORS`, because JSON objects have no order to follow. Keys of one
operand do not affect each other, except that at a limit (properties, bytes) those that come first win.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Final

from .channels import (
    NO_COMPANIONS,
    RULES,
    Address,
    Companions,
    is_stored,
    new_identity,
    read_companions,
    removal_keys,
    renewed,
    same_identities,
)
from .codes import Code
from .ids import shown
from .limits import (
    MAX_IDENTITIES,
    MAX_INTEGER,
    MAX_OPERATIONS,
    MAX_PROPERTIES,
    MAX_SEARCHED_BYTES,
    MIN_INTEGER,
)
from .profile import Identity, Profile
from .refusal import FoldResult, RefusalLog
from .size import MISSING, SizeGauge, bound_after, value_bytes
from .values import InvalidValue, check_key, check_value, equality_key, read_language, same_value
from .wire import (
    ADD,
    APPEND,
    INCREMENT,
    OPERATORS,
    REMOVE,
    SET,
    SET_ONCE,
    UNSET,
    Json,
    KeyKind,
    kind_of_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_CUSTOM: Final = KeyKind.CUSTOM
_LANGUAGE: Final = KeyKind.LANGUAGE
_CHANNEL: Final = KeyKind.CHANNEL
_COMPANION: Final = KeyKind.COMPANION


def fold(profile: Profile | None, operations: Json, *, edit_bytes: int | None = None) -> FoldResult:
    """Apply the operations of one edit in order; never raises on JSON as a decoder gives it.

    `fold(p, a + b)` equals `fold(fold(p, a).profile, b)`, up to the limits of one edit (operations,
    listed refusals, searched bytes). `edit_bytes`, if known, is the size of JSON text that the operations were read
    from, or more; it spares measuring them and changes no result.

    Source: vectors `contract/vectors/operation_semantics.json`.
    """
    return _Fold(profile, operations, edit_bytes).run(operations)


class _Fold:
    """A fold in progress: copies of the two dicts, the originals of changed values, and the refusals."""

    __slots__ = (
        "accepted",
        "bytes_bound",
        "channels",
        "gauge",
        "is_new",
        "old_channels",
        "old_properties",
        "properties",
        "refusals",
        "searched_bytes",
    )

    def __init__(self, profile: Profile | None, operations: Json, edit_bytes: int | None) -> None:
        self.is_new = profile is None
        self.properties: dict[str, Json] = {} if profile is None else dict(profile.properties)
        self.channels: dict[str, list[Identity]] = {} if profile is None else dict(profile.channels)
        self.bytes_bound, near_limit = bound_after(profile, operations, edit_bytes)
        self.gauge = SizeGauge(self.properties, self.channels) if near_limit else None
        self.old_properties: dict[str, Json] = {}
        self.old_channels: dict[str, list[Identity] | object] = {}
        self.refusals = RefusalLog()
        self.accepted = False
        self.searched_bytes = 0

    def run(self, operations: Json) -> FoldResult:
        if type(operations) is list:
            for operation in operations[:MAX_OPERATIONS]:
                self.apply(operation)
            if len(operations) > MAX_OPERATIONS:
                reason = f"an edit must have at most {MAX_OPERATIONS} operations, but this one has {len(operations)}"
                self.refusals.note(Code.TOO_MANY_OPERATIONS, "", f"{reason}; send the rest in another edit", None)
        else:
            self.refusals.note(Code.INVALID_OPERATIONS, "", "operations must be an array of objects", operations)
        profile = Profile(self.properties, self.channels, self.gauge.size if self.gauge else self.bytes_bound)
        accepted = self.accepted or bool(self.old_channels)
        if self.is_new:
            return FoldResult(profile, bool(self.properties or self.channels), self.refusals.entries(), {}, accepted)
        return FoldResult(profile, self.changed(), self.refusals.entries(), self.before(), accepted)

    def apply(self, operation: Json) -> None:
        if type(operation) is not dict:
            self.refusals.note(
                Code.INVALID_OPERATION, "", 'an operation must be an object such as {"$set": {...}}', operation
            )
            return
        for operator in operation if len(operation) == 1 else sorted(operation, key=_operator_order):
            operand = operation[operator]
            if operator == UNSET:
                self.unset(operand)
            elif operator in _RULES:
                self.apply_by_key(operator, operand)
            else:
                reason = f"{shown(operator)} is not an operator; use one of {', '.join(OPERATORS)}"
                self.refusals.note(Code.UNKNOWN_OPERATOR, operator, reason, {operator: operand})

    def apply_by_key(self, operator: str, operand: Json) -> None:
        if type(operand) is dict:
            rule = _RULES[operator]
            rest = operand
            if operator == SET and self.gauge is None and len(self.properties) + len(operand) <= MAX_PROPERTIES:
                rest = self.set_plain(operand)
            if len(rest) < len(operand):
                self.accepted = True
            for key, value in rest.items():
                refused = -1 if self.accepted else len(self.refusals)
                try:
                    rule(self, operator, key, value, operand)
                except InvalidValue as problem:
                    self.refusals.refuse(problem.code, operator, key, problem.reason, value)
                else:
                    if refused >= 0 and len(self.refusals) == refused and kind_of_key(key) is not _COMPANION:
                        self.accepted = True
        elif operand is not None or operator not in {APPEND, REMOVE}:
            self.refusals.note(
                Code.INVALID_OPERAND, operator, f"the operand of {operator} must be an object", {operator: operand}
            )

    # Properties ------------------------------------------------------------------------------------------------------

    def set(self, operator: str, key: str, value: Json, _operand: dict[str, Json]) -> None:
        kind = kind_of_key(key)
        if kind is _CUSTOM:
            check_value(value)
            self.put(key, value)
        elif kind is _LANGUAGE:
            self.set_language(key, read_language(key, value))
        else:
            self.refusals.ignore(operator, key, kind, value)

    def set_plain(self, operand: dict[str, Json]) -> dict[str, Json]:
        """Set the plain part of an operand, scalars under custom keys, and return what needs `set`.

        The same as `set` for each of them, far from every limit, in a third of the time: most edits are this.
        """
        properties, originals = self.properties, self.old_properties
        rest: dict[str, Json] = {}
        for key, value in operand.items():
            if not _is_plain_value(value) or len(key) > _MAX_CACHED_KEY_CHARS or not _is_plain_key(key):
                rest[key] = value
                continue
            stored = properties.get(key, MISSING)
            if key not in originals:
                originals[key] = stored
            if type(stored) is not type(value) or stored != value:
                properties[key] = value
        return rest

    def set_once(self, operator: str, key: str, value: Json, _operand: dict[str, Json]) -> None:
        kind = kind_of_key(key)
        if kind is _CUSTOM:
            check_value(value)
            if not self.touch_existing(key):
                self.put(key, value)
        elif kind is _LANGUAGE:
            text = read_language(key, value)
            if not self.touch_existing(key):
                self.set_language(key, text)
        else:
            self.refusals.ignore(operator, key, kind, value)

    def set_language(self, key: str, text: str | None) -> None:
        if text is not None:
            self.put(key, text)
        elif self.touch_existing(key):
            self.delete_property(key)

    def add(self, operator: str, key: str, value: Json, _operand: dict[str, Json]) -> None:
        kind = kind_of_key(key)
        if kind is _LANGUAGE:
            raise InvalidValue(Code.NOT_A_NUMBER, f"{key} is not a number; use {SET} to change it")
        if kind is not _CUSTOM:
            self.refusals.ignore(operator, key, kind, value)
            return
        check_value(value)
        if type(value) is not int and type(value) is not float:
            raise InvalidValue(Code.NOT_A_NUMBER, "the operand must be a number")
        stored = self.properties.get(key, 0)
        if type(stored) is not int and type(stored) is not float:
            raise InvalidValue(Code.NOT_A_NUMBER, "the stored value is not a number")
        total = stored + value
        try:
            check_value(total)
        except InvalidValue:
            raise InvalidValue(Code.NUMBER_OUT_OF_RANGE, "the sum does not fit in 64 bits, or is not finite") from None
        self.put(key, total)

    def append(self, operator: str, key: str, value: Json, operand: dict[str, Json]) -> None:
        kind = kind_of_key(key)
        if kind is _CHANNEL:
            self.append_identities(key, value, operand)
        elif kind is _CUSTOM:
            self.append_elements(key, value)
        elif kind is not _COMPANION:
            self.refusals.ignore(operator, key, kind, value)

    def append_elements(self, key: str, value: Json) -> None:
        elements = value if type(value) is list else [value]
        check_value(elements)
        if not elements:
            return
        stored = self.properties.get(key)
        if stored is None:
            self.put(key, elements)
        elif type(stored) is list:
            self.put(key, [*stored, *elements])
        else:
            check_value(stored, depth=1)
            self.put(key, [stored, *elements])

    def remove(self, operator: str, key: str, value: Json, operand: dict[str, Json]) -> None:
        kind = kind_of_key(key)
        if kind is _CHANNEL:
            self.remove_identities(key, value, operand)
        elif kind is _CUSTOM:
            self.remove_elements(key, value)
        elif kind is not _COMPANION:
            self.refusals.ignore(operator, key, kind, value)

    def remove_elements(self, key: str, value: Json) -> None:
        elements = value if type(value) is list else [value]
        check_value(elements)
        if not self.touch_existing(key):
            return
        stored = self.properties[key]
        if type(stored) is list:
            self.searched_bytes += value_bytes(stored)
            if self.searched_bytes > MAX_SEARCHED_BYTES:
                raise InvalidValue(
                    Code.EDIT_TOO_COSTLY,
                    f"too many removals from long arrays; use one {REMOVE} with an array of values",
                )
            unwanted = set(map(equality_key, elements))
            kept = [element for element in stored if equality_key(element) not in unwanted]
            if len(kept) < len(stored):
                self.put(key, kept)

    def unset(self, operand: Json) -> None:
        if type(operand) is str:
            keys = [operand]
        elif type(operand) is list:
            keys = operand
        else:
            self.refusals.note(
                Code.INVALID_OPERAND, UNSET, f"the operand of {UNSET} must be an array of keys", {UNSET: operand}
            )
            return
        for key in keys:
            if type(key) is not str:
                self.refusals.note(
                    Code.INVALID_KEY, UNSET, f"{UNSET}: a key must be a string", {UNSET: [key]}, ignorable=True
                )
                continue
            kind = kind_of_key(key)
            if kind is _CUSTOM or kind is _LANGUAGE:
                self.accepted = True
                if self.touch_existing(key):
                    self.delete_property(key)
            elif kind is _CHANNEL:
                self.accepted = True
                if key in self.channels:
                    self.old_channels.setdefault(key, self.channels.pop(key))
                    self.forget_size()
            else:
                self.refusals.ignore_key(UNSET, key, kind)

    def touch_existing(self, key: str) -> bool:
        """Remember the original of a property, and tell whether the property exists."""
        if key not in self.properties:
            return False
        self.old_properties.setdefault(key, self.properties[key])
        return True

    def put(self, key: str, value: Json) -> None:
        """Store a property value that was checked, within the limits of the profile."""
        properties = self.properties
        stored = properties.get(key, MISSING)
        if stored is MISSING:
            check_key(key)
            if len(properties) >= MAX_PROPERTIES:
                raise InvalidValue(
                    Code.TOO_MANY_PROPERTIES, f"the profile already has {MAX_PROPERTIES} properties, the maximum"
                )
        elif same_value(stored, value):
            self.old_properties.setdefault(key, stored)
            return
        if self.gauge:
            self.gauge.admit(key, stored, value)
        self.old_properties.setdefault(key, stored)
        properties[key] = value

    def delete_property(self, key: str) -> None:
        del self.properties[key]
        self.forget_size()

    def forget_size(self) -> None:
        if self.gauge:
            self.gauge.forget()

    # Channels --------------------------------------------------------------------------------------------------------

    def append_identities(self, channel: str, value: Json, operand: dict[str, Json]) -> None:
        rule = RULES[channel]
        companions = read_companions(operand, rule) if rule.providers else NO_COMPANIONS
        identities = self.channels.get(channel, [])
        if type(value) is not list:  # one address, as in most edits
            if not identities:
                self.add_identity(channel, identities, new_identity(rule, rule.read(value), companions))
                return
            if companions is NO_COMPANIONS and is_stored(value, identities):
                self.old_channels.setdefault(channel, identities)
                return
        positions = {rule.key(identity.value): i for i, identity in enumerate(identities)}
        for element in value if type(value) is list else [value]:
            try:
                read = rule.read(element)
                key = rule.key(read)
                position = positions.get(key)
                if position is None:
                    identities = self.channels.get(channel, [])
                    self.add_identity(channel, identities, new_identity(rule, read, companions))
                    positions[key] = len(identities)
                else:
                    self.renew_identity(channel, position, read, companions)
            except InvalidValue as problem:
                self.refusals.refuse(problem.code, APPEND, channel, problem.reason, element)

    def add_identity(self, channel: str, identities: list[Identity], identity: Identity) -> None:
        """Append an identity to the channel's `identities`."""
        if len(identities) >= MAX_IDENTITIES:
            raise InvalidValue(
                Code.TOO_MANY_IDENTITIES, f"the channel already has {MAX_IDENTITIES} identities, the maximum"
            )
        following = [*identities, identity]
        if self.gauge:
            self.gauge.admit(channel, identities or MISSING, following)
        self.old_channels.setdefault(channel, identities or MISSING)
        self.channels[channel] = following

    def renew_identity(self, channel: str, position: int, value: Address, companions: Companions) -> None:
        identities = self.channels[channel]
        stored = identities[position]
        identity = renewed(RULES[channel], stored, value, companions)
        if identity is not stored:
            following = [*identities[:position], identity, *identities[position + 1 :]]
            if self.gauge:
                self.gauge.admit(channel, identities, following)
            self.channels[channel] = following
        self.old_channels.setdefault(channel, identities)

    def remove_identities(self, channel: str, value: Json, operand: dict[str, Json]) -> None:
        rule = RULES[channel]
        provider = read_companions(operand, rule).id_provider if rule.providers else None
        identities = self.channels.get(channel)
        unwanted: set[Hashable] = set()
        for element in value if type(value) is list else [value]:
            try:
                unwanted |= removal_keys(rule, element, identities or [])
            except InvalidValue as problem:
                self.refusals.refuse(problem.code, REMOVE, channel, problem.reason, element)
        self.accepted |= bool(unwanted)
        if not unwanted or identities is None:
            return
        self.old_channels.setdefault(channel, identities)
        kept = [
            identity
            for identity in identities
            if rule.key(identity.value) not in unwanted or provider not in {None, identity.id_provider}
        ]
        if len(kept) < len(identities):
            self.forget_size()
            if kept:
                self.channels[channel] = kept
            else:
                del self.channels[channel]

    # Result ----------------------------------------------------------------------------------------------------------

    def changed(self) -> bool:
        for key, old in self.old_properties.items():
            new = self.properties.get(key, MISSING)
            if new is not old and not same_value(old, new):
                return True
        for channel, before in self.old_channels.items():
            after = self.channels.get(channel, MISSING)
            if after is before:
                continue
            if not (isinstance(before, list) and isinstance(after, list) and same_identities(before, after)):
                return True
        return False

    def before(self) -> dict[str, Json | list[Identity]]:
        originals = {**self.old_properties, **self.old_channels}
        return {key: old for key, old in originals.items() if old is not MISSING}


_MAX_CACHED_KEY_CHARS: Final = 64


@lru_cache(maxsize=4096)
def _is_plain_key(key: str) -> bool:
    """Tell whether a key is custom and storable. Profiles share their keys, so the answer is nearly always cached."""
    try:
        check_key(key)
    except InvalidValue:
        return False
    return kind_of_key(key) is _CUSTOM


def _is_plain_value(value: Json) -> bool:
    """Tell whether a value is surely a storable scalar. Float zeros are not, because 0.0 and -0.0 differ."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii() and "\0" not in value)
    if kind is int:
        return bool(MIN_INTEGER <= value <= MAX_INTEGER)
    if kind is float:
        return bool(value != 0 and isfinite(value))
    return kind is bool or value is None


_ORDER: Final = {operator: (i, operator) for i, operator in enumerate(OPERATORS)}


def _operator_order(operator: str) -> tuple[int, str]:
    """Return the sort key of an operator: known ones in their fixed order, then unknown ones by name."""
    return _ORDER.get(operator) or (len(OPERATORS), operator)


_RULES: Final[dict[str, Callable[[_Fold, str, str, Json, dict[str, Json]], None]]] = {
    SET: _Fold.set,
    SET_ONCE: _Fold.set_once,
    ADD: _Fold.add,
    INCREMENT: _Fold.add,
    APPEND: _Fold.append,
    REMOVE: _Fold.remove,
}
