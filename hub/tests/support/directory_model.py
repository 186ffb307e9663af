"""A directory in plain Python: who exists, what they have for each tenant, and where old ids lead. Knows no hub.

Profiles are keyed by the number of a tenant's life, 0 being the global one.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field

GLOBAL = 0


@dataclass
class Content:
    """What a profile holds: properties, the e-mail addresses in order, and choices by channel."""

    properties: dict[str, int] = field(default_factory=dict)
    emails: list[str] = field(default_factory=list)
    choices: dict[str, bool] = field(default_factory=dict)

    def missing_in(self, other: Content) -> Content:
        """Return what the other one takes over in a merge."""
        return Content(
            {key: value for key, value in self.properties.items() if key not in other.properties},
            [email for email in self.emails if email not in other.emails],
            {key: value for key, value in self.choices.items() if key not in other.choices},
        )

    def add(self, taken: Content) -> None:
        """Take over."""
        self.properties |= taken.properties
        self.emails += taken.emails
        self.choices |= taken.choices

    def give_back(self, taken: Content) -> None:
        """Lose what was taken over and is the same."""
        self.properties = {k: v for k, v in self.properties.items() if (k, v) not in taken.properties.items()}
        self.emails = [email for email in self.emails if email not in taken.emails]
        self.choices = {k: v for k, v in self.choices.items() if (k, v) not in taken.choices.items()}


@dataclass
class Doc:
    """A profile. One that is not linked is there for its choices only."""

    content: Content = field(default_factory=Content)
    linked: bool = True


@dataclass
class Part:
    """What a merge did to the profile for one tenant."""

    secondary: Doc
    taken: Content
    primary_was: bool | None
    """Whether the primary's was linked; None if it had none."""


@dataclass
class Merge:
    """A merge that may be taken back."""

    primary: str
    parts: dict[int, Part]
    groups: set[str]
    former_ids: set[str]
    direct: bool = True
    """Whether the primary's history still has it: false once the primary was merged itself."""


class Model:
    """One workspace."""

    def __init__(self, *, makes_alias: bool) -> None:
        self.makes_alias = makes_alias
        self.users: dict[str, dict[int, Doc]] = {}
        self.tenants: dict[str, int] = {}
        self.aliases: dict[str, str] = {}
        self.merges: dict[str, Merge] = {}
        self.groups: dict[str, set[str]] = {}
        """Subscribers of each object and members of each list."""

    def reach(self, name: str) -> str:
        """Return the user that an edit for the id reaches or creates."""
        return name if name in self.users else self.aliases.get(name, name)

    def doc(self, name: str, number: int = GLOBAL, *, linked: bool = True) -> Doc:
        """Return the profile that an edit changes, created if need be."""
        profiles = self.users.setdefault(self.reach(name), {GLOBAL: Doc()})
        found = profiles.setdefault(number, Doc(linked=False))
        found.linked |= linked
        return found

    def unlink(self, name: str, number: int) -> bool:
        """End a link; choices stay. Tell whether there was one."""
        found = self.users.get(name, {}).get(number)
        if found is None or not found.linked:
            return False
        found.linked, found.content.properties, found.content.emails = False, {}, []
        if not found.content.choices:
            del self.users[name][number]
        return True

    def end_tenant(self, tenant_id: str) -> None:
        number = self.tenants.pop(tenant_id)
        for profiles in self.users.values():
            profiles.pop(number, None)

    def end(self, name: str) -> None:
        """Delete a user, with what leads to them."""
        del self.users[name]
        self.aliases = {old: new for old, new in self.aliases.items() if new != name}
        self.merges = {old: merge for old, merge in self.merges.items() if name not in (merge.primary, old)}
        for group in self.groups.values():
            group.discard(name)

    def former_ids(self, name: str) -> set[str]:
        """Return the ids that lead to a user, or were merged into it."""
        return {old for old, new in self.aliases.items() if new == name} | {
            old for old, merge in self.merges.items() if merge.primary == name
        }

    def hand_over(self, former_ids: set[str], old: str, new: str) -> None:
        """Let ids lead to the new user that led to the old one."""
        for each in former_ids:
            if self.aliases.get(each) == old:
                self.aliases[each] = new
            if each in self.merges and self.merges[each].primary == old:
                self.merges[each].primary = new

    def merge(self, primary: str, secondary: str) -> None:
        parts: dict[int, Part] = {}
        for number, theirs in self.users[secondary].items():
            ours = self.users[primary].get(number)
            taken = theirs.content.missing_in(ours.content if ours else Content())
            parts[number] = Part(copy.deepcopy(theirs), copy.deepcopy(taken), ours.linked if ours else None)
            ours = self.users[primary].setdefault(number, Doc(linked=False))
            ours.content.add(taken)
            ours.linked |= theirs.linked
        merge = Merge(primary, parts, set(), self.former_ids(secondary))
        for name, group in self.groups.items():
            if secondary in group:
                merge.groups.add(name)
                group.add(primary)
        for each in merge.former_ids & self.merges.keys():
            self.merges[each].direct = False
        self.hand_over(merge.former_ids, secondary, primary)
        self.end(secondary)
        self.merges[secondary] = merge
        if self.makes_alias:
            self.aliases[secondary] = primary

    def can_unmerge(self, primary: str, secondary: str) -> bool:
        """Tell whether a merge can be taken back."""
        merge = self.merges.get(secondary)
        return merge is not None and merge.primary == primary and merge.direct and secondary not in self.users

    def unmerge(self, primary: str, secondary: str) -> None:
        """Take a merge back, for all but subscribers and members."""
        merge, ours = self.merges.pop(secondary), self.users[primary]
        live = {GLOBAL, *self.tenants.values()}
        self.users[secondary] = {number: part.secondary for number, part in merge.parts.items() if number in live}
        for number, part in merge.parts.items():
            if number not in ours:
                continue
            content = ours[number].content
            content.give_back(part.taken)
            stays = part.primary_was or bool(content.properties or content.emails)
            ours[number].linked &= stays
            if part.primary_was is None and content == Content():
                del ours[number]
        self.aliases.pop(secondary, None)
        self.hand_over(merge.former_ids, primary, secondary)

    def can_rename(self, old: str, new: str) -> bool:
        """Tell whether a user may get an id: nobody has it, and it leads nowhere else."""
        return old in self.users and new not in self.users and self.aliases.get(new, old) == old

    def rename(self, old: str, new: str) -> None:
        former_ids = self.former_ids(old) - {new}
        for group in self.groups.values():
            if old in group:
                group.add(new)
        self.users[new] = self.users[old]
        self.hand_over(former_ids, old, new)
        self.end(old)
        self.merges.pop(new, None)
        self.aliases.pop(new, None)
        self.aliases[old] = new

    def links(self) -> Counter[int]:
        """Count the users of each tenant."""
        return Counter(number for docs in self.users.values() for number, doc in docs.items() if number and doc.linked)
