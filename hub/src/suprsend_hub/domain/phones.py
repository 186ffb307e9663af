"""Phone numbers: reading what people write into E.164, `+` and 7 to 15 digits.

Whether a number is in service or could be assigned is never asked. The library `phonenumbers` knows two things that no
pattern knows: which zero after a country code is dialled inside the country only, and what is an extension.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

from .characters import UNSEEN
from .codes import Code
from .limits import MAX_PHONE_TEXT_CHARS
from .values import InvalidValue

if TYPE_CHECKING:
    from types import ModuleType

    from .wire import Json

# Country codes of one, two and three digits, not followed by a zero: such a number is stored as it is. A zero may
# belong to the number, as in Italy, or be a trunk prefix, dialled inside the country only. The library knows which.
_is_plain: Final = re.compile(
    r"\+(?:[17]|2(?:[07]|[1-689][0-9])|3(?:[0-469]|[578][0-9])|4(?:[013-9]|2[0-9])|5(?:[1-8]|[09][0-9])"
    r"|6(?:[0-6]|[7-9][0-9])|8(?:[1246]|[035789][0-9])|9(?:[0-58]|[679][0-9]))[1-9][0-9]{5,11}+"
).fullmatch

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_BRACKETED_ZERO: Final = re.compile(r"[(\[]\s*0+\s*[)\]]")
_BRACKETED_DIGIT: Final = re.compile(r"\(?\+\)? ?\(?([0-9]{1,3})[) ./-]*[(\[]\s*([0-9])\s*[)\]]")
_SEVERAL: Final = re.compile(r"[0-9]{7,}[-./ ]+[0-9]{7,}")
"""Two groups, each as long as a number."""
_SPACED_SLASH: Final = re.compile(r" /|/ ")
_MAX_DIGITS_BEFORE_SLASH: Final = 7  # a country code and the longest area code, as in `+49 36628 / 1234`
_SCHEME: Final = "tel:"
_SEPARATORS: Final = str.maketrans("", "", "-()[]./ ")
_TYPED: Final = {
    "\ufe62": "+", "\uff0b": "+", "\u2212": "-",
    "\uff08": "(", "\uff09": ")", "\uff0e": ".", "\uff0f": "/",
}  # fmt: skip
"""Full-width forms and the minus sign, by the character of a keyboard that is meant."""

_EXAMPLE: Final = "expected a phone number with country code such as '+15550100', 7 to 15 digits"


def plain_phone(value: Json) -> str | None:
    """Return a number that needs no library, as nearly all are; None for anything else."""
    return value if type(value) is str and _is_plain(value) else None


def read_phone(value: Json) -> str:
    """Return the number in E.164.

    Taken off: `tel:`, blanks, dashes, dots, slashes, brackets and unseen characters. Digits of any script count.

    Raises:
        InvalidValue: not one number with a country code. The reason says what is wrong.
    """
    try:
        is_plain = _is_plain(value)
    except TypeError:  # not a text; asking for the type first would cost every number a tenth of its time
        raise _invalid(_EXAMPLE) from None
    if is_plain:
        return value  # type: ignore[no-any-return] # JSON that matched a pattern is a text
    return _read_unusual(value)


def phone_key(number: str) -> str:
    """Return the key under which a stored number is compared and searched."""
    return number


def plain_text(text: str) -> str:
    """Return a number as it is typed on a keyboard: no unseen characters, ASCII digits, plus, blanks and dashes."""
    kept = text if text.isascii() else "".join([_typed(char) for char in text if char not in UNSEEN])
    kept = " ".join(kept.split())
    return kept[len(_SCHEME) :] if kept[: len(_SCHEME)].lower() == _SCHEME else kept


def compact(text: str) -> str:
    """Return plain text without separators."""
    return text.translate(_SEPARATORS)


def is_e164(number: str) -> bool:
    """Tell whether a text is `+` and 7 to 15 digits, the first of which is not 0."""
    return _E164.fullmatch(number) is not None


def without_bracketed_zero(text: str) -> str:
    """Return plain text without `(0)`."""
    return _BRACKETED_ZERO.sub("", text)


def without_trunk_zero(number: str) -> str:
    """Return a number in E.164 without a zero that is dialled inside its country only."""
    if _is_plain(number):
        return number
    library = _library()
    try:
        parsed = library.parse(number, None)
    except library.NumberParseException:  # a country code that the library does not know, which proves nothing
        return number
    has_zero = number.startswith(f"+{parsed.country_code}0")
    return str(library.format_number(parsed, library.PhoneNumberFormat.E164)) if has_zero else number


def _typed(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if char.isspace():
        return " "
    return "-" if unicodedata.category(char) == "Pd" else _TYPED.get(char, char)


def _read_unusual(text: str) -> str:
    if len(text) > MAX_PHONE_TEXT_CHARS:
        raise _invalid(_EXAMPLE)
    plain = plain_text(text)
    if without_bracketed_zero(plain) != plain:
        raise _invalid("write the number without '(0)', as it is dialled from abroad")
    number = compact(plain)
    if not is_e164(number):
        raise _invalid(_problem(plain, number))
    if _seems_several(plain):
        raise _invalid("expected one phone number; give several numbers as an array")
    trunk = _bracketed_trunk_digit(plain)
    if trunk:
        raise _invalid(f"write the number without '({trunk})', as it is dialled from abroad")
    if without_trunk_zero(number) != number:
        raise _invalid("write the number without the 0 after the country code, as it is dialled from abroad")
    return number


def _seems_several(plain: str) -> bool:
    """Tell whether a text contains a second number or the end of a range, which would become part of the first."""
    if _SEVERAL.search(plain):
        return True
    slash = _SPACED_SLASH.search(plain)
    return slash is not None and len(compact(plain[: slash.start()])) - 1 > _MAX_DIGITS_BEFORE_SLASH


def _bracketed_trunk_digit(plain: str) -> str | None:
    """Return a digit in brackets after the country code that is dialled inside the country only, such as Russia's 8.

    Elsewhere it may be an area code: `+61 (2) 9876 5432`.
    """
    found = _BRACKETED_DIGIT.match(plain)
    if found is None:
        return None
    library = _library()
    region = library.region_code_for_country_code(int(found[1]))
    metadata = library.PhoneMetadata.metadata_for_region(region, None)
    prefix = metadata and metadata.national_prefix_for_parsing
    return found[2] if prefix and re.fullmatch(prefix, found[2]) else None


def _problem(plain: str, number: str) -> str:
    """Return why a text without separators is not a number in E.164."""
    if number.count("+") > 1 or "," in number:
        return "expected one phone number; give several numbers as an array"
    if not number.startswith("+") and number.isdecimal():
        return "the country code is missing: write '+', the country code and the number, such as '+15550100'"
    if _has_extension(plain):
        return "a phone number is stored without an extension; write the number alone"
    return f"{_EXAMPLE}, without letters and other signs" if number.strip("+0123456789") else _EXAMPLE


def _has_extension(plain: str) -> bool:
    library = _library()
    try:
        return bool(library.parse(plain, None).extension)
    except library.NumberParseException:
        return False


@cache
def _library() -> ModuleType:
    """Import the library when it is first needed; start-up does not wait for it."""
    import phonenumbers

    return phonenumbers


def _invalid(reason: str) -> InvalidValue:
    return InvalidValue(Code.INVALID_CHANNEL_VALUE, reason)
