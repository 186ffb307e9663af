"""The part of a fold that changes a recipient's choices: operations in, stored text and the way back out.

Only edits that the hub makes for the preference endpoints have such operations. Everything else passes the stored text
through without reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .before_choices import diff_choices
from .choices import apply_all, of_text, to_text

if TYPE_CHECKING:
    from .before_choices import ChoicesBefore
    from .choices import Operation


class ChoiceFold:
    """The choices of one fold: as they were, and as they are now."""

    __slots__ = ("_choices", "_old", "_operations", "_stored", "text")

    def __init__(self, text: str | None) -> None:
        self.text = text
        """The choices in storage form, None if nothing is chosen; those before the fold until `finish`."""
        self._stored = text
        self._old = self._choices = of_text(text)
        self._operations: list[Operation] = []

    def add(self, operation: Operation) -> None:
        """Take an operation for `finish`."""
        self._operations.append(operation)

    def finish(self) -> str | None:
        """Apply all operations, and put the choices into storage form.

        Raises:
            UnicodeEncodeError: a text in them cannot be stored.
        """
        self._choices = apply_all(self._old, self._operations)
        self.text = to_text(self._choices)
        return self.text

    def undo(self) -> None:
        """Return to the choices before the fold."""
        self.text, self._choices = self._stored, self._old

    def before(self) -> ChoicesBefore:
        """Return the way back to the choices before the fold; empty if they are the same."""
        return {} if self.text == self._stored else diff_choices(self._old, self._choices)
