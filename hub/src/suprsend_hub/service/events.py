"""Identity events: edits of users, and of users within tenants, as every SDK sends them."""

from collections.abc import Mapping, Sequence

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.recipient import GLOBAL, USERS, RecipientKey
from suprsend_hub.service.credentials import Workspace
from suprsend_hub.service.tenant_numbers import TenantNumbers
from suprsend_hub.service.tenants import is_gone, tenant_not_found
from suprsend_hub.service.writing import Batcher, Edit, Outcome, RejectedRecord


class EventService:
    """Applies identity events. One instance per process."""

    def __init__(self, batcher: Batcher, numbers: TenantNumbers, *, ulids: UlidFactory) -> None:
        self._batcher = batcher
        self._numbers = numbers
        self._ulids = ulids

    async def apply_one(self, actor: Actor, workspace: Workspace, event: IdentityEvent, *, size_bytes: int) -> None:
        """Apply one event; on return, it is committed.

        Raises:
            NotFound: there is no such tenant.
            InvalidRequest: the user is linked with another tenant, in a workspace that allows one.
        """
        for anew in (False, True):
            numbers = await self._numbers.find(workspace.workspace_id, _named([event]), anew=anew)
            if not _is_known(event, numbers):
                break
            [outcome] = await self._submit(actor, workspace, [event], [], numbers, size_bytes=size_bytes)
            if outcome.error is None:
                return
            if not is_gone(outcome.error):
                raise outcome.error
        raise tenant_not_found(event.tenant_id or "")

    async def apply(
        self,
        actor: Actor,
        workspace: Workspace,
        events: Sequence[IdentityEvent],
        rejects: Sequence[RejectedRecord],
        *,
        size_bytes: int,
    ) -> None:
        """Apply events in order. On return, applied ones are committed, and the others are in the log."""
        pending, records, anew = events, rejects, False
        while pending or records:
            numbers = await self._numbers.find(workspace.workspace_id, _named(pending), anew=anew)
            known = [event for event in pending if _is_known(event, numbers)]
            lost = [_lost(actor, workspace, event) for event in pending if not _is_known(event, numbers)]
            outcomes = await self._submit(
                actor, workspace, known, [*records, *lost], numbers, size_bytes=0 if anew else size_bytes
            )
            pending = [event for event, outcome in zip(known, outcomes, strict=True) if is_gone(outcome.error)]
            records, anew = [], True

    async def _submit(
        self,
        actor: Actor,
        workspace: Workspace,
        events: Sequence[IdentityEvent],
        rejects: Sequence[RejectedRecord],
        numbers: Mapping[str, int],
        *,
        size_bytes: int,
    ) -> list[Outcome]:
        edits = [
            Edit(
                RecipientKey(
                    workspace.workspace_id,
                    USERS,
                    event.distinct_id,
                    GLOBAL if event.tenant_id is None else numbers[event.tenant_id],
                ),
                event.insert_key or self._ulids.new(),
                event.operations,
                actor,
                size_bytes=event.size_bytes,
                exclusive=workspace.tenancy.is_exclusive,
            )
            for event in events
        ]
        return await self._batcher.submit(workspace.workspace_id, edits, rejects, size_bytes=size_bytes)


def _named(events: Sequence[IdentityEvent]) -> set[str]:
    """Return the tenants that events name."""
    return {event.tenant_id for event in events if event.tenant_id is not None}


def _is_known(event: IdentityEvent, numbers: Mapping[str, int]) -> bool:
    return event.tenant_id is None or event.tenant_id in numbers


def _lost(actor: Actor, workspace: Workspace, event: IdentityEvent) -> RejectedRecord:
    error = tenant_not_found(event.tenant_id or "")
    record = {
        "distinct_id": event.distinct_id,
        "tenant_id": event.tenant_id,
        "$user_operations": event.operations,
    }
    return RejectedRecord(
        RecipientKey.user(workspace.workspace_id, event.distinct_id), error.code, error.message, record, actor
    )
