"""Format values for pages: times, counts, ids with invisible characters, JSON. Pure, and safe on hostile text.

The functions take plain values and return text, or `Markup` that they have escaped.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from markupsafe import Markup, escape

from suprsend_hub.domain.actor import ActorKind
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.profile import Identity
from suprsend_hub.domain.wire import (
    ANDROIDPUSH,
    EMAIL,
    INBOX,
    IOSPUSH,
    MS_TEAMS,
    SLACK,
    SMS,
    WEBPUSH,
    WHATSAPP,
)

CHANNEL_NAMES = {
    EMAIL: "Email",
    SMS: "SMS",
    WHATSAPP: "WhatsApp",
    INBOX: "Inbox",
    ANDROIDPUSH: "Android push",
    IOSPUSH: "iOS push",
    WEBPUSH: "Web push",
    SLACK: "Slack",
    MS_TEAMS: "MS Teams",
}
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters, direction marks and zero-width spaces. They are shown by number: no text can pose as another."""
_UNITS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (86_400 * 30, 86_400, "d"))


def visible(value: object) -> Markup:
    """Return text in its own direction, with invisible characters made visible."""
    text = str(value)
    parts: list[Markup] = []
    position = 0
    for match in _INVISIBLE.finditer(text):
        parts.append(escape(text[position : match.start()]))
        parts.append(Markup('<span class="ctl">U+{:04X}</span>').format(ord(match.group())))
        position = match.end()
    parts.append(escape(text[position:]))
    return Markup("<bdi>{}</bdi>").format(Markup("").join(parts))


def marked(value: str, prefix: str) -> Markup:
    """Return an id with the searched prefix marked."""
    if not prefix or not value.startswith(prefix):
        return visible(value)
    return Markup("<mark>{}</mark>{}").format(visible(prefix), visible(value[len(prefix) :]))


def exact(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def relative(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, or its date if that is long ago."""
    seconds = (now - moment).total_seconds()
    if seconds < 5:
        return "just now"
    for limit, unit_s, name in _UNITS:
        if seconds < limit:
            return f"{int(seconds // unit_s)} {name} ago"
    return f"{moment.astimezone(UTC):%d %b %Y}".lstrip("0")


def ago(moment: datetime) -> Markup:
    """Return a `<time>` element: relative as text, exact on hover and for machines."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), exact(moment), relative(moment, datetime.now(UTC))
    )


def ulid_time(ulid: UUID) -> datetime:
    """Return when a ULID was created."""
    return datetime.fromtimestamp((ulid.int >> 80) / 1000, UTC)


def count(number: int) -> str:
    """Return a number with a thousands separator."""
    return f"{number:,}"


def pretty(value: Any) -> str:
    """Return indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8", "replace")


def compact(value: Any) -> str:
    """Return JSON on one line."""
    return msgspec.json.encode(value).decode("utf-8", "replace")


def short(text: str, chars: int = 200) -> str:
    """Return a text, cut to its beginning if it is long."""
    return text if len(text) <= chars else f"{text[:chars]}…"


def python_text(text: str) -> str:
    """Return text as a Python literal in double quotes, with unprintable characters escaped."""
    parts = []
    for char in text:
        if char in '"\\':
            parts.append(f"\\{char}")
        elif char.isprintable():
            parts.append(char)
        else:
            parts.append(ascii(char)[1:-1])
    return '"' + "".join(parts) + '"'


def channel_name(channel: str) -> str:
    """Return the display name of a channel."""
    return CHANNEL_NAMES.get(channel, channel)


def channel_list(channels: Sequence[Channel] | None) -> str:
    """Return the names of channels as preferences spell them; "none" for no channel, "not set" for no list."""
    if channels is None:
        return "not set"
    return ", ".join(channel_name(channel.key) for channel in channels) or "none"


def address(identity: Identity) -> str:
    """Return an identity on one line: its text, or the JSON of an object."""
    return identity.value if isinstance(identity.value, str) else compact(identity.value)


def decoded(text: str) -> Any:
    """Decode stored JSON text, with secrets masked."""
    return mask_secrets(msgspec.json.decode(text))


_ACTORS: dict[str, str] = {
    ActorKind.API_KEY.value: "API key {}",
    ActorKind.SIGNED_CLIENT.value: "signed client",
    ActorKind.COMMAND_LINE.value: "command line, {}",
    ActorKind.HUB.value: "hub, {}",
}


def actor_words(label: str) -> str:
    """Return who made an edit, to show next to its source; '' for old edits and the console, whose source says it."""
    kind, _, name = label.partition(":")
    return _ACTORS.get(kind, "").format(name)


FILTERS: dict[str, Callable[..., Any]] = {
    "actor_words": actor_words,
    "address": address,
    "ago": ago,
    "channel_list": channel_list,
    "channel_name": channel_name,
    "compact": compact,
    "decoded": decoded,
    "count": count,
    "exact": exact,
    "marked": marked,
    "pretty": pretty,
    "python_text": python_text,
    "short": short,
    "ulid": ulid_text,
    "ulid_time": ulid_time,
    "visible": visible,
}
