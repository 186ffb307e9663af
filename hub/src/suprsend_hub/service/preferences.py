"""Preferences of recipients: what is in force for them, and their choices.

Choices are stored per recipient and tenant and changed by the write path, like every other part of a profile. Without a
tenant the default tenant is meant, whose choices are those of the global profile.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.audit import Action, Change
from suprsend_hub.domain.categories import CategoryDocument, PlacedCategory
from suprsend_hub.domain.choice_rules import check_operation, check_operations, check_override, unknown_categories
from suprsend_hub.domain.choices import NO_CHOICES, Operation, SetCategory, operation_to_json
from suprsend_hub.domain.choices import decode as decode_choices
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest, NotFound
from suprsend_hub.domain.evaluation import ChannelPolicy
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.domain.limits import MAX_BULK_CHOICES
from suprsend_hub.domain.mistakes import Mistake, by_path
from suprsend_hub.domain.preference_views import Viewpoint
from suprsend_hub.domain.recipient import GLOBAL, RecipientKey, not_found
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.domain.tenant_categories import NO_OVERRIDES, SetOverride, TenantCategories, decode_blocked_channels
from suprsend_hub.domain.tenant_categories import apply as apply_override
from suprsend_hub.domain.tenant_categories import decode as decode_overrides
from suprsend_hub.domain.tenant_categories import encode as encode_overrides
from suprsend_hub.domain.tenant_categories import operation_to_json as override_to_json
from suprsend_hub.domain.wire import PREFERENCE, Json
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.categories import active_channels
from suprsend_hub.service.category_cache import CategoryCache
from suprsend_hub.service.profile_reader import ProfileReader
from suprsend_hub.service.successors import gone
from suprsend_hub.service.writing import Batcher, Edit, RateLimits, RequestKey
from suprsend_hub.store import categories
from suprsend_hub.store.categories import PreferenceSettings
from suprsend_hub.store.database import Connection, Database

DEFAULT_TENANT: Final = "default"
"""The tenant that is meant where none is named."""
USERS_OF_TRANSACTION: Final = 200


@dataclass(frozen=True, slots=True)
class TenantView:
    """The categories as a tenant has them: the document, what the tenant sets, which channels are allowed.

    `tenant_no` is that of the choices, which is GLOBAL without a tenant and for the default tenant. `settings` are
    those of the tenant that is meant, with its own number.
    """

    document: CategoryDocument
    overrides: TenantCategories
    policy: ChannelPolicy
    tenant_no: int
    settings: PreferenceSettings

    def find(self, slug: str) -> PlacedCategory:
        """Return a category.

        Raises:
            NotFound: the workspace has no such category.
        """
        placed = self.document.find(slug)
        if placed is None:
            raise category_not_found(slug)
        return placed


@dataclass(frozen=True, slots=True)
class PreferenceView:
    """What is in force for a recipient: the categories, and what applies to the recipient."""

    tenant: TenantView
    viewpoint: Viewpoint

    @property
    def document(self) -> CategoryDocument:
        """Return the categories."""
        return self.tenant.document


class PreferenceService:
    """The preferences of all recipients. One instance per process."""

    def __init__(
        self,
        database: Database,
        batcher: Batcher,
        audit: AuditLog,
        rate_limits: RateLimits,
        *,
        now: Callable[[], datetime],
        ulids: UlidFactory,
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._audit = audit
        self._rate_limits = rate_limits
        self._now = now
        self._ulids = ulids
        self._reader = ProfileReader(database)
        self._cache = CategoryCache(database)

    async def tenant_view(
        self, workspace_id: int, tenant_id: str | None, *, locale: str | None = None, patiently: bool = False
    ) -> TenantView:
        """Return the categories as a tenant has them; None is the default tenant.

        `patiently`: wait out a short absence of the database, as the write does that follows.

        Raises:
            NotFound: there is no such tenant.
        """
        find = partial(categories.find_settings, workspace_id=workspace_id, tenant_id=tenant_id or DEFAULT_TENANT)
        if patiently:
            settings = await self._database.run(find)
        else:
            async with self._database.connection() as connection:
                settings = await find(connection)
        tenant_no = GLOBAL
        if tenant_id is not None and tenant_id != DEFAULT_TENANT:
            if settings.tenant_no is None:
                raise tenant_not_found(tenant_id)
            tenant_no = settings.tenant_no
        document = await self._cache.document(workspace_id, settings, locale)
        return TenantView(document, _overrides(settings), _policy(settings), tenant_no, settings)

    async def view(self, key: RecipientKey, tenant_id: str | None, *, locale: str | None = None) -> PreferenceView:
        """Return what is in force for a recipient.

        Raises:
            NotFound: there is no such recipient or tenant.
        """
        tenant = await self.tenant_view(key.workspace_id, tenant_id, locale=locale)
        profile = (
            await self._reader.find(key) if tenant.tenant_no == GLOBAL else await self._find(key, tenant.tenant_no)
        )
        if profile is None:
            async with self._database.connection() as connection:
                raise await gone(connection, key)
        return _view(tenant, profile)

    async def _find(self, key: RecipientKey, tenant_no: int) -> StoredProfile | None:
        """Return the profile for a tenant, or the global one without its choices; None for an unknown recipient."""
        found, own = await asyncio.gather(self._reader.find(key), self._reader.find(key._replace(tenant_no=tenant_no)))
        return own if own is not None or found is None else msgspec.structs.replace(found, preferences=None)

    async def choose(
        self,
        actor: Actor,
        key: RecipientKey,
        operations: Sequence[Operation],
        tenant: TenantView,
        *,
        request: RequestKey | None = None,
        single: bool = False,
    ) -> PreferenceView:
        """Apply what a recipient chooses, all or nothing; return what is in force then.

        Get `tenant` from `tenant_view`. With a `request` that is known, nothing is applied. `single`: as in `check`.

        Raises:
            NotFound: there is no such recipient or category.
            InvalidRequest: a category does not allow the choice; or there is no room for it in the profile.
        """
        check(operations, tenant, single=single)
        edit = self._edit(actor, key, _changes(operations), tenant.tenant_no, request)
        [outcome] = await self._batcher.submit(key.workspace_id, [edit])
        if outcome.error is not None:
            raise outcome.error
        if outcome.profile is None:  # a known edit of a recipient who has been deleted since
            raise not_found(key)
        return _view(tenant, outcome.profile)

    async def choose_for_many(
        self,
        actor: Actor,
        workspace_id: int,
        distinct_ids: Sequence[str],
        operations: Sequence[Operation],
        tenant: TenantView,
    ) -> int:
        """Apply the same choices to each of the users; skip unknown ones. Return how many there are.

        Raises:
            NotFound: there is no such category.
            InvalidRequest: a category does not allow the choice, or the request asks for too much; or there is no room
                in one of the profiles, after the choices of all the others have been applied.
        """
        check(operations, tenant, single=False)
        if len(distinct_ids) * len(operations) > MAX_BULK_CHOICES:
            raise InvalidRequest(
                f"a request may make at most {MAX_BULK_CHOICES} choices, users times categories; "
                "send the rest in another request",
                code=Code.TOO_MANY_IDS,
            )
        changes = _changes(operations)
        size_bytes = len(msgspec.json.encode(changes))
        errors: list[DomainError] = []
        applied = 0
        for step in _steps(distinct_ids):
            edits = [
                self._edit(actor, RecipientKey.user(workspace_id, each), changes, tenant.tenant_no, None)
                for each in step
            ]
            outcomes = await self._batcher.submit(workspace_id, edits, size_bytes=size_bytes * len(step))
            refused = [outcome.error for outcome in outcomes if outcome.error is not None]
            applied += len(outcomes) - len(refused)
            errors += [error for error in refused if not isinstance(error, NotFound)]
        if errors:
            raise errors[0]
        return applied

    async def override(
        self, actor: Actor, workspace_id: int, tenant_id: str, operation: SetOverride, *, locale: str | None = None
    ) -> TenantView:
        """Change what a tenant sets for a category; return the categories as the tenant has them then.

        Raises:
            NotFound: there is no such tenant or category.
            InvalidRequest: the category does not allow the setting.
        """
        self._rate_limits.admit(workspace_id, 1)
        tenant = await self.tenant_view(workspace_id, tenant_id, locale=locale, patiently=True)
        mistakes = check_override(operation, tenant.find(operation.category))
        if mistakes:
            raise not_editable(mistakes)
        operation = msgspec.structs.replace(operation, updated_at=self._now())

        async def use(connection: Connection) -> TenantCategories:
            stored = await categories.lock_tenant(connection, workspace_id, tenant_id)
            if stored is None:
                raise tenant_not_found(tenant_id)
            overrides = apply_override(decode_overrides(stored), operation)
            await categories.set_tenant(connection, workspace_id, tenant_id, encode_overrides(overrides))
            change = Change(Action.TENANT_PREFERENCE, tenant_id, detail=override_to_json(operation))
            await self._audit.record(connection, actor, workspace_id, change)
            return overrides

        return replace(tenant, overrides=await self._database.run(use))

    def _edit(
        self, actor: Actor, key: RecipientKey, changes: list[Json], tenant_no: int, request: RequestKey | None
    ) -> Edit:
        """Return the edit of the profile with the choices. It is refused if there is no such recipient."""
        insert_key = self._ulids.new() if request is None else request.key
        key = key._replace(tenant_no=tenant_no)
        return Edit(key, insert_key, changes, actor, strict=True, request=request, chooses=True)


def _changes(operations: Iterable[Operation]) -> list[Json]:
    return [{PREFERENCE: operation_to_json(operation)} for operation in operations]


def check(operations: Sequence[Operation], tenant: TenantView, *, single: bool) -> None:
    """Check choices against the categories. `single`: paths of mistakes are those of a body about one category.

    Raises:
        NotFound: there is no such category.
        InvalidRequest: a category does not allow the choice; `detail` names it by its path.
    """
    for slug in unknown_categories(operations, tenant.document):
        raise category_not_found(slug)
    if single:
        [operation] = operations
        assert isinstance(operation, SetCategory)
        placed = tenant.find(operation.category)
        mistakes = check_operation(operation, placed, tenant.overrides.find(operation.category))
    else:
        mistakes = check_operations(operations, tenant.document, tenant.overrides)
    if mistakes:
        raise not_editable(mistakes)


def not_editable(mistakes: Sequence[Mistake]) -> InvalidRequest:
    """Return the error for choices that categories do not allow: its message is the detail as text, as published."""
    detail = by_path(mistakes)
    return InvalidRequest(msgspec.json.encode(detail).decode(), code=Code.PREFERENCE_NOT_EDITABLE, detail=detail)


def category_not_found(slug: str) -> NotFound:
    """Return the error for an unknown category, in upstream's words."""
    return NotFound(f"category '{slug}' not found", code=Code.CATEGORY_NOT_FOUND)


def tenant_not_found(tenant_id: str) -> NotFound:
    """Return the error for an unknown tenant, in upstream's words."""
    return NotFound(f"tenant '{tenant_id}' not found", code=Code.TENANT_NOT_FOUND)


def _view(tenant: TenantView, profile: StoredProfile) -> PreferenceView:
    choices = NO_CHOICES if profile.preferences is None else decode_choices(profile.preferences)
    return PreferenceView(tenant, Viewpoint(choices, tenant.overrides, tenant.policy))


def _overrides(settings: PreferenceSettings) -> TenantCategories:
    return NO_OVERRIDES if settings.preferences is None else decode_overrides(settings.preferences)


def _policy(settings: PreferenceSettings) -> ChannelPolicy:
    return ChannelPolicy(
        frozenset(active_channels(settings.active_channels)),
        frozenset() if settings.settings is None else decode_blocked_channels(settings.settings),
    )


def _steps(distinct_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(distinct_ids), USERS_OF_TRANSACTION):
        yield distinct_ids[start : start + USERS_OF_TRANSACTION]
