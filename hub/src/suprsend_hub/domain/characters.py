"""Characters that nobody sees: byte order marks, zero-width characters, direction marks, and blanks.

They arrive with copied text and exported tables. Two texts that look the same are then two identities.
"""

from __future__ import annotations

from typing import Final

_ZERO_WIDTH_RANGES: Final = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x061C, 0x061C),  # Arabic letter mark
    (0x180E, 0x180E),  # Mongolian vowel separator
    (0x200B, 0x200F),  # zero-width space, joiners, direction marks
    (0x202A, 0x202E),  # embeddings and overrides of direction
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),  # annotation anchors
)
_OTHER_UNSEEN_RANGES: Final = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers, here and below
    (0x17B4, 0x17B5),
    (0x180B, 0x180D),
    (0x2800, 0x2800),  # braille pattern without dots
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
)


def _characters(ranges: tuple[tuple[int, int], ...]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


ZERO_WIDTH: Final = _characters(_ZERO_WIDTH_RANGES)
"""Format characters (category Cf) without a shape. Marks that Cf shares with visible signs and flags are not here."""

UNSEEN: Final = ZERO_WIDTH | _characters(_OTHER_UNSEEN_RANGES)
"""What cannot be seen in an address. Text in general needs some of these: a variation selector picks an emoji."""

_BLANKS: Final = "".join(map(chr, [*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
                                   0x2028, 0x2029, 0x202F, 0x205F, 0x3000]))  # fmt: skip
_AROUND: Final = _BLANKS + "".join(sorted(UNSEEN))


def without_surroundings(text: str) -> str:
    """Return a text without blanks and unseen characters at its ends."""
    return text.strip(_AROUND)
