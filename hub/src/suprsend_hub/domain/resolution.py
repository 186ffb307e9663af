"""Resolve a recipient for a sender: whether a message of a category goes out, on which channels, to which addresses.

The preferences decide about each channel, by `evaluation` and so as on every other face. A channel that they leave on
is of use only with an address that is active. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from .evaluation import EVERY_CHANNEL, OPEN, ChannelPolicy, evaluate
from .preference_terms import Channel, Preference
from .profile import Languages, identity_to_wire
from .tenant_categories import NO_OVERRIDE, CategoryOverride

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .categories import Category
    from .choices import Choices
    from .evaluation import ChannelVerdict, Verdict
    from .profile import Identity
    from .wire import Json

NO_ADDRESS: Final = "no_address"
"""Rule of a channel that the preferences leave on, for which the recipient has no active address."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be sent: the category, what tenant and workspace set for it, the channels that the sender could use.

    `timezone` is that of recipients without one of their own.
    """

    category: Category
    override: CategoryOverride = NO_OVERRIDE
    policy: ChannelPolicy = OPEN
    channels: Sequence[Channel] = EVERY_CHANNEL
    timezone: str | None = None


class ChannelResolution(NamedTuple):
    """Whether to send on a channel, the rule that decided, and the addresses to use."""

    channel: Channel
    send: bool
    rule: str
    addresses: Sequence[Identity]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whether to send at all, the rule that decided, and each of the channels in the order of the question."""

    send: bool
    rule: str
    channels: Sequence[ChannelResolution]
    language: str | None
    locale: str | None
    timezone: str | None


def resolve(
    matter: Matter, choices: Choices, channels: Mapping[str, Sequence[Identity]], languages: Languages
) -> Resolution:
    """Return whether and where to send; `channels` are those that apply to the recipient, by key of a profile."""
    verdict = evaluate(matter.category, matter.override, choices, matter.policy, matter.channels)
    resolved = [_on(decided, channels.get(decided.channel.key, ())) for decided in verdict.channels]
    sent = next((each for each in resolved if each.send), None)
    return Resolution(
        send=sent is not None,
        rule=_rule_against(verdict, resolved) if sent is None else sent.rule,
        channels=resolved,
        language=languages.language or _language_of(languages.locale),
        locale=languages.locale,
        timezone=languages.timezone or matter.timezone,
    )


def _on(decided: ChannelVerdict, identities: Sequence[Identity]) -> ChannelResolution:
    if not decided.is_on:
        return ChannelResolution(decided.channel, send=False, rule=str(decided.rule), addresses=())
    usable = [identity for identity in identities if identity.is_usable]
    rule = str(decided.rule) if usable else NO_ADDRESS
    return ChannelResolution(decided.channel, send=bool(usable), rule=rule, addresses=usable)


def _rule_against(verdict: Verdict, channels: Sequence[ChannelResolution]) -> str:
    """Return why nothing is sent: the category is off, or there is no address, or what is against the first channel."""
    if verdict.preference is Preference.OPT_OUT:
        return str(verdict.rule)
    rules = [each.rule for each in channels]
    return NO_ADDRESS if NO_ADDRESS in rules else rules[0]


def _language_of(locale: str | None) -> str | None:
    """Return the language of a locale such as `en_GB` or `es-AR`."""
    return None if locale is None else locale.replace("_", "-").partition("-")[0].lower()


def resolution_to_wire(resolution: Resolution) -> dict[str, Json]:
    """Return a resolution as JSON; shares values with the profile."""
    return {
        "send": resolution.send,
        "rule": resolution.rule,
        "channels": [
            {
                "channel": str(each.channel),
                "send": each.send,
                "rule": each.rule,
                "addresses": [identity_to_wire(identity) for identity in each.addresses],
            }
            for each in resolution.channels
        ],
        "language": resolution.language,
        "locale": resolution.locale,
        "timezone": resolution.timezone,
    }
