"""The closed sets of preferences: values of a preference, root categories, and channels without their `$`.

Everything about preferences spells them with these names.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from .limits import MAX_TAGS
from .mistakes import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .mistakes import Mistakes
    from .wire import Json


class Preference(StrEnum):
    """A preference for a category or channel. Recipients choose between the first two."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    CANT_UNSUBSCRIBE = "cant_unsubscribe"


class RootCategory(StrEnum):
    """The three parts of a category document, in the order in which it shows them."""

    SYSTEM = "system"
    TRANSACTIONAL = "transactional"
    PROMOTIONAL = "promotional"


class Channel(StrEnum):
    """A channel as preferences spell it. In a profile, the same channel has a `$` in front (`key`)."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    ANDROIDPUSH = "androidpush"
    IOSPUSH = "iospush"
    WEBPUSH = "webpush"
    INBOX = "inbox"
    SLACK = "slack"
    MS_TEAMS = "ms_teams"

    @property
    def key(self) -> str:
        """Return the channel's key in a profile, such as `$email`."""
        return f"${self.value}"


ALL_CHANNELS: Final = frozenset(Channel)


# As published, with its missing comma, because programs compare the text.
NOT_A_CHANNEL: Final = (
    'must be one of ["sms", "email", "androidpush" "iospush", "webpush", "inbox", "whatsapp", "slack", "ms_teams"]'
)


def read_channels(fields: dict[str, Json], path: str, name: str, mistakes: Mistakes) -> tuple[Channel, ...] | None:
    """Return the channels that the field `name` of the object at `path` lists, each once; None for null or no field."""
    value = fields.get(name)
    if value is None:
        return None
    at = join(path, name)
    channels = [
        mistakes.read_member(item, f"{at}[{index}]", Channel, NOT_A_CHANNEL)
        for index, item in enumerate(mistakes.read_list(value, at, MAX_TAGS))
    ]
    return tuple(dict.fromkeys(channel for channel in channels if channel is not None))


def ordered(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """Return each of the channels once, in the order of `Channel`, so that equal choices are stored alike."""
    given = set(channels)
    return tuple(channel for channel in Channel if channel in given)
