"""What is plainly wrong with an e-mail address, a phone number or an id. Pure.

The hub judges addresses with libraries that the SDK does without: what is doubted here is refused there, and not the
other way round. Both suites read ``contract/vectors/addresses.json`` and ``distinct_ids.json``. Messages never contain
the value.
"""

from __future__ import annotations

import re

from suprsend._limits import MAX_EMAIL_BYTES, MAX_PHONE_TEXT_CHARS

# An ASCII address after what the hub takes off. Quotes, colons and brackets have no place in one.
_EMAIL = re.compile(r"[^\0-\40\177@,;:<>()\[\]\\\"]+@[^\0-\40\177@,;:<>()\[\]\\\"]+\.(?![0-9]+\Z)[A-Za-z0-9-]+")
# Most addresses. What it matches needs no other check, except of its length.
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*")
_PHONE_SEPARATORS = str.maketrans("", "", "-()[]./ \t\n\r\v\f\x1c\x1d\x1e\x1f")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_BRACKETED_ZERO = re.compile(r"[(\[]\s*0+\s*[)\]]")
# Format characters without a shape: they come from exported tables and copied text.
_ZERO_WIDTH = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_SUSPICIOUS = frozenset({"none", "undefined", "null", "nan", "[object object]"})
_SUSPICIOUS_LENGTHS = frozenset(map(len, _SUSPICIOUS))


def email_doubt(value: object) -> str | None:
    """Return what is wrong with an e-mail address, or None if only the hub can tell."""
    if isinstance(value, str) and len(value) <= MAX_EMAIL_BYTES and _PLAIN_EMAIL.fullmatch(value):
        return None
    general = "the value does not look like an e-mail address"
    if not isinstance(value, str):
        return general
    if not value.isascii():  # the hub knows more characters than we do; but each address has an @ of its own
        return None if value.count("@") == 1 and not _is_list(value) else general
    address = _unwrapped(value)
    if _is_list(address) or address.count("@") > 1:
        return "the value is more than one e-mail address; give several addresses as a list"
    if "<" in address:
        return "the value has a name or brackets next to the e-mail address; give the address alone"
    wrong = ".." in address or address.startswith(".") or ".@" in address or "@." in address
    return general if wrong or len(address) > MAX_EMAIL_BYTES or not _EMAIL.fullmatch(address) else None


def phone_doubt(value: object) -> str | None:
    """Return what is wrong with a phone number, or None if only the hub can tell."""
    if isinstance(value, str) and _PHONE.fullmatch(value):
        return None
    general = "the value is not a phone number with a country code, such as +15550100000"
    if not isinstance(value, str) or len(value) > MAX_PHONE_TEXT_CHARS:
        return general
    if not value.isascii():  # digits and signs of other scripts, and what nobody sees
        return None if any(char.isdecimal() for char in value) else general
    text = value.strip()
    if text[:4].lower() == "tel:":
        text = text[4:]
    if _BRACKETED_ZERO.search(text):
        return "the phone number has a (0); write it without, as it is dialled from abroad"
    return None if _PHONE.fullmatch(text.translate(_PHONE_SEPARATORS)) else general


def is_plain_id(value: str) -> bool:
    """Tell whether neither ``id_error`` nor ``id_doubt`` can find anything, as for most ids."""
    return value.isascii() and len(value) not in _SUSPICIOUS_LENGTHS


def id_error(value: str, name: str) -> str | None:
    """Return why nothing can be created under an id because of its ends, or None."""
    if value.isascii():
        return None
    for char, end in ((value[0], "start"), (value[-1], "end")):
        if _ZERO_WIDTH.match(char):
            return f"{name} must not {end} with the invisible character U+{ord(char):04X}; remove it"
    return None


def id_doubt(value: str, name: str) -> str | None:
    """Return a warning about an id that is what a program makes of a missing value, or None."""
    if value.lower() in _SUSPICIOUS:
        return f"{name} is {value!r}, which looks like a missing value"
    return None


def _unwrapped(text: str) -> str:
    """Return an ASCII address without blanks, ``mailto:`` and angle brackets, which the hub takes off too."""
    address = text.strip()
    for _ in range(2):
        if address.startswith("<") and address.endswith(">"):
            address = address[1:-1].strip()
        if address[:7].lower() == "mailto:":
            address = address[7:].strip()
    return address


def _is_list(address: str) -> bool:
    return "," in address or ";" in address
