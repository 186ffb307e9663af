"""Edits for tenants, in a batch: the tenant must live, the user must exist, and may be tied to another tenant.

Pure: what the database knows comes as arguments. The writer asks in this order, because each step needs the one before:
`of_dead_tenants`, `add_users`, `without_user`, `of_other_tenants`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, NotFound
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey, not_found
from suprsend_hub.domain.tenancy import tied_to_another
from suprsend_hub.service.writing.batch import Batch
from suprsend_hub.service.writing.edit import Edit
from suprsend_hub.service.writing.group import Entry, Folding, Group


class Refused(NamedTuple):
    """Edits of a group that must not be applied."""

    group: Group
    entries: Sequence[Entry]
    error: DomainError


def tenant_groups(batch: Batch) -> list[Group]:
    """Return the groups of profiles for tenants that have edits to apply, in lock order."""
    return [group for group in batch.groups if group.key.tenant_no != GLOBAL and group.accepted()]


def of_dead_tenants(batch: Batch, alive: Collection[RecipientKey]) -> list[Refused]:
    """Return the edits for tenants that were deleted after their numbers had been looked up."""
    return [
        Refused(group, group.accepted(), tenant_is_gone()) for group in tenant_groups(batch) if group.key not in alive
    ]


def add_users(
    batch: Batch, existing: Collection[RecipientKey], new_id: Callable[[], UUID]
) -> Folding[list[tuple[Group, Entry]]]:
    """Add to the batch the users that events for tenants create; return what was added.

    `existing` are the keys of users that exist. The creation is an edit without operations of its own, so that the
    user's history says who caused it.
    """
    of_tenants = tenant_groups(batch)
    if not of_tenants:
        return []
    added = []
    groups = {group.key: group for group in batch.groups}
    for group in of_tenants:
        causes = [entry for entry in group.accepted() if not _needs_user(entry.edit)]
        key = group.key.recipient
        own = groups.get(key)
        if not causes or key in existing or (own is not None and _creates(own)):
            continue
        edit_id = new_id()
        entry = Entry(Edit(key, edit_id, [], causes[0].edit.actor), edit_id)
        if own is None:
            own = groups[key] = Group(key, group.now, [entry])
        else:
            own.entries.append(entry)
        yield from own.fold()
        added.append((own, entry))
    if added:
        batch.groups = sorted(groups.values(), key=lambda each: each.key)
    return added


def without_user(batch: Batch, existing: Collection[RecipientKey]) -> list[Refused]:
    """Return the edits that create no user, of users that neither exist nor are created in this batch."""
    created = {group.key for group in batch.groups if _creates(group)}
    return [
        Refused(group, needing, not_found(group.key.recipient))
        for group in tenant_groups(batch)
        if group.key.recipient not in existing
        and group.key.recipient not in created
        and (needing := [entry for entry in group.accepted() if _needs_user(entry.edit)])
    ]


def new_links(batch: Batch) -> list[Group]:
    """Return the groups that link a user with a tenant where only one link is allowed, in order of arrival."""
    order = {id(entry): position for position, entry in enumerate(batch.entries)}
    groups = [
        group
        for group in tenant_groups(batch)
        if group.linked and not _is_linked(group) and any(entry.edit.exclusive for entry in group.accepted())
    ]
    return sorted(groups, key=lambda group: min(order.get(id(entry), len(order)) for entry in group.accepted()))


def of_other_tenants(batch: Batch, links: Mapping[RecipientKey, Collection[int]]) -> list[Refused]:
    """Return the edits that would link a user with a second tenant; `links` are those of the locked users."""
    refused = []
    linked = {key: set(numbers) for key, numbers in links.items()}
    for group in new_links(batch):
        numbers = linked.setdefault(group.key.recipient, set())
        if numbers - {group.key.tenant_no}:
            entries = [entry for entry in group.accepted() if entry.edit.exclusive]
            refused.append(Refused(group, entries, tied_to_another()))
        else:
            numbers.add(group.key.tenant_no)
    return refused


def companions(batch: Batch, refused: Sequence[Refused]) -> list[Refused]:
    """Return the other edits that belong together with refused ones, which must not be applied either."""
    errors = {id(entry.edit.together): each.error for each in refused for entry in each.entries if entry.edit.together}
    known = {id(entry) for each in refused for entry in each.entries}
    return [
        Refused(group, [entry], errors[id(entry.edit.together)])
        for group in batch.groups
        for entry in (group.accepted() if errors else ())
        if id(entry.edit.together) in errors and id(entry) not in known
    ]


def loss(entry: Entry) -> DomainError | None:
    """Return why an edit was refused whose caller may get no answer about it, so that the log has to say so.

    An event for a tenant that is gone is not lost yet: its caller looks the tenant up again.
    """
    barred = entry.barred
    if barred is None or entry.edit.strict or barred.code is not Code.TIED_TO_ANOTHER_TENANT:
        return None
    return barred


def tenant_is_gone() -> NotFound:
    """Return the error for a number whose tenant has been deleted. The caller knows the tenant's id."""
    return NotFound("the tenant has been deleted", code=Code.TENANT_NOT_FOUND)


def _creates(group: Group) -> bool:
    """Tell whether the group leaves a profile, also if the one that it was folded onto has been deleted since."""
    return group.folded is not None and any(not entry.edit.chooses for entry in group.accepted())


def _needs_user(edit: Edit) -> bool:
    return edit.needs_user or edit.by_hub


def _is_linked(group: Group) -> bool:
    return group.stored is not None and group.stored.linked
