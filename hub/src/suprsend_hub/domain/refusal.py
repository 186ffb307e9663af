"""The result of a fold: the next profile, and each part of the edit that was not applied, with the reason.

Refusals are logged for events and answered for PATCH, so their content is masked, bounded and storable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from .codes import Code
from .ids import shown
from .limits import MAX_KEY_CHARS, MAX_REFUSALS, MAX_REFUSED_BYTES
from .masking import mask_secrets, storable_text
from .wire import Json, KeyKind

if TYPE_CHECKING:
    from .before import Before
    from .profile import Profile

_encode: Final = msgspec.json.Encoder().encode

_NOT_APPLICABLE: Final = {
    KeyKind.CHANNEL: (Code.CHANNEL_KEY, "this operator does not apply to channels; use $append, $remove or $unset"),
    KeyKind.INBOX: (Code.INBOX_KEY, "the inbox belongs to the hub; writes to it are ignored"),
    KeyKind.COMPANION: (Code.RESERVED_KEY, "not a property; it qualifies the push identities of an $append or $remove"),
    KeyKind.RESERVED: (Code.RESERVED_KEY, "keys that start with '$' or 'ss_' are reserved and ignored"),
    KeyKind.LANGUAGE: (
        Code.NOT_A_LIST,
        "this operator does not apply to language, locale and timezone; use $set, $set_once or $unset",
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of an edit that was not applied, and why.

    `ignorable`: PATCH ignores it too (documented upstream); otherwise PATCH answers 400 and applies nothing.
    `operation` contains only the rejected part, storable and with secrets masked; for a large part, only its size.
    `count`: how many parts it stands for.
    """

    code: Code
    key: str
    message: str
    operation: Json
    ignorable: bool = False
    count: int = 1


class FoldResult(msgspec.Struct):
    """The result of applying an edit to a profile.

    Attributes:
        profile: the next profile; equal to the one before if nothing changed.
        changed: exactly whether it differs from the one before, which counts as empty if there was none. The order
            of keys does not count, the order of a channel's identities does.
        refusals: what was not applied, in order of application.
        before: the way back to the profile before, as the history keeps it (see `before`); None if there was none.
        accepted: whether any part of the edit was accepted, also one without effect, such as the removal of a key that
            does not exist.
        work: the units of work that were done beyond reading the edit.
    """

    profile: Profile
    changed: bool
    refusals: list[Refusal]
    before: Before | None
    accepted: bool
    work: int = 0


class RefusalLog:
    """The refusals of one fold, in order. Each keeps only its own part of the edit, so their total size stays linear.

    Beyond MAX_REFUSALS they are only counted, except the first that PATCH may not ignore.
    """

    __slots__ = ("_entries", "_has_error", "_left_out")

    def __init__(self) -> None:
        self._entries: list[Refusal] = []
        self._has_error = False
        self._left_out = 0

    def __len__(self) -> int:
        return len(self._entries) + self._left_out

    def entries(self) -> list[Refusal]:
        """Return the refusals, followed by one for those that are not listed."""
        if not self._left_out:
            return self._entries
        message = f"{self._left_out} more parts of the edit were rejected; they are not listed"
        return [*self._entries, Refusal(Code.MORE_REFUSALS, "", message, None, ignorable=True, count=self._left_out)]

    def note(self, code: Code, key: str, message: str, part: Json, *, ignorable: bool = False) -> None:
        """Add a refusal; this masks `part`."""
        if len(self._entries) >= MAX_REFUSALS and (ignorable or self._has_error):
            self._left_out += 1
            return
        self._has_error = self._has_error or not ignorable
        masked = mask_secrets(part)
        size = len(_encode(masked))
        if size > MAX_REFUSED_BYTES:
            masked = f"not recorded, because it has {size} bytes"
        self._entries.append(Refusal(code, storable_text(key[:MAX_KEY_CHARS]), message, masked, ignorable))

    def refuse(self, code: Code, operator: str, key: str, reason: str, value: Json) -> None:
        """Add a refusal of one key of an operand."""
        self.note(code, key, f"{operator} {shown(key)}: {reason}", {operator: {key: value}})

    def ignore(self, operator: str, key: str, kind: KeyKind, value: Json) -> None:
        """Add an ignorable refusal of a key to which the operator does not apply."""
        self._ignore(operator, key, kind, {operator: {key: value}})

    def ignore_key(self, operator: str, key: str, kind: KeyKind) -> None:
        """Do the same as `ignore` for an operator that takes an array of keys."""
        self._ignore(operator, key, kind, {operator: [key]})

    def _ignore(self, operator: str, key: str, kind: KeyKind, part: Json) -> None:
        code, reason = _NOT_APPLICABLE[kind]
        self.note(code, key, f"{operator} {shown(key)}: {reason}", part, ignorable=True)
