"""Measure profiles in storage form, and tell whether a write still fits: exact at the limit, free far from it.

Measuring a profile and every write costs as much as a fold. A small edit of a small profile cannot reach the limit,
so it is enough to know a bound; only folds that might reach it have a gauge, and with it each write is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from .codes import Code
from .limits import MAX_PROFILE_BYTES
from .values import InvalidValue
from .wire import BUNDLE_ID, DEVICE_ID, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .profile import Identity, Profile

MISSING: Final = object()
"""No value at all (null is a value)."""

_encode: Final = msgspec.json.Encoder().encode

# Bytes by which a profile can grow for one byte of the edit. The worst is a push token of one character in an array:
# its 4 bytes become an identity of about 40. With a margin, so that a longer field name breaks nothing.
_GROWTH: Final = 64
# A device or bundle id is written once and stored with each of up to 100 identities on three channels.
_GROWTH_WITH_COMPANIONS: Final = 400
_DEVICE_ID: Final = DEVICE_ID.encode()
_BUNDLE_ID: Final = BUNDLE_ID.encode()


def stored_bytes(
    properties: dict[str, Json], channels: dict[str, list[Identity]], preferences: str | None = None
) -> int:
    """Return the UTF-8 bytes of choices and all entries: key, colon, value and comma of each property and channel."""
    return (
        (len(_encode(properties)) - 1 if properties else 0)
        + (len(_encode(channels)) - 1 if channels else 0)
        + text_bytes(preferences)
    )


def text_bytes(preferences: str | None) -> int:
    """Return the UTF-8 bytes of choices in storage form."""
    return 0 if preferences is None else len(preferences.encode())


def entry_bytes(key: str, value: object) -> int:
    """Return the UTF-8 bytes of one entry: key, colon, value and comma."""
    return len(_encode({key: value})) - 1


def bound_after(profile: Profile | None, operations: Json, edit_bytes: int | None = None) -> tuple[int | None, bool]:
    """Return a size in bytes that the profile cannot exceed after the edit, and whether that is above the limit.

    `edit_bytes`: the size of JSON text that holds the operations, if the caller knows it.
    """
    if edit_bytes is not None:
        known = 0 if profile is None else profile.bytes_bound
        if known is not None and known + _GROWTH_WITH_COMPANIONS * edit_bytes <= MAX_PROFILE_BYTES:
            return known + _GROWTH_WITH_COMPANIONS * edit_bytes, False
    try:
        edit = _encode(operations)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None, True  # a part of it cannot be encoded and will be refused; measure the others
    with_companions = _DEVICE_ID in edit or _BUNDLE_ID in edit
    growth = (_GROWTH_WITH_COMPANIONS if with_companions else _GROWTH) * len(edit)
    if profile is None:
        return growth, growth > MAX_PROFILE_BYTES
    bound = profile.bytes_bound
    if bound is None or bound + growth > MAX_PROFILE_BYTES:
        # Bounds add up over the folds of a batch: start again from the true size.
        bound = stored_bytes(profile.properties, profile.channels, profile.preferences)
    return bound + growth, bound + growth > MAX_PROFILE_BYTES


class SizeGauge:
    """Follow the exact size of the profile of one fold.

    Each write is measured by what it adds or takes away, so an edit of many operations does not measure the same large
    value again and again.

    Args:
        properties: the dict the fold works on, read once: when the first write is to be decided on.
        channels: likewise.
        preferences: the choices in storage form.
    """

    __slots__ = ("_channels", "_entries", "_preferences", "_properties", "size")

    def __init__(
        self, properties: dict[str, Json], channels: dict[str, list[Identity]], preferences: str | None = None
    ) -> None:
        self._properties = properties
        self._channels = channels
        self._preferences = preferences
        self._entries: dict[str, int] = {}  # bytes of entries that were measured
        self.size: int | None = None

    def entry(self, key: str, value: object) -> int:
        """Return the bytes of the entry of a stored value."""
        known = self._entries.get(key)
        if known is None:
            known = self._entries[key] = entry_bytes(key, value)
        return known

    def admit(self, key: str, old: object, new: object) -> None:
        """Account for a write that will put `new` in place of `old` (or MISSING) under `key`.

        Raises:
            InvalidValue: code `profile_too_large`; a write that shrinks a profile always passes. The other methods that
                admit raise it, too.
        """
        following = entry_bytes(key, new)
        self._grow(following - (0 if old is MISSING else self.entry(key, old)))
        self._entries[key] = following

    def admit_elements(self, key: str, elements: Sequence[object], *, present: int) -> None:
        """Account for elements that will be added to an array that has `present` elements."""
        self._change(key, _elements_bytes(elements, others=present))

    def admit_instead(self, key: str, old: object, new: object) -> None:
        """Account for an element that will take the place of another."""
        self._change(key, len(_encode(new)) - len(_encode(old)))

    def release_elements(self, key: str, elements: Sequence[object], *, left: int) -> None:
        """Account for elements that are removed from an array, which leaves `left` elements."""
        self._change(key, -_elements_bytes(elements, others=left))

    def release(self, key: str, old: object) -> None:
        """Account for an entry that is removed."""
        self._grow(-self.entry(key, old))
        del self._entries[key]

    def admit_preferences(self, new: str | None) -> None:
        """Account for choices that will replace the present ones."""
        self._grow(text_bytes(new) - text_bytes(self._preferences))
        self._preferences = new

    def _change(self, key: str, growth: int) -> None:
        self._grow(growth)
        if key in self._entries:
            self._entries[key] += growth

    def _grow(self, growth: int) -> None:
        if self.size is None:
            self.size = stored_bytes(self._properties, self._channels, self._preferences)
        if growth > 0 and self.size + growth > MAX_PROFILE_BYTES:
            raise InvalidValue(
                Code.PROFILE_TOO_LARGE,
                f"the profile would have more than {MAX_PROFILE_BYTES} bytes of JSON, the maximum",
            )
        self.size += growth


def _elements_bytes(elements: Sequence[object], *, others: int) -> int:
    """Return the bytes of elements in an array that has others, with their commas."""
    return (len(_encode(elements)) - 2 + (1 if others else 0)) if elements else 0
