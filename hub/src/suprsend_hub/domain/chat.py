"""Slack and MS Teams recipients: which of their objects are accepted, what is stored, and when two are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .codes import Code
from .emails import email_key, read_email
from .values import InvalidValue, check_text, same_value
from .wire import (
    ACCESS_TOKEN,
    CHANNEL,
    CHANNEL_ID,
    CONVERSATION_ID,
    EMAIL_FIELD,
    EMAIL_ID,
    INCOMING_WEBHOOK,
    SERVICE_URL,
    TENANT_ID,
    URL,
    USER_ID,
    Json,
)

if TYPE_CHECKING:
    from collections.abc import Hashable


@dataclass(frozen=True, slots=True)
class _Shapes:
    """The shapes of an object-valued channel: identifiers in order of precedence with their spellings, and extras."""

    name: str
    ladder: tuple[tuple[str, tuple[str, ...]], ...]
    extras: tuple[str, ...]


_SLACK_SHAPES: Final = _Shapes(
    "Slack",
    ((CHANNEL_ID, (CHANNEL_ID, CHANNEL)), (USER_ID, (USER_ID,)), (EMAIL_FIELD, (EMAIL_FIELD, EMAIL_ID))),
    (ACCESS_TOKEN,),
)
_TEAMS_SHAPES: Final = _Shapes(
    "MS Teams",
    ((CONVERSATION_ID, (CONVERSATION_ID,)), (USER_ID, (USER_ID,))),
    (TENANT_ID, SERVICE_URL),
)

EXTRAS: Final = (*_SLACK_SHAPES.extras, *_TEAMS_SHAPES.extras)
"""Fields of Slack and Teams objects that do not identify, and so may be renewed."""


def read_slack(value: Json) -> dict[str, Json]:
    """Return what is stored of a Slack object; InvalidValue if it identifies nobody."""
    return _reduce(_SLACK_SHAPES, value)


def read_teams(value: Json) -> dict[str, Json]:
    """Return what is stored of an MS Teams object; InvalidValue if it identifies nobody."""
    return _reduce(_TEAMS_SHAPES, value)


def _reduce(shapes: _Shapes, value: Json) -> dict[str, Json]:
    """Return the given identifier of highest precedence with the extras; only these are stored."""
    if type(value) is not dict:
        raise _invalid(f"expected a {shapes.name} object")
    reduced = _winner(shapes, value)
    for extra in shapes.extras:
        text = _optional_text(value, extra)
        if text is not None:
            reduced[extra] = text
    return reduced


def _winner(shapes: _Shapes, value: dict[str, Json]) -> dict[str, Json]:
    webhook = value.get(INCOMING_WEBHOOK)
    if webhook is not None:
        if type(webhook) is not dict:
            raise _invalid(f"{INCOMING_WEBHOOK} must be an object with a {URL}")
        url = _optional_text(webhook, URL)
        if url is not None:
            return {INCOMING_WEBHOOK: {URL: url}}
    for name, spellings in shapes.ladder:
        for spelling in spellings:
            identifier = _optional_text(value, spelling)
            if identifier is not None:
                return {name: read_email(identifier) if name == EMAIL_FIELD else identifier}
    names = ", ".join(name for name, _ in shapes.ladder)
    raise _invalid(f"expected a {shapes.name} object with one of {INCOMING_WEBHOOK}.{URL}, {names}")


def _object_key(shapes: _Shapes, stored: dict[str, Json]) -> Hashable:
    if INCOMING_WEBHOOK in stored:
        return (INCOMING_WEBHOOK, stored[INCOMING_WEBHOOK].get(URL))
    for name, _ in shapes.ladder:
        if name in stored:
            identifier = stored[name]
            return (name, email_key(identifier) if name == EMAIL_FIELD else identifier)
    return None


def slack_key(stored: dict[str, Json]) -> Hashable:
    """Return the key under which a stored Slack object is compared."""
    return _object_key(_SLACK_SHAPES, stored)


def teams_key(stored: dict[str, Json]) -> Hashable:
    """Return the key under which a stored MS Teams object is compared."""
    return _object_key(_TEAMS_SHAPES, stored)


def _optional_text(source: dict[str, Json], field: str) -> str | None:
    """Return a trimmed field; null and blank mean absent, another type is an error."""
    value = source.get(field)
    if value is None:
        return None
    if type(value) is not str:
        raise _invalid(f"{field} must be a string")
    text = value.strip()
    check_text(text)
    return text or None


def refresh_extras(stored: dict[str, Json], given: dict[str, Json]) -> dict[str, Json]:
    """Keep the identifier's spelling, and replace the token or service URL by a newly given one."""
    extras: dict[str, Json] = {name: given[name] for name in EXTRAS if name in given}
    merged = stored | extras
    return stored if same_value(stored, merged) else merged


def _invalid(reason: str) -> InvalidValue:
    return InvalidValue(Code.INVALID_CHANNEL_VALUE, reason)
