"""All services of one process, by name. `app.build_services` wires them, and every face receives them.

A separate module, because the package's root would load every service with the first one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from suprsend_hub.service.audit import AuditLog
from suprsend_hub.service.categories import CategoryService
from suprsend_hub.service.console_access import ConsoleAccessService
from suprsend_hub.service.console_search import ConsoleSearchService
from suprsend_hub.service.console_users import ConsoleUserService
from suprsend_hub.service.credentials import CredentialService
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
from suprsend_hub.service.subscriptions import SubscriptionService
from suprsend_hub.service.sweeper import Sweeper
from suprsend_hub.service.tenancy import TenancyService
from suprsend_hub.service.tenant_profiles import TenantProfileService
from suprsend_hub.service.tenants import TenantService
from suprsend_hub.service.unmerging import UnmergeService
from suprsend_hub.service.workspace_deletion import WorkspaceDeletionService
from suprsend_hub.service.workspaces import WorkspaceService
from suprsend_hub.service.writing import Batcher
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
