"""Identity events: edits of users, and of users within tenants, as every SDK sends them."""

from collections.abc import Iterable, Mapping, Sequence

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.event import IdentityEvent
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.recipient import GLOBAL, USERS, RecipientKey
from suprsend_hub.domain.work import work_of_each
from suprsend_hub.service.credentials import Workspace
from suprsend_hub.service.tenant_numbers import TenantNumbers
from suprsend_hub.service.tenants import is_gone, tenant_not_found
from suprsend_hub.service.writing import Batcher, Edit, EditStatus, Outcome, RejectedRecord


class EventService:
    """Applies identity events. One instance per process."""

    def __init__(self, batcher: Batcher, numbers: TenantNumbers, *, ulids: UlidFactory) -> None:
        self._batcher = batcher
        self._numbers = numbers
        self._ulids = ulids

    async def apply_one(self, actor: Actor, workspace: Workspace, event: IdentityEvent, *, size_bytes: int) -> Outcome:
        """Apply one event; on return, it is committed, unless the outcome has an error: nothing of it could be applied.

        Raises:
            NotFound: there is no such tenant.
            InvalidRequest: the user is linked with another tenant, in a workspace that allows one.
        """
        for anew in (False, True):
            numbers = await self._numbers.find(workspace.workspace_id, _named([event]), anew=anew)
            if not _is_known(event, numbers):
                break
            [outcome] = await self._submit(actor, workspace, [event], [], numbers, size_bytes=size_bytes)
            if outcome.error is not None and outcome.error.code is Code.TIED_TO_ANOTHER_TENANT:
                raise outcome.error
            if not is_gone(outcome.error):
                return outcome
        raise tenant_not_found(event.tenant_id or "")

    async def apply(
        self,
        actor: Actor,
        workspace: Workspace,
        events: Sequence[IdentityEvent],
        rejects: Sequence[RejectedRecord],
        *,
        size_bytes: int,
    ) -> list[Outcome]:
        """Apply events in order. On return, applied ones are committed, and the others are in the log.

        Returns an outcome per event. One with an error was refused as a whole: nothing of it could be applied.
        """
        outcomes: dict[int, Outcome] = {}
        pending, records, anew = dict(enumerate(events)), rejects, False
        while pending or records:
            numbers = await self._numbers.find(workspace.workspace_id, _named(pending.values()), anew=anew)
            known = {index: event for index, event in pending.items() if _is_known(event, numbers)}
            lost = {index: event for index, event in pending.items() if index not in known}
            answers = await self._submit(
                actor,
                workspace,
                list(known.values()),
                [*records, *(_lost(actor, workspace, event) for event in lost.values())],
                numbers,
                size_bytes=0 if anew else size_bytes,
            )
            for index, event in lost.items():
                error = tenant_not_found(event.tenant_id or "")
                outcomes[index] = Outcome(EditStatus.APPLIED, None, error=error)
            outcomes |= zip(known, answers, strict=True)
            pending = {index: event for index, event in known.items() if is_gone(outcomes[index].error)}
            records, anew = [], True
        return [outcomes[index] for index in range(len(events))]

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
        max_work = work_of_each(len(events))
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
                max_work=max_work,
                exclusive=workspace.tenancy.is_exclusive,
            )
            for event in events
        ]
        return await self._batcher.submit(workspace.workspace_id, edits, rejects, size_bytes=size_bytes)


def _named(events: Iterable[IdentityEvent]) -> set[str]:
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
        RecipientKey.user(workspace.workspace_id, event.distinct_id),
        error.code,
        error.message,
        mask_secrets(record),
        actor,
    )
