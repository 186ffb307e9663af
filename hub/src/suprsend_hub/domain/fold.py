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

import msgspec

from .before import diff
from .channel_edits import ChannelEdits
from .choice_fold import ChoiceFold
from .choices import operation_from_json
from .codes import Code
from .ids import shown
from .limits import MAX_EDIT_WORK, MAX_INTEGER, MAX_OPERATIONS, MAX_PROPERTIES, MIN_INTEGER
from .profile import Profile
from .refusal import FoldResult, RefusalLog
from .removal import Unwanted
from .size import MISSING, SizeGauge, bound_after, entry_bytes
from .values import InvalidValue, check_key, check_value, read_language, same_value
from .wire import (
    ADD,
    APPEND,
    CHANNEL_STATUS,
    INCREMENT,
    OPERATORS,
    PREFERENCE,
    REMOVE,
    SET,
    SET_ONCE,
    UNSET,
    Json,
    KeyKind,
    kind_of_key,
)
from .work import CHOICE_BYTES_PER_UNIT, ELEMENTS_COPIED_PER_UNIT, UNITS_PER_CHOICE, UNITS_PER_WALKED_BYTE, search_units

if TYPE_CHECKING:
    from collections.abc import Callable

_CUSTOM: Final = KeyKind.CUSTOM
_LANGUAGE: Final = KeyKind.LANGUAGE
_CHANNEL: Final = KeyKind.CHANNEL
_COMPANION: Final = KeyKind.COMPANION


def fold(
    profile: Profile | None,
    operations: Json,
    *,
    edit_bytes: int | None = None,
    max_work: int = MAX_EDIT_WORK,
    by_hub: bool = False,
) -> FoldResult:
    """Apply the operations of one edit in order; never raises on JSON as a decoder gives it.

    `fold(p, a + b)` equals `fold(fold(p, a).profile, b)`, up to the limits of one edit (operations,
    listed refusals, work). `edit_bytes`, if known, is the size of JSON text that the operations were read
    from, or more; it spares measuring them and changes no result. `max_work`: units of work (see `work`), beyond which
    operations that search what is stored are refused. `by_hub`: the operations may contain `$preference` and
    `$channel_status`, which are not for callers of the API.

    Source: vectors `contract/vectors/operation_semantics.json`.
    """
    return _Fold(profile, operations, edit_bytes, max_work, by_hub=by_hub).run(operations)


