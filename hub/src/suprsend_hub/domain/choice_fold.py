"""The part of a fold that changes a recipient's choices: operations in, stored text and earlier values out.

Only edits that the hub makes for the preference endpoints have such operations. Everything else passes the stored text
through without reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choices import NO_CHOICES, Choices, Reset, RestrictChannels, SetCategory, apply, decode, encode

if TYPE_CHECKING:
    from .choices import CategoryChoice, Operation
    from .preference_terms import Channel


class ChoiceFold:
    """The choices of one fold: as they are now, and what the operations replaced."""

    __slots__ = ("_choices", "_old_categories", "_old_restricted", "_stored", "text")

    def __init__(self, text: str | None) -> None:
        self.text = text
        """The choices in storage form, None if nothing is chosen; those before the fold until `finish`."""
        self._stored = text
        self._choices = NO_CHOICES if text is None else decode(text)
        self._old_categories: dict[str, CategoryChoice | None] = {}
        self._old_restricted: dict[Channel, bool | None] = {}

    def apply(self, operation: Operation) -> None:
        """Apply an operation, and remember what it names."""
        stored = self._choices
        categories, channels = _named(operation, stored)
        for slug in categories:
            self._old_categories.setdefault(slug, stored.categories.get(slug))
        for channel in channels:
            self._old_restricted.setdefault(channel, stored.restricted.get(channel))
        self._choices = apply(stored, operation)

    def finish(self) -> str | None:
        """Put the choices into storage form, once for all operations.

        Raises:
            UnicodeEncodeError: a text in them cannot be stored.
        """
        self.text = None if self._choices == NO_CHOICES else encode(self._choices)
        return self.text

    def undo(self) -> None:
        """Return to the choices before the fold."""
        self.text = self._stored
        self._old_categories, self._old_restricted = {}, {}

    @property
    def changed(self) -> bool:
        """Tell whether the choices differ from those before; equal choices have equal texts."""
        return self.text != self._stored

    def before(self) -> Choices:
        """Return the choices that the operations named, as they were; what is missing was not chosen."""
        return Choices(
            {slug: choice for slug, choice in self._old_categories.items() if choice is not None},
            {channel: flag for channel, flag in self._old_restricted.items() if flag is not None},
        )


def _named(operation: Operation, choices: Choices) -> tuple[list[str], list[Channel]]:
    """Return the categories and channels that an operation sets; a reset sets all that were chosen."""
    if isinstance(operation, SetCategory):
        return [operation.category], []
    if isinstance(operation, RestrictChannels):
        return [], list(operation.restricted)
    assert isinstance(operation, Reset)
    categories = list(choices.categories) if operation.categories else []
    return categories, list(choices.restricted) if operation.channels else []
