"""The addresses by which people are found: those of a profile as they are indexed, and those that a search means.

A search is more generous than an edit: it may guess, because a wrong guess finds nobody.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from .emails import email_key, read_email, unwrapped
from .limits import MAX_SEARCHED_CHARS
from .phones import compact, is_e164, phone_key, plain_text, without_bracketed_zero, without_trunk_zero
from .values import InvalidValue, check_text
from .wire import EMAIL, SMS, WHATSAPP

if TYPE_CHECKING:
    from collections.abc import Callable

    from .profile import Identity

_KEYS: Final[tuple[tuple[str, Callable[[Any], str]], ...]] = (
    (EMAIL, email_key),
    (SMS, phone_key),
    (WHATSAPP, phone_key),
)
_BRACKETED: Final = re.compile(r"<([^<>]*@[^<>]*)>")
_AROUND: Final = '\\s<>,;:|"()\\[\\]\uff0c\u3001'
_AMONG_WORDS: Final = re.compile(f"[^{_AROUND}@]++@[^{_AROUND}?@]++")
_MOST_AMONG_WORDS: Final = 3
_ENDS: Final = ".,;:!?'\"\u201c\u201d\u2018\u2019"
_INTERNATIONAL_PREFIXES: Final = ("00", "011")
_SCHEME: Final = re.compile(r"[A-Za-z]+:(?://)?")
_AFTER_NUMBER: Final = re.compile(r"[;,?#x]|ext", re.IGNORECASE)
"""What begins an extension, a parameter, or the rest of a sentence."""


def addresses(channels: dict[str, list[Identity]]) -> list[str]:
    """Return the searchable addresses of a profile: e-mail addresses in lower case and phone numbers, each once."""
    found: dict[str, None] = {}
    for channel, key in _KEYS:
        for identity in channels.get(channel, ()):
            found[key(identity.value)] = None
    return list(found)


def address_keys(text: str) -> list[str]:
    """Return the forms of `addresses` that a searched text may mean; none if it is neither an address nor a number.

    Besides what an edit accepts: words around an e-mail address, `00` or `011` for `+`, a number without `+`, `(0)`,
    schemes such as `sms:`, extensions, and punctuation at the ends. Earlier versions stored some addresses under other
    forms, which are returned too.
    """
    if len(text) > MAX_SEARCHED_CHARS:
        return []
    try:
        check_text(text)
    except InvalidValue:
        return []
    return list(dict.fromkeys(_email_keys(text) if "@" in text else _phone_keys(text)))


def _email_keys(text: str) -> list[str]:
    bracketed = _BRACKETED.search(text)
    as_typed = unwrapped(bracketed[1] if bracketed else text)
    among_words = [unwrapped(each.strip(_ENDS)) for each in _AMONG_WORDS.findall(text)[:_MOST_AMONG_WORDS]]
    read = []
    for given in dict.fromkeys((as_typed, *among_words)):
        with suppress(InvalidValue):
            read.append(email_key(read_email(given)))
    return [*read, as_typed.lower(), text.strip().lower(), *map(str.lower, among_words)]


def _phone_keys(text: str) -> list[str]:
    plain = _SCHEME.sub("", plain_text(text).strip(_ENDS), count=1)
    plain = _AFTER_NUMBER.split(plain, maxsplit=1)[0]
    keys = []
    for spelling in (without_bracketed_zero(plain), plain):
        for number in _with_plus(compact(spelling)):
            if is_e164(number):
                keys += [without_trunk_zero(number), number]
    return keys


def _with_plus(number: str) -> list[str]:
    """Return what a number may mean: `00` and `011` are dialled for a plus."""
    if number.startswith("+"):
        return [number]
    prefixes = [prefix for prefix in _INTERNATIONAL_PREFIXES if number.startswith(prefix)]
    return [f"+{number[len(prefix) :]}" for prefix in prefixes] or [f"+{number}"]
