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


def stored_bytes(properties: dict[str, Json], channels: dict[str, list[Identity]]) -> int:
    """Return the UTF-8 bytes of all entries: key, colon, value and comma of each property and channel."""
    return (len(_encode(properties)) - 1 if properties else 0) + (len(_encode(channels)) - 1 if channels else 0)


def value_bytes(value: Json) -> int:
    """Return the UTF-8 bytes of a stored value."""
    return len(_encode(value))


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
        bound = stored_bytes(profile.properties, profile.channels)
    return bound + growth, bound + growth > MAX_PROFILE_BYTES


class SizeGauge:
    """Follow the exact size of the profile of one fold.

    Args:
        properties: the dict the fold works on; read again whenever the size has to be measured.
        channels: likewise.
    """

    __slots__ = ("_channels", "_properties", "size")

    def __init__(self, properties: dict[str, Json], channels: dict[str, list[Identity]]) -> None:
        self._properties = properties
        self._channels = channels
        self.size: int | None = None

    def admit(self, key: str, old: object, new: object) -> None:
        """Account for a write that will put `new` in place of `old` (or MISSING) under `key`.

        Raises:
            InvalidValue: code `profile_too_large`; a write that shrinks a profile always passes.
        """
        if self.size is None:
            self.size = stored_bytes(self._properties, self._channels)
        growth = _entry_bytes(key, new) - (0 if old is MISSING else _entry_bytes(key, old))
        if growth > 0 and self.size + growth > MAX_PROFILE_BYTES:
            raise InvalidValue(
                Code.PROFILE_TOO_LARGE,
                f"the profile would have more than {MAX_PROFILE_BYTES} bytes of JSON, the maximum",
            )
        self.size += growth

    def forget(self) -> None:
        """Measure again before the next decision, because something was deleted."""
        self.size = None


def _entry_bytes(key: str, value: object) -> int:
    return len(_encode({key: value})) - 1
