"""Resolve a recipient for a sender: whether a message of a category goes out, on which channels, to which addresses.

The preferences decide about each channel, by `evaluation` and so as on every other face. A channel that they leave on
is of use only with an address that is active. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from .choices import NO_CHOICES
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


class ChannelResolution(NamedTuple):
    """Whether to send on a channel, the rule that decided, and the addresses to use."""

    channel: Channel
    send: bool
    rule: str
    addresses: Sequence[Identity]


class _Step(NamedTuple):
    """What the preferences say about a channel: its key in a profile, and what applies without an active address."""

    key: str
    decided: ChannelVerdict
    is_on: bool
    without_address: ChannelResolution


class _Decision(NamedTuple):
    """What the preferences of a recipient say, made ready for the addresses."""

    verdict: Verdict
    steps: Sequence[_Step]


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
    _without_choices: _Decision = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_without_choices", self._decide(NO_CHOICES))

    def decide(self, choices: Choices) -> _Decision:
        """Return what the preferences say. Most recipients have chosen nothing, so that is decided once."""
        return self._without_choices if choices is NO_CHOICES else self._decide(choices)

    def _decide(self, choices: Choices) -> _Decision:
        verdict = evaluate(self.category, self.override, choices, self.policy, self.channels)
        return _Decision(verdict, [_step(decided) for decided in verdict.channels])


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
    decision = matter.decide(choices)
    resolved, sent = [], None
    for step in decision.steps:
        found = step.without_address
        if step.is_on and step.key in channels:
            usable = [identity for identity in channels[step.key] if identity.is_usable]
            if usable:
                found = ChannelResolution(step.decided.channel, send=True, rule=step.decided.rule, addresses=usable)
                sent = sent or found
        resolved.append(found)
    return Resolution(
        send=sent is not None,
        rule=_rule_against(decision.verdict, resolved) if sent is None else sent.rule,
        channels=resolved,
        language=languages.language or _language_of(languages.locale),
        locale=languages.locale,
        timezone=languages.timezone or matter.timezone,
    )


def _step(decided: ChannelVerdict) -> _Step:
    rule = NO_ADDRESS if decided.is_on else str(decided.rule)
    without_address = ChannelResolution(decided.channel, send=False, rule=rule, addresses=())
    return _Step(decided.channel.key, decided, decided.is_on, without_address)


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
                "channel": each.channel,
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
