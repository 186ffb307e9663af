"""Apply operations to the channels of one profile: append, renew and remove identities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .channels import (
    NO_COMPANIONS,
    RULES,
    Address,
    ChannelRule,
    Companions,
    is_stored,
    new_identity,
    read_companions,
    removal_keys,
    renewed,
    repeats_stored,
)
from .codes import Code
from .feedback import read_operand, reported
from .limits import MAX_IDENTITIES
from .size import MISSING
from .values import InvalidValue
from .wire import APPEND, CHANNEL_STATUS, REMOVE, Json
from .work import UNITS_PER_IDENTITY, UNITS_PER_REFUSED, WorkMeter

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .profile import Identity
    from .refusal import RefusalLog
    from .size import SizeGauge


class ChannelEdits(WorkMeter):
    """The channels of one fold under way, with the originals of those that changed (MISSING for new ones).

    `channels` is changed in place, its lists and identities are not. A base class of the fold and not a part of it,
    because another object for each edit costs a twentieth of an ordinary fold.
    """

    __slots__ = ("accepted", "channels", "gauge", "old_channels", "refusals")

    accepted: bool
    channels: dict[str, list[Identity]]
    gauge: SizeGauge | None
    old_channels: dict[str, list[Identity] | object]
    refusals: RefusalLog

    def append_identities(self, channel: str, value: Json, operand: dict[str, Json]) -> None:
        """Add or renew the identities of one `$append`; InvalidValue if it is wrong as a whole."""
        rule = RULES[channel]
        companions = read_companions(operand, rule) if rule.providers else NO_COMPANIONS
        identities = self.channels.get(channel, [])
        if type(value) is not list and not identities:  # one address, as in most edits
            read = rule.read_plain(value)
            if read is None:
                read = self.read_unusual(rule, value)
            self.add_identity(channel, identities, new_identity(rule, read, companions))
            return
        self.spend(len(identities) * UNITS_PER_IDENTITY)
        if companions is NO_COMPANIONS and is_stored(value, identities):
            return
        positions = {rule.key(identity.value): i for i, identity in enumerate(identities)}
        for element in value if type(value) is list else [value]:
            try:
                read = rule.read_plain(element)
                if read is None:
                    read = self.read_unusual(rule, element)
                key = rule.key(read)
                position = positions.get(key)
                if position is None:
                    identities = self.channels.get(channel, [])
                    self.add_identity(channel, identities, new_identity(rule, read, companions))
                    positions[key] = len(identities)
                else:
                    self.renew_identity(channel, position, read, companions)
                self.accepted = True
            except InvalidValue as problem:
                self.refusals.refuse(problem.code, APPEND, channel, problem.reason, element)
                self.spend(UNITS_PER_REFUSED)

    def read_unusual(self, rule: ChannelRule, value: Json) -> Address:
        """Read an address for which a library may be needed; InvalidValue if it is wrong, or one too many."""
        self.spend(rule.reading_units(value))
        return rule.read(value)

    def add_identity(self, channel: str, identities: list[Identity], identity: Identity) -> None:
        """Append an identity to the channel's `identities`."""
        if len(identities) >= MAX_IDENTITIES:
            raise InvalidValue(
                Code.TOO_MANY_IDENTITIES, f"the channel already has {MAX_IDENTITIES} identities, the maximum"
            )
        if self.gauge and identities:
            self.gauge.admit_elements(channel, [identity], present=len(identities))
        elif self.gauge:
            self.gauge.admit(channel, MISSING, [identity])
        self.old_channels.setdefault(channel, identities or MISSING)
        self.channels[channel] = [*identities, identity]

    def renew_identity(self, channel: str, position: int, value: Address, companions: Companions) -> None:
        """Renew the identity at that position, if anything about it changes."""
        self.put_identity(
            channel, position, renewed(RULES[channel], self.channels[channel][position], value, companions)
        )

    def put_identity(self, channel: str, position: int, identity: Identity) -> None:
        """Put an identity in the place of the one at that position, unless it is the same object."""
        identities = self.channels[channel]
        stored = identities[position]
        if identity is not stored:
            if self.gauge:
                self.gauge.admit_instead(channel, stored, identity)
            self.old_channels.setdefault(channel, identities)
            self.channels[channel] = [*identities[:position], identity, *identities[position + 1 :]]

    def remove_identities(self, channel: str, value: Json, operand: dict[str, Json]) -> None:
        """Remove the identities that one `$remove` names; InvalidValue if it is wrong as a whole."""
        rule = RULES[channel]
        provider = read_companions(operand, rule).id_provider if rule.providers else None
        identities = self.channels.get(channel)
        unwanted: set[Hashable] = set()
        for element in value if type(value) is list else [value]:
            try:
                self.spend(rule.removal_units(element))
                unwanted |= self.unwanted_keys(rule, element, identities or [])
            except InvalidValue as problem:
                self.refusals.refuse(problem.code, REMOVE, channel, problem.reason, element)
                self.spend(UNITS_PER_REFUSED)
        self.accepted |= bool(unwanted)
        if not unwanted or identities is None:
            return
        self.spend(len(identities) * UNITS_PER_IDENTITY)
        kept: list[Identity] = []
        removed: list[Identity] = []
        for identity in identities:
            goes = rule.key(identity.value) in unwanted and provider in {None, identity.id_provider}
            (removed if goes else kept).append(identity)
        if not kept:
            self.unset_channel(channel)
        elif removed:
            if self.gauge:
                self.gauge.release_elements(channel, removed, left=len(kept))
            self.old_channels.setdefault(channel, identities)
            self.channels[channel] = kept

    def unwanted_keys(self, rule: ChannelRule, value: Json, identities: list[Identity]) -> set[Hashable]:
        """Return the keys of what a value names; InvalidValue if it names nothing."""
        try:
            return removal_keys(rule, value)
        except InvalidValue:
            self.spend(len(identities) * UNITS_PER_IDENTITY)
            if not repeats_stored(value, identities):
                raise
            return {rule.key(value)}

    def report(self, operand: Json) -> None:
        """Set the status of an identity as delivery feedback says; refuse it if the profile has no such identity."""
        report = read_operand(operand)
        if report is None:
            self.refusals.note(Code.INVALID_OPERAND, CHANNEL_STATUS, "not feedback", {CHANNEL_STATUS: operand})
            return
        channel, rule = report.channel, RULES[report.channel]
        identities = self.channels.get(channel, [])
        problem, found = InvalidValue(Code.IDENTITY_NOT_FOUND, "the profile does not have this address"), False
        try:
            self.spend(rule.removal_units(report.value) + len(identities) * UNITS_PER_IDENTITY)
            wanted = self.unwanted_keys(rule, report.value, identities)
            for position, identity in enumerate(identities):
                if rule.key(identity.value) in wanted:
                    self.put_identity(channel, position, reported(identity, report))
                    found = True
        except InvalidValue as other:
            problem, found = other, False
        if found:
            self.accepted = True
        else:
            self.refusals.refuse(problem.code, CHANNEL_STATUS, channel, problem.reason, report.value)

    def unset_channel(self, channel: str) -> None:
        """Remove all identities of a channel."""
        identities = self.channels.get(channel)
        if identities is not None:
            if self.gauge:
                self.gauge.release(channel, identities)
            del self.channels[channel]
            self.old_channels.setdefault(channel, identities)