class _Fold(ChannelEdits):
    """One fold under way: copies of the two dicts, the originals of what changes, and the refusals."""

    __slots__ = (
        "by_hub",
        "bytes_bound",
        "choosing",
        "is_new",
        "measured",
        "old_properties",
        "own_arrays",
        "preferences",
        "properties",
    )

    def __init__(
        self, profile: Profile | None, operations: Json, edit_bytes: int | None, max_work: int, *, by_hub: bool
    ) -> None:
        self.limit, self.spent = max_work, 0
        self.is_new = profile is None
        self.properties: dict[str, Json] = {} if profile is None else dict(profile.properties)
        self.channels = {} if profile is None else dict(profile.channels)
        self.old_channels = {}
        self.bytes_bound, near_limit = bound_after(profile, operations, edit_bytes)
        self.preferences = None if profile is None else profile.preferences
        self.by_hub = by_hub
        self.choosing: ChoiceFold | None = None
        self.gauge = SizeGauge(self.properties, self.channels, self.preferences) if near_limit else None
        self.old_properties: dict[str, Json] = {}
        self.own_arrays: set[str] = set()  # keys of arrays that nobody else holds, so they can grow in place
        self.measured: dict[str, tuple[Json, int]] = {}  # stored values whose bytes are known, without a gauge
        self.refusals = RefusalLog()
        self.accepted = False

    def run(self, operations: Json) -> FoldResult:
        if type(operations) is list:
            for operation in operations[:MAX_OPERATIONS]:
                self.apply(operation)
            if len(operations) > MAX_OPERATIONS:
                reason = f"an edit must have at most {MAX_OPERATIONS} operations, but this one has {len(operations)}"
                self.refusals.note(Code.TOO_MANY_OPERATIONS, "", f"{reason}; send the rest in another edit", None)
        else:
            self.refusals.note(Code.INVALID_OPERATIONS, "", "operations must be an array of objects", operations)
        preferences = self.preferences
        if self.choosing is not None:
            self.settle(self.choosing)
            preferences = self.choosing.text
        profile = Profile(
            self.properties, self.channels, self.gauge.size if self.gauge else self.bytes_bound, preferences
        )
        if self.is_new:
            changed = bool(self.properties or self.channels or preferences)
            return FoldResult(profile, changed, self.refusals.entries(), None, self.accepted, self.spent)
        before = diff(self.old_properties, self.properties, self.old_channels, self.channels)
        if self.choosing is not None and (chosen := self.choosing.before()):
            before[PREFERENCE] = chosen
        return FoldResult(profile, bool(before), self.refusals.entries(), before, self.accepted, self.spent)

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
            elif operator == PREFERENCE and self.by_hub:
                self.choose(operand)
            elif operator == CHANNEL_STATUS and self.by_hub:
                self.report(operand)
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
            if type(stored) is not type(value) or stored != value:
                if key not in originals:
                    originals[key] = stored
                properties[key] = value
        return rest

    def set_once(self, operator: str, key: str, value: Json, _operand: dict[str, Json]) -> None:
        kind = kind_of_key(key)
        if kind is _CUSTOM:
            check_value(value)
            if key not in self.properties:
                self.put(key, value)
        elif kind is _LANGUAGE:
            text = read_language(key, value)
            if key not in self.properties:
                self.set_language(key, text)
        else:
            self.refusals.ignore(operator, key, kind, value)

    def set_language(self, key: str, text: str | None) -> None:
        if text is not None:
            self.put(key, text)
        elif key in self.properties:
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
            self.extend(key, stored, elements)
        else:
            self.spend(self.stored_bytes(key, stored) * UNITS_PER_WALKED_BYTE)
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
        stored = self.properties.get(key)
        if type(stored) is not list:
            return
        unwanted = Unwanted(elements)
        self.spend(search_units(self.stored_bytes(key, stored), len(stored), composites=unwanted.has_composites))
        kept, removed = unwanted.take_from(stored)
        if removed:
            if self.gauge:
                self.gauge.release_elements(key, removed, left=len(kept))
            self.old_properties.setdefault(key, stored)
            self.properties[key] = kept
            self.own_arrays.add(key)

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
                if key in self.properties:
                    self.delete_property(key)
            elif kind is _CHANNEL:
                self.accepted = True
                self.unset_channel(key)
            else:
                self.refusals.ignore_key(UNSET, key, kind)

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
            return
        if self.gauge:
            self.gauge.admit(key, stored, value)
        self.old_properties.setdefault(key, stored)
        properties[key] = value
        self.own_arrays.discard(key)

    def extend(self, key: str, stored: list[Json], elements: list[Json]) -> None:
        """Add checked elements to an array. Only the first time in an edit does this copy the array."""
        if self.gauge:
            self.gauge.admit_elements(key, elements, present=len(stored))
        if key in self.own_arrays:
            self.grow(key, stored, elements)
            return
        if len(stored) > ELEMENTS_COPIED_PER_UNIT:
            self.spend(len(stored) // ELEMENTS_COPIED_PER_UNIT)
        self.old_properties.setdefault(key, stored)
        self.properties[key] = copied = list(stored)
        if key in self.measured:
            self.measured[key] = (copied, self.stored_bytes(key, stored))
        self.grow(key, copied, elements)
        self.own_arrays.add(key)

    def grow(self, key: str, array: list[Json], elements: list[Json]) -> None:
        """Add elements to an array in place. Its bytes stay known: else each operation would measure them again."""
        array += elements
        if key in self.measured:
            self.measured[key] = (array, self.measured[key][1] + entry_bytes("", elements))

    def stored_bytes(self, key: str, stored: Json) -> int:
        """Return the bytes of a stored entry, or a little more; each value is measured once."""
        if self.gauge:
            return self.gauge.entry(key, stored)
        value, size = self.measured.get(key, (MISSING, 0))
        if value is not stored:
            size = entry_bytes(key, stored)
            self.measured[key] = (stored, size)
        return size

    def delete_property(self, key: str) -> None:
        stored = self.properties[key]
        if self.gauge:
            self.gauge.release(key, stored)
        del self.properties[key]
        self.old_properties.setdefault(key, stored)
        self.own_arrays.discard(key)

    # Choices ---------------------------------------------------------------------------------------------------------

    def choose(self, operand: Json) -> None:
        try:
            operation = operation_from_json(operand)
        except msgspec.ValidationError:
            self.refusals.note(Code.INVALID_OPERAND, PREFERENCE, "not an operation on choices", {PREFERENCE: operand})
            return
        # Counted, so that others get their turns, but not limited: there are at most as many as categories.
        self.spent += UNITS_PER_CHOICE
        if self.choosing is None:
            self.choosing = ChoiceFold(self.preferences)
            self.spent += len(self.preferences or "") // CHOICE_BYTES_PER_UNIT
        self.choosing.add(operation)
        self.accepted = True

    def settle(self, choosing: ChoiceFold) -> None:
        """Keep the new choices if they can be stored, all of them or none."""
        try:
            text = choosing.finish()
            if self.gauge:
                self.gauge.admit_preferences(text)
        except UnicodeEncodeError:
            choosing.undo()
            self.refusals.note(Code.INVALID_TEXT, PREFERENCE, "a choice contains a lone surrogate", None)
        except InvalidValue as problem:
            choosing.undo()
            self.refusals.note(problem.code, PREFERENCE, problem.reason, None)


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
