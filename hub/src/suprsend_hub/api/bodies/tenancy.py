"""Read changes of a workspace's rules about users and tenants."""

from typing import Final

from suprsend_hub.api.bodies.refusals import invalid_document
from suprsend_hub.domain.mistakes import Mistakes
from suprsend_hub.domain.preference_terms import Channel
from suprsend_hub.domain.tenancy import (
    CHANNEL_FALLBACK,
    CHANNEL_FALLBACK_MODE,
    DEFAULT_TENANT_IS_LIMITED,
    MODE,
    FallbackMode,
    TenancyChange,
    TenancyMode,
)
from suprsend_hub.domain.wire import Json

_FIELDS: Final = (MODE, CHANNEL_FALLBACK_MODE, CHANNEL_FALLBACK, DEFAULT_TENANT_IS_LIMITED)


def parse_tenancy(body: Json) -> TenancyChange:
    """Read the rules to change; what is missing or null stays.

    Raises:
        InvalidRequest: with every mistake, by its path.
    """
    mistakes = Mistakes()
    given = mistakes.read_object(body, "", _FIELDS) or {}
    mode, fallback_mode, channels = (given.get(field) for field in _FIELDS[:3])
    change = TenancyChange(
        None if mode is None else mistakes.read_member(mode, MODE, TenancyMode),
        None if fallback_mode is None else mistakes.read_member(fallback_mode, CHANNEL_FALLBACK_MODE, FallbackMode),
        None if channels is None else _channels(mistakes, channels),
        mistakes.read_flag(given.get(DEFAULT_TENANT_IS_LIMITED), DEFAULT_TENANT_IS_LIMITED),
    )
    if mistakes:
        raise invalid_document(mistakes.entries())
    return change


def _channels(mistakes: Mistakes, value: Json) -> tuple[Channel, ...]:
    names = mistakes.read_list(value, CHANNEL_FALLBACK, len(Channel))
    read = [mistakes.read_member(each, f"{CHANNEL_FALLBACK}[{index}]", Channel) for index, each in enumerate(names)]
    return tuple(channel for channel in Channel if channel in read)
