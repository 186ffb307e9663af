"""Read from the history entry of a merge, a reversal or a rename which other user took part. Pure."""

from dataclasses import dataclass
from typing import Final

from suprsend_hub.domain.merging import MERGE, RENAME, RESTORE, UNMERGE
from suprsend_hub.domain.wire import Json

_WORDS: Final = {
    MERGE: ("Merged", "into this user"),
    UNMERGE: ("Took back the merge of", ""),
    RESTORE: ("Restored: the merge into", "was taken back"),
    RENAME: ("Renamed from", ""),
}


@dataclass(frozen=True, slots=True)
class Move:
    """What an entry says next to its lines: the words before and after the other user's id."""

    words: str
    other_id: str
    words_after: str


def move_of(operations: Json) -> Move | None:
    """Return what moved; None for an ordinary edit."""
    if type(operations) is not list or len(operations) != 1 or type(operations[0]) is not dict:
        return None
    [operation] = operations
    for operator, (words, words_after) in _WORDS.items():
        operand = operation.get(operator)
        if type(operand) is dict and type(operand.get("user_id")) is str:
            return Move(words, operand["user_id"], words_after)
    return None
