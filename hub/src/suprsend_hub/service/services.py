"""All services of one process, by name, and how they are wired. Every face receives them.

`app.build_services` makes the parts from the settings. A separate module, because the package's root would load every
service with the first one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.categories import CategoryService
from suprsend_hub.service.console_access import ConsoleAccessService
from suprsend_hub.service.console_search import ConsoleSearchService
from suprsend_hub.service.console_tokens import TokenSigner
from suprsend_hub.service.console_users import ConsoleUserService
from suprsend_hub.service.credentials import CredentialService
from suprsend_hub.service.deleting import sweep_dead_objects
from suprsend_hub.service.events import EventService
from suprsend_hub.service.feedback import FeedbackService
from suprsend_hub.service.health import HealthService
from suprsend_hub.service.lists import ListService
from suprsend_hub.service.maintenance import MaintenanceService
from suprsend_hub.service.merging import MergeService
from suprsend_hub.service.preferences import PreferenceService
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.rejected import RejectedService
from suprsend_hub.service.renaming import RenameService
from suprsend_hub.service.resolving import ResolvingService
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.subscriptions import SubscriptionService
from suprsend_hub.service.sweeper import Sweeper
from suprsend_hub.service.tenancy import TenancyService
from suprsend_hub.service.tenant_numbers import TenantNumbers
from suprsend_hub.service.tenant_profiles import TenantProfileService
from suprsend_hub.service.tenants import TenantService
from suprsend_hub.service.unmerging import UnmergeService
from suprsend_hub.service.workspace_deletion import WorkspaceDeletionService
from suprsend_hub.service.workspaces import WorkspaceService
from suprsend_hub.service.writing import Batcher, RateLimits
from suprsend_hub.store.database import Database

SERVICES: Final = "services"
"""Name of the services in the state of the application, where requests find them."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one process.

    `database`, `batcher` and `sweeper` have a lifetime: `app` and the commands open and start them. Faces call the
    others. `public_url`: where clients reach the hub, if the operator has set it. `allowed_hosts`: the only
    host names that the hub answers under, if there are any. `trusted_proxies`: networks of the reverse proxies whose
    `X-Forwarded-…` headers are believed.
    """

    database: Database
    batcher: Batcher
    sweeper: Sweeper
    audit: AuditLog
    categories: CategoryService
    console_access: ConsoleAccessService
    console_search: ConsoleSearchService
    console_users: ConsoleUserService
    credentials: CredentialService
    events: EventService
    feedback: FeedbackService
    health: HealthService
    lists: ListService
    maintenance: MaintenanceService
    merging: MergeService
    recipients: RecipientService
    preferences: PreferenceService
    rejected: RejectedService
    renaming: RenameService
    resolving: ResolvingService
    subscriptions: SubscriptionService
    unmerging: UnmergeService
    tenancy: TenancyService
    tenant_profiles: TenantProfileService
    tenants: TenantService
    workspaces: WorkspaceService
    workspace_deletion: WorkspaceDeletionService
    request_timeout_s: float
    public_url: str | None
    allowed_hosts: Sequence[str]
    trusted_proxies: Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the services of one process are made of. The last four are passed on as they are."""

    database: Database
    batcher: Batcher
    secrets: SecretBox
    signer: TokenSigner
    rate_limits: RateLimits
    ulids: UlidFactory
    now: Callable[[], datetime]
    database_patience_s: float
    request_timeout_s: float
    public_url: str | None
    allowed_hosts: Sequence[str]
    trusted_proxies: Sequence[IPv4Network | IPv6Network]


def wire(parts: Parts) -> Services:
    """Return the services, made of these parts."""
    database, batcher, secrets, ulids = parts.database, parts.batcher, parts.secrets, parts.ulids
    rate_limits, now = parts.rate_limits, parts.now
    audit = AuditLog(database, ulids=ulids)
    lists_service = ListService(database, audit, rate_limits, now=now, ulids=ulids)
    recipients = RecipientService(database, batcher, audit, rate_limits, ulids=ulids)
    numbers = TenantNumbers(database, patience_s=parts.database_patience_s)
    tenants_service = TenantService(database, audit, rate_limits, now=now)
    preferences_service = PreferenceService(database, batcher, audit, rate_limits, now=now, ulids=ulids)
    workspaces = WorkspaceService(database, secrets, audit, rate_limits, now=now, ulids=ulids)
    return Services(
        database=database,
        batcher=batcher,
        audit=audit,
        categories=CategoryService(database, audit, rate_limits, now=now),
        console_access=ConsoleAccessService(database, parts.signer, audit, now=now),
        console_search=ConsoleSearchService(database, recipients),
        console_users=ConsoleUserService(database, audit, now=now),
        credentials=CredentialService(
            database, secrets, rate_limits, now=now, database_patience_s=parts.database_patience_s
        ),
        events=EventService(batcher, numbers, ulids=ulids),
        feedback=FeedbackService(database, batcher, now=now, ulids=ulids),
        health=HealthService(
            database, secrets, queued_edits=lambda: batcher.queued_edits, write_trouble=lambda: batcher.trouble
        ),
        lists=lists_service,
        maintenance=MaintenanceService(database, audit, now=now),
        merging=MergeService(database, audit, rate_limits, now=now, ulids=ulids),
        recipients=recipients,
        preferences=preferences_service,
        rejected=RejectedService(database),
        renaming=RenameService(database, audit, rate_limits, now=now, ulids=ulids),
        resolving=ResolvingService(database, lists_service, preferences_service),
        subscriptions=SubscriptionService(database, batcher, audit, rate_limits, now=now, ulids=ulids),
        unmerging=UnmergeService(database, audit, rate_limits, now=now, ulids=ulids),
        sweeper=Sweeper([lists_service.sweep, partial(sweep_dead_objects, database), tenants_service.sweep]),
        tenancy=TenancyService(database, audit, rate_limits),
        tenant_profiles=TenantProfileService(database, batcher, numbers, audit, rate_limits, ulids=ulids),
        tenants=tenants_service,
        workspaces=workspaces,
        workspace_deletion=WorkspaceDeletionService(database, workspaces, audit, now=now),
        request_timeout_s=parts.request_timeout_s,
        public_url=parts.public_url,
        allowed_hosts=parts.allowed_hosts,
        trusted_proxies=parts.trusted_proxies,
    )
