"""E-mail addresses: the form that is stored, and when two are the same address.

A plain ASCII address, which is nearly every one, is recognised by a pattern. The library `email-validator` judges all
others by syntax alone. It is never asked whether a domain exists or accepts mail.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from .characters import UNSEEN, without_surroundings
from .codes import Code
from .limits import MAX_EMAIL_BYTES, MAX_EMAIL_LOCAL_BYTES
from .values import InvalidValue, check_text

if TYPE_CHECKING:
    from types import ModuleType

    from .wire import Json

# Labels with two hyphens in a row may be Punycode. An address of 64 characters cannot exceed any limit of its parts.
_PLAIN_CHARS: Final = 64
_is_plain: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+"
    r"@(?:[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+\.)+[A-Za-z][A-Za-z0-9]*+(?:-[A-Za-z0-9]++)*+"
).fullmatch

_has_ascii_domain: Final = re.compile(r"[^\s<>@]++@[A-Za-z0-9.-]++").fullmatch
_SCHEME: Final = "mailto:"
_MAX_GIVEN_CHARS: Final = 2 * MAX_EMAIL_BYTES
"""Characters that are looked at: room for what is taken off, not for work on long texts."""
_MAX_REASON_CHARS: Final = 240  # the library lists every wrong character
_EXAMPLE: Final = "expected an e-mail address such as 'name@example.com'"


def plain_email(value: Json) -> str | None:
    """Return an address that needs no library, as nearly all are; None for anything else."""
    return value if type(value) is str and len(value) <= _PLAIN_CHARS and _is_plain(value) else None


def read_email(value: Json) -> str:
    """Return the address in its stored form.

    Taken off: blanks and unseen characters at the ends, `mailto:`, and angle brackets. The local part becomes NFC and
    keeps its case; an international domain gets its ASCII form, which every mail server understands.

    Raises:
        InvalidValue: not one address. The reason says what is wrong.
    """
    if type(value) is str:
        if len(value) <= _PLAIN_CHARS and _is_plain(value):
            return value
        return _read_unusual(value)
    raise _invalid(_EXAMPLE)


def email_key(address: str) -> str:
    """Return the key under which a stored address is compared and searched: the same whatever its case."""
    # lower(), not casefold(): the latter makes one address of 'straße@' and 'strasse@'.
    return address.lower() if address.isascii() else _unusual_key(address)


def unwrapped(text: str) -> str:
    """Return the address in a text without what is commonly around it: blanks, `mailto:`, angle brackets."""
    address = without_surroundings(text)
    for _ in range(2):  # `<mailto:a@b>` and `mailto:<a@b>`
        if address.startswith("<") and address.endswith(">"):
            address = without_surroundings(address[1:-1])
        if address[: len(_SCHEME)].lower() == _SCHEME:
            address = without_surroundings(address[len(_SCHEME) :])
    return address


def _read_unusual(text: str) -> str:
    if len(text) > _MAX_GIVEN_CHARS:
        raise _invalid(f"an e-mail address must have at most {MAX_EMAIL_BYTES} bytes")
    check_text(text)
    address = unwrapped(text)
    if len(address) <= _PLAIN_CHARS and _is_plain(address):
        return address
    problem = _problem(address)
    if problem:
        raise _invalid(problem)
    return _parsed(address)


def _problem(address: str) -> str | None:
    """Return what is wrong with an address, if it is a mistake for which the library has no good words."""
    if not address:
        return _EXAMPLE
    unseen = UNSEEN.intersection(address)
    if unseen:
        return f"the address contains a character that cannot be seen, U+{ord(min(unseen)):04X}; type it anew"
    if "<" in address or ">" in address:
        return "expected only the address, without a name and angle brackets"
    if "," in address or ";" in address or address.count("@") > 1:
        return "expected one address with one @; give several addresses as an array"
    return None if "@" in address else _EXAMPLE


def _parsed(address: str) -> str:
    library = _library()
    try:
        parsed = library.validate_email(
            address, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except library.EmailNotValidError as error:
        raise _invalid(f"{_EXAMPLE}. {error}"[:_MAX_REASON_CHARS]) from None
    local, domain = parsed.local_part, parsed.ascii_domain
    if len(local.encode()) > MAX_EMAIL_LOCAL_BYTES:
        raise _invalid(f"the part of an address before the @ must have at most {MAX_EMAIL_LOCAL_BYTES} bytes")
    if "." not in domain or domain.rpartition(".")[2].isdigit():
        raise _invalid(f"{_EXAMPLE}, with a domain of two or more names")
    canonical = f"{local}@{domain}"
    if len(canonical.encode()) > MAX_EMAIL_BYTES:
        raise _invalid(f"an e-mail address must have at most {MAX_EMAIL_BYTES} bytes")
    return canonical


@cache
def _library() -> ModuleType:
    """Import the library when it is first needed; start-up does not wait for it.

    Reserved domains such as `.local` are accepted like those of the fast way: whether mail arrives is not our question.
    """
    import email_validator

    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    return email_validator


def _unusual_key(address: str) -> str:
    """Return the key of an address that is not ASCII; at once if it has the form that is stored today."""
    if _has_ascii_domain(address) and ":" not in address:
        return normalize("NFC", address.lower())
    return _key_of_given(address)


@lru_cache(maxsize=1024)
def _key_of_given(address: str) -> str:
    """Return the key of an address with an international domain. Earlier versions stored more than can be read."""
    try:
        address = read_email(address)
    except InvalidValue:
        address = normalize("NFC", address.strip())
    return normalize("NFC", address.lower())


def _invalid(reason: str) -> InvalidValue:
    return InvalidValue(Code.INVALID_CHANNEL_VALUE, reason)
