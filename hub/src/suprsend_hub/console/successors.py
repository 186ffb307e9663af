"""Read from an error what became of a user that does not exist. Pure."""

from dataclasses import dataclass
from typing import Final

from suprsend_hub.domain.errors import NotFound

_WORDS: Final = {"merged_into": "merged into", "renamed_to": "renamed to"}


@dataclass(frozen=True, slots=True)
class Successor:
    """The user to go to in place of one that is gone, and how it came about, in words."""

    words: str
    distinct_id: str


def successor_of(error: NotFound) -> Successor | None:
    """Return the successor that the error of an unknown user names."""
    if not isinstance(error.detail, dict):
        return None
    found = (Successor(words, error.detail[name]) for name, words in _WORDS.items() if name in error.detail)
    return next(found, None)
