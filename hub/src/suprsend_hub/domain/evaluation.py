"""Decide what a recipient gets: one pure function of category, tenant override and choices, for every face.

Blocked beats mandatory, mandatory beats chosen, chosen beats the tenant's default, and that beats the workspace's. Each
answer names the rule that decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from .choices import NO_CHOICE, NO_CHOICES, Choices
from .preference_terms import ALL_CHANNELS, Channel, Preference
from .tenant_categories import NO_OVERRIDE, CategoryOverride

if TYPE_CHECKING:
    from .categories import Category
    from .choices import CategoryChoice
    from .wire import Json


class Rule(StrEnum):
    """What decided, the strongest first."""

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


@dataclass(frozen=True, slots=True)
class ChannelVerdict:
    """Whether a channel is on (`opt_in`) or off (`opt_out`), why, and whether the recipient can change it."""

    channel: Channel
    preference: Preference
    is_editable: bool
    rule: Rule

    @property
    def is_on(self) -> bool:
        """Tell whether a notification goes out on the channel."""
        return self.preference is Preference.OPT_IN


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one category. `original` is what the recipient chose; `channels` has every channel, in order."""

    preference: Preference
    original: Preference | None
    is_editable: bool
    rule: Rule
    channels: tuple[ChannelVerdict, ...]

    def on(self, channel: Channel) -> ChannelVerdict:
        """Return the answer for one channel."""
        return next(verdict for verdict in self.channels if verdict.channel is channel)


@dataclass(frozen=True, slots=True)
class _Defaults:
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
) -> Verdict:
    """Return the preference in force for a category and for every channel; defined for any input."""
    choice = choices.categories.get(category.category, NO_CHOICE)
    defaults = effective_defaults(category, override)
    preference, rule = _preference(defaults, choice, override)
    blocked = policy.blocked.union(override.blocked_channels or ())

    def on_channel(channel: Channel) -> ChannelVerdict:
        if channel not in policy.active:
            return ChannelVerdict(channel, Preference.OPT_OUT, is_editable=False, rule=Rule.CHANNEL_INACTIVE)
        if channel in blocked:
            return ChannelVerdict(channel, Preference.OPT_OUT, is_editable=False, rule=Rule.CHANNEL_BLOCKED)
        if rule is Rule.CATEGORY_DISABLED:
            return ChannelVerdict(channel, Preference.OPT_OUT, is_editable=False, rule=rule)
        if channel in defaults.mandatory:
            return ChannelVerdict(channel, Preference.OPT_IN, is_editable=False, rule=Rule.MANDATORY)
        if preference is Preference.OPT_OUT:
            return ChannelVerdict(channel, preference, is_editable=True, rule=rule)
        if choices.restricted.get(channel):
            return ChannelVerdict(channel, Preference.OPT_OUT, is_editable=True, rule=Rule.CHANNEL_RESTRICTED)
        is_on, why = _channel_of_opted_in(channel, defaults, choice, rule)
        return ChannelVerdict(channel, Preference.OPT_IN if is_on else Preference.OPT_OUT, is_editable=True, rule=why)

    return Verdict(
        preference=preference,
        original=choice.preference,
        is_editable=rule not in {Rule.CATEGORY_DISABLED, Rule.MANDATORY},
        rule=rule,
        channels=tuple(map(on_channel, Channel)),
    )


def effective_defaults(category: Category, override: CategoryOverride) -> _Defaults:
    """Return the tenant's defaults where it has some, else the workspace's.

    Only with `cant_unsubscribe` are channels mandatory.
    """
    preference = override.preference or category.default_preference
    mandatory = override.mandatory_channels
    if mandatory is None:
        mandatory = category.default_mandatory_channels or ()
    from_tenant = override.opt_in_channels is not None
    return _Defaults(
        preference=preference,
        preference_rule=Rule.DEFAULT if override.preference is None else Rule.TENANT,
        mandatory=frozenset(mandatory) if preference is Preference.CANT_UNSUBSCRIBE else frozenset(),
        opt_in=override.opt_in_channels if from_tenant else category.default_opt_in_channels,
        opt_in_rule=Rule.TENANT if from_tenant else Rule.DEFAULT,
    )


def effective_schedule(category: Category, override: CategoryOverride) -> dict[str, Json] | None:
    """Return the digest options in force: the tenant's if it has some, else the category's."""
    return category.digest_schedule if override.digest_schedule is None else override.digest_schedule


def _preference(defaults: _Defaults, choice: CategoryChoice, override: CategoryOverride) -> tuple[Preference, Rule]:
    """Return whether the category as a whole is on, and the rule that decided."""
    if not override.enabled_for_tenant:
        return Preference.OPT_OUT, Rule.CATEGORY_DISABLED
    if defaults.preference is Preference.CANT_UNSUBSCRIBE:
        return Preference.OPT_IN, Rule.MANDATORY
    if choice.preference is not None:
        opted_out = choice.preference is Preference.OPT_OUT
        return Preference.OPT_OUT if opted_out else Preference.OPT_IN, Rule.CHOSEN
    return defaults.preference, defaults.preference_rule


def _channel_of_opted_in(
    channel: Channel, defaults: _Defaults, choice: CategoryChoice, rule: Rule
) -> tuple[bool, Rule]:
    """Return whether a channel of an opted-in category is on: the recipient's channels, else the defaults'."""
    if choice.opt_out_channels is not None:
        return channel not in choice.opt_out_channels, Rule.CHOSEN
    if choice.opt_in_channels is not None:
        return channel in choice.opt_in_channels, Rule.CHOSEN
    if defaults.opt_in is not None:
        return channel in defaults.opt_in, defaults.opt_in_rule
    # All channels are on because the category is.
    return True, defaults.preference_rule if rule is Rule.MANDATORY else rule
