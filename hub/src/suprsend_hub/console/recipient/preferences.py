"""Arrange what is in force for a recipient by category, with the rule that decided and what was chosen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from suprsend_hub.console.formats import channel_list, compact
from suprsend_hub.domain.categories import CategoryDocument, PlacedCategory
from suprsend_hub.domain.choices import CategoryChoice
from suprsend_hub.domain.evaluation import Rule, evaluate
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.preference_views import Viewpoint

RULE_WORDS: Final = {
    Rule.CHANNEL_INACTIVE: "not used in this workspace",
    Rule.CHANNEL_BLOCKED: "blocked by the tenant",
    Rule.CATEGORY_DISABLED: "the tenant does not use the category",
    Rule.MANDATORY: "mandatory",
    Rule.CHANNEL_RESTRICTED: "only mandatory notifications on this channel",
    Rule.CHOSEN: "the recipient's choice",
    Rule.TENANT: "the tenant's default",
    Rule.DEFAULT: "the workspace's default",
}


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """Channels for which the same rule decided the same."""

    is_on: bool
    rule: Rule
    channels: Sequence[Channel]

    @property
    def words(self) -> str:
        """Return the rule in words."""
        return RULE_WORDS[self.rule]


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category: whether it is on and why, for each channel too, and what the recipient chose in words."""

    placed: PlacedCategory
    is_on: bool
    rule: Rule
    groups: Sequence[ChannelGroup]
    chosen: Sequence[str]
    is_hidden: bool

    @property
    def words(self) -> str:
        """Return in words the rule that decided about the category as a whole."""
        return RULE_WORDS[self.rule]


@dataclass(frozen=True, slots=True)
class SectionRows:
    """A section with its categories."""

    root: str
    name: str | None
    description: str | None
    rows: Sequence[CategoryRow]


def section_rows(document: CategoryDocument, view: Viewpoint) -> list[SectionRows]:
    """Return all sections that have categories, in the order of the document."""
    return [
        SectionRows(
            str(root), section.name, section.description,
            [_row(placed, view) for placed in section.placed(root)],
        )
        for root, section in document.sections()
        if section.categories
    ]  # fmt: skip


def _row(placed: PlacedCategory, view: Viewpoint) -> CategoryRow:
    category = placed.category
    override = view.tenant.find(category.category)
    verdict = evaluate(category, override, view.choices, view.policy, active_channels(view))
    grouped: dict[tuple[bool, Rule], list[Channel]] = {}
    for at in verdict.channels:
        grouped.setdefault((at.is_on, at.rule), []).append(at.channel)
    return CategoryRow(
        placed,
        verdict.preference is Preference.OPT_IN,
        verdict.rule,
        sorted((ChannelGroup(*key, channels) for key, channels in grouped.items()), key=lambda group: not group.is_on),
        choice_words(view.choices.categories.get(category.category)),
        not override.visible_to_subscriber,
    )


def active_channels(view: Viewpoint) -> list[Channel]:
    """Return the channels that the workspace uses, in their fixed order."""
    return [channel for channel in Channel if channel in view.policy.active]


def restrictions(view: Viewpoint) -> list[tuple[Channel, bool]]:
    """Return for each channel in use whether the recipient wants only mandatory notifications on it."""
    return [(channel, view.choices.restricted.get(channel, False)) for channel in active_channels(view)]


def orphans(document: CategoryDocument, view: Viewpoint) -> list[str]:
    """Return the slugs of the categories that the recipient chose for and the workspace no longer has."""
    return [slug for slug in view.choices.categories if document.find(slug) is None]


def choice_words(choice: CategoryChoice | None) -> list[str]:
    """Return what a recipient chose for a category, a sentence for each part; empty for nothing."""
    if choice is None:
        return []
    words = []
    if choice.preference is not None:
        words.append(_preference_words(choice))
    if choice.digest_schedule is not None:
        parts = choice.digest_schedule.parts()
        words.append(f"digest {choice.digest_schedule.id}{f' with {compact(parts)}' if parts else ''}")
    words += [f"{key} = {compact(value)}" for key, value in choice.properties.items()]
    return words


def _preference_words(choice: CategoryChoice) -> str:
    if choice.preference is Preference.OPT_OUT:
        return "opted out"
    if choice.opt_out_channels:
        return f"opted in, except for {channel_list(choice.opt_out_channels)}"
    if choice.opt_in_channels is not None:
        return f"opted in, only for {channel_list(choice.opt_in_channels)}"
    return "opted in" if choice.opt_out_channels is None else "opted in, for all channels"
