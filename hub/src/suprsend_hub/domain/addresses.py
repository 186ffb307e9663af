"""The addresses by which people are found: those of a profile as they are indexed, and those that a search means.

A search is more generous than an edit: it may guess, because a wrong guess finds nobody.
"""

from __future__ import annotations

import re
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
_INTERNATIONAL_PREFIX: Final = "00"


def addresses(channels: dict[str, list[Identity]]) -> list[str]:
    """Return the searchable addresses of a profile: e-mail addresses in lower case and phone numbers, each once."""
    found: dict[str, None] = {}
    for channel, key in _KEYS:
        for identity in channels.get(channel, ()):
            found[key(identity.value)] = None
    return list(found)


def address_keys(text: str) -> list[str]:
    """Return the forms of `addresses` that a searched text may mean; none if it is neither an address nor a number.

    Besides what an edit accepts: a name before `<name@example.com>`, `00` for `+`, a number without `+`, and `(0)`.
    Earlier versions stored some addresses under other forms, which are returned too.
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
    keys = [as_typed.lower(), text.strip().lower()]
    try:
        return [email_key(read_email(as_typed)), *keys]
    except InvalidValue:
        return keys


def _phone_keys(text: str) -> list[str]:
    plain = plain_text(text)
    keys = []
    for spelling in (without_bracketed_zero(plain), plain):
        number = compact(spelling)
        if number.startswith(_INTERNATIONAL_PREFIX):
            number = "+" + number[len(_INTERNATIONAL_PREFIX) :]
        elif not number.startswith("+"):
            number = "+" + number
        if is_e164(number):
            keys += [without_trunk_zero(number), number]
    return keys
