"""Identity events: edits of users, and of users within tenants, as every SDK sends them."""

from collections.abc import Sequence

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
        outcomes = await self._submit(actor, workspace, [event], [], size_bytes=size_bytes)
        if not outcomes or is_gone(outcomes[0].error):
            outcomes = await self._submit(actor, workspace, [event], [], size_bytes=size_bytes, anew=True)
        if not outcomes or is_gone(outcomes[0].error):
            raise tenant_not_found(event.tenant_id or "")
        if outcomes[0].error is not None:
            raise outcomes[0].error

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
        known, lost = await self._known(actor, workspace, events)
        outcomes = await self._submit(actor, workspace, known, [*rejects, *lost], size_bytes=size_bytes)
        gone = [event for event, outcome in zip(known, outcomes, strict=True) if is_gone(outcome.error)]
        if gone:
            known, lost = await self._known(actor, workspace, gone, anew=True)
            await self._submit(actor, workspace, known, lost, size_bytes=0)

    async def _known(
        self, actor: Actor, workspace: Workspace, events: Sequence[IdentityEvent], *, anew: bool = False
    ) -> tuple[Sequence[IdentityEvent], list[RejectedRecord]]:
        """Return the events without those for unknown tenants, and these as records for the log."""
        named = {event.tenant_id for event in events if event.tenant_id is not None}
        unknown = named - (await self._numbers.find(workspace.workspace_id, named, anew=anew)).keys()
        if not unknown:
            return events, []
        lost = [_lost(actor, workspace.workspace_id, event) for event in events if event.tenant_id in unknown]
        return [event for event in events if event.tenant_id not in unknown], lost

    async def _submit(
        self,
        actor: Actor,
        workspace: Workspace,
        events: Sequence[IdentityEvent],
        rejects: Sequence[RejectedRecord],
        *,
        size_bytes: int,
        anew: bool = False,
    ) -> list[Outcome]:
        """Apply events and return their outcomes; none at all if a tenant of theirs is unknown."""
        named = {event.tenant_id for event in events if event.tenant_id is not None}
        numbers = await self._numbers.find(workspace.workspace_id, named, anew=anew)
        if len(numbers) < len(named) or not (events or rejects):
            return []
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


def _lost(actor: Actor, workspace_id: int, event: IdentityEvent) -> RejectedRecord:
    error = tenant_not_found(event.tenant_id or "")
    record = {
        "distinct_id": event.distinct_id,
        "tenant_id": event.tenant_id,
        "$user_operations": event.operations,
    }
    return RejectedRecord(RecipientKey.user(workspace_id, event.distinct_id), error.code, error.message, record, actor)
