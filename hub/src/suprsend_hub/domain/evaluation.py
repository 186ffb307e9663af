"""Decide what a recipient gets: one pure function of category, tenant override and choices, for every face.

Blocked beats mandatory, mandatory beats chosen, chosen beats the tenant's default, and that beats the workspace's. Each
answer names the rule that decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from .choices import NO_CHOICE, NO_CHOICES, Choices
from .preference_terms import ALL_CHANNELS, Channel, Preference
from .tenant_categories import NO_OVERRIDE, CategoryOverride

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .categories import Category
    from .choices import CategoryChoice
    from .wire import Json


class Rule(StrEnum):
    """What decided."""

    CHANNEL_INACTIVE = "channel_inactive"
    """The workspace does not use the channel."""
    CHANNEL_BLOCKED = "channel_blocked"
    """The tenant blocks the channel, for everything or for the category."""
    CATEGORY_DISABLED = "category_disabled"
    """The tenant does not use the category."""
    MANDATORY = "mandatory"
    """The recipient cannot unsubscribe."""
    CHANNEL_RESTRICTED = "channel_restricted"
    """The recipient wants only mandatory notifications on the channel."""
    CHOSEN = "chosen"
    """The recipient's choice for the category."""
    TENANT = "tenant"
    """The tenant's default for the category."""
    DEFAULT = "default"
    """The workspace's default for the category."""


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """What workspace and tenant allow for all categories: the workspace's channels, and those the tenant blocks."""

    active: frozenset[Channel] = ALL_CHANNELS
    blocked: frozenset[Channel] = frozenset()


OPEN: Final = ChannelPolicy()
EVERY_CHANNEL: Final = tuple(Channel)
_ON: Final = Preference.OPT_IN
_OFF: Final = Preference.OPT_OUT


class ChannelVerdict(NamedTuple):
    """Whether a channel is on (`opt_in`) or off (`opt_out`), why, and whether the recipient can change it."""

    channel: Channel
    preference: Preference
    is_editable: bool
    rule: Rule

    @property
    def is_on(self) -> bool:
        """Tell whether a notification goes out on the channel."""
        return self.preference is _ON


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one category. `original` is what the recipient chose; `channels` are those that were asked for."""

    preference: Preference
    original: Preference | None
    is_editable: bool
    rule: Rule
    channels: tuple[ChannelVerdict, ...]

    def on(self, channel: Channel) -> ChannelVerdict:
        """Return the answer for one channel."""
        return next(verdict for verdict in self.channels if verdict.channel is channel)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults in force for a tenant, and whose they are."""

    preference: Preference
    preference_rule: Rule
    mandatory: frozenset[Channel]
    opt_in: tuple[Channel, ...] | None
    opt_in_rule: Rule


def evaluate(
    category: Category,
    override: CategoryOverride = NO_OVERRIDE,
    choices: Choices = NO_CHOICES,
    policy: ChannelPolicy = OPEN,
    channels: Sequence[Channel] = EVERY_CHANNEL,
) -> Verdict:
    """Return the preference in force for a category and for each of the channels; defined for any input."""
    choice = choices.categories.get(category.category, NO_CHOICE)
    defaults = effective_defaults(category, override)
    preference, rule = _preference(defaults, choice, override)
    blocked = policy.blocked.union(override.blocked_channels or ())
    decision = _Decision(defaults, choice, choices.restricted, preference, rule, policy.active, blocked)
    return Verdict(
        preference=preference,
        original=choice.preference,
        is_editable=rule is not Rule.CATEGORY_DISABLED and rule is not Rule.MANDATORY,
        rule=rule,
        channels=tuple(decision.on(channel) for channel in channels),
    )


class _Decision(NamedTuple):
    """What is known when the channels of a category are decided."""

    defaults: Defaults
    choice: CategoryChoice
    restricted: Mapping[Channel, bool]
    preference: Preference
    rule: Rule
    active: frozenset[Channel]
    blocked: frozenset[Channel]

    def on(self, channel: Channel) -> ChannelVerdict:
        """Return the answer for a channel. The first rule that applies decides."""
        if channel not in self.active:
            return ChannelVerdict(channel, _OFF, is_editable=False, rule=Rule.CHANNEL_INACTIVE)
        if channel in self.blocked:
            return ChannelVerdict(channel, _OFF, is_editable=False, rule=Rule.CHANNEL_BLOCKED)
        if self.rule is Rule.CATEGORY_DISABLED:
            return ChannelVerdict(channel, _OFF, is_editable=False, rule=self.rule)
        if channel in self.defaults.mandatory:
            return ChannelVerdict(channel, _ON, is_editable=False, rule=Rule.MANDATORY)
        if self.preference is _OFF:
            return ChannelVerdict(channel, _OFF, is_editable=True, rule=self.rule)
        if self.restricted.get(channel):
            return ChannelVerdict(channel, _OFF, is_editable=True, rule=Rule.CHANNEL_RESTRICTED)
        is_on, rule = self.listed(channel)
        return ChannelVerdict(channel, _ON if is_on else _OFF, is_editable=True, rule=rule)

    def listed(self, channel: Channel) -> tuple[bool, Rule]:
        """Return whether a channel of an opted-in category is on: by the recipient's channels, else the defaults'."""
        if self.choice.opt_out_channels is not None:
            return channel not in self.choice.opt_out_channels, Rule.CHOSEN
        if self.choice.opt_in_channels is not None:
            return channel in self.choice.opt_in_channels, Rule.CHOSEN
        if self.defaults.opt_in is not None:
            return channel in self.defaults.opt_in, self.defaults.opt_in_rule
        # All channels are on because the category is.
        return True, self.defaults.preference_rule if self.rule is Rule.MANDATORY else self.rule


def effective_defaults(category: Category, override: CategoryOverride) -> Defaults:
    """Return the tenant's defaults where it has some, else the workspace's.

    Only with `cant_unsubscribe` are channels mandatory.
    """
    preference = override.preference or category.default_preference
    mandatory = override.mandatory_channels
    if mandatory is None:
        mandatory = category.default_mandatory_channels or ()
    from_tenant = override.opt_in_channels is not None
    return Defaults(
        preference=preference,
        preference_rule=Rule.DEFAULT if override.preference is None else Rule.TENANT,
        mandatory=frozenset(mandatory) if preference is Preference.CANT_UNSUBSCRIBE else frozenset(),
        opt_in=override.opt_in_channels if from_tenant else category.default_opt_in_channels,
        opt_in_rule=Rule.TENANT if from_tenant else Rule.DEFAULT,
    )


def effective_schedule(category: Category, override: CategoryOverride) -> dict[str, Json] | None:
    """Return the digest options in force: the tenant's if it has some, else the category's."""
    return category.digest_schedule if override.digest_schedule is None else override.digest_schedule


def _preference(defaults: Defaults, choice: CategoryChoice, override: CategoryOverride) -> tuple[Preference, Rule]:
    """Return whether the category as a whole is on, and the rule that decided."""
    if not override.enabled_for_tenant:
        return _OFF, Rule.CATEGORY_DISABLED
    if defaults.preference is Preference.CANT_UNSUBSCRIBE:
        return _ON, Rule.MANDATORY
    if choice.preference is not None:
        return _OFF if choice.preference is _OFF else _ON, Rule.CHOSEN
    return defaults.preference, defaults.preference_rule
