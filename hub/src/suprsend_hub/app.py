"""Wires the hub: settings to pool to services to routes. The only module that knows all layers.

`create_app` is what the server's workers call; it reads the settings from the environment.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from suprsend_hub.api import events, health, lists, objects, openapi, users
from suprsend_hub.api.errors import domain_error, http_error, status_of, unexpected_error
from suprsend_hub.api.requests import SERVICES, ApiRequest, ApiServices, authenticate
from suprsend_hub.api.routing import raw_path_routing
from suprsend_hub.console import SIGN_IN_LINK, Services, console_router
from suprsend_hub.domain.errors import DomainError, InvalidRequest
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.logs import configure_logging
from suprsend_hub.request_body import BodyReader
from suprsend_hub.service.batcher import Batcher, BatcherLimits
from suprsend_hub.service.console_access import ConsoleAccessService
from suprsend_hub.service.console_search import ConsoleSearchService
from suprsend_hub.service.console_tokens import TokenSigner
from suprsend_hub.service.console_users import ConsoleUserService
from suprsend_hub.service.credentials import CredentialService
from suprsend_hub.service.edits import EditService
from suprsend_hub.service.health import HealthService
from suprsend_hub.service.lists import ListService
from suprsend_hub.service.maintenance import MaintenanceService
from suprsend_hub.service.rate_limits import RateLimits
from suprsend_hub.service.recipients import RecipientService
from suprsend_hub.service.rejected import RejectedService
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.subscriptions import SubscriptionService
from suprsend_hub.service.sweeper import Sweeper
from suprsend_hub.service.workspaces import WorkspaceService
from suprsend_hub.settings import PREFIX, Settings
from suprsend_hub.store.database import Database


def utc_now() -> datetime:
    """The clock of the hub."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Hub:
    """The services of one process, wired; `batcher` has to be started on the loop that serves."""

    database: Database
    batcher: Batcher
    console_access: ConsoleAccessService
    console_search: ConsoleSearchService
    console_users: ConsoleUserService
    credentials: CredentialService
    health: HealthService
    lists: ListService
    maintenance: MaintenanceService
    recipients: RecipientService
    rejected: RejectedService
    subscriptions: SubscriptionService
    sweeper: Sweeper
    workspaces: WorkspaceService
    request_timeout_s: float
    public_url: str | None = None


def build_hub(settings: Settings) -> Hub:
    """Wire the services. InvalidRequest, naming the setting, if a needed one is missing."""
    if settings.database_url is None:
        raise InvalidRequest(f"{PREFIX}DATABASE_URL is not set", code="missing_setting")
    if settings.master_key is None:
        raise InvalidRequest(
            f"{PREFIX}MASTER_KEY is not set; `suprsend-hub master-key` makes one", code="missing_setting"
        )
    database = Database(settings.database_url.get_secret_value(), max_size=settings.pool_size)
    secrets = SecretBox(settings.master_key.get_secret_value())
    signer = TokenSigner(settings.master_key.get_secret_value())
    ulids = UlidFactory(lambda: time.time_ns() // 1_000_000, os.urandom)
    edits = EditService(database, now=utc_now, ulids=ulids)
    rate_limits = RateLimits(monotonic=time.monotonic)
    batcher = Batcher(
        edits.apply,
        BatcherLimits(
            lanes=settings.lanes,
            max_queued_edits=settings.max_queued_edits,
            database_patience_s=settings.database_patience_s,
        ),
        admit=rate_limits.admit,
    )
    lists_service = ListService(database, now=utc_now, ulids=ulids)
    recipients = RecipientService(database, batcher, ulids=ulids)
    return Hub(
        database=database,
        batcher=batcher,
        console_access=ConsoleAccessService(database, signer, now=utc_now),
        console_search=ConsoleSearchService(database, recipients),
        console_users=ConsoleUserService(database, now=utc_now),
        credentials=CredentialService(
            database, secrets, rate_limits, now=utc_now, database_patience_s=settings.database_patience_s
        ),
        health=HealthService(
            database, secrets, queued_edits=lambda: batcher.queued_edits, write_trouble=lambda: batcher.trouble
        ),
        lists=lists_service,
        maintenance=MaintenanceService(database, now=utc_now),
        recipients=recipients,
        rejected=RejectedService(database),
        subscriptions=SubscriptionService(database, batcher, now=utc_now, ulids=ulids),
        sweeper=Sweeper(lists_service),
        workspaces=WorkspaceService(database, secrets, now=utc_now, ulids=ulids),
        request_timeout_s=settings.request_timeout_s,
        public_url=settings.public_url,
    )


def build_app(hub: Hub) -> Litestar:
    """The ASGI application around wired services."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        hub.database.log_outages()
        async with hub.database:
            hub.batcher.start()
            hub.sweeper.start()
            try:
                yield
            finally:
                await hub.sweeper.stop()
                await hub.batcher.stop()

    bodies = BodyReader(timeout_s=hub.request_timeout_s)
    return Litestar(
        route_handlers=[
            health.healthz,
            health.readyz,
            openapi.document,
            Router(
                "/",
                route_handlers=[events.post_events, *users.HANDLERS, *objects.HANDLERS, *lists.HANDLERS],
                before_request=authenticate,  # type: ignore[arg-type]  # its request is of the class below
            ),
            console_router(_console_services(hub, bodies), status_of=status_of),
        ],
        state=State({SERVICES: _api_services(hub, bodies)}),
        request_class=ApiRequest,
        exception_handlers={
            DomainError: domain_error,
            HTTPException: http_error,
            Exception: unexpected_error,
        },
        lifespan=[lifespan],
        logging_config=None,  # logs.py configures logging
        openapi_config=None,  # ours is written by hand: contract/openapi.yaml
        request_max_body_size=None,  # request_body.py reads bodies within limits of their own
    )


def sign_in_path(token: str) -> str:
    """Where a one-time link to the console leads, below the hub's address."""
    return f"{SIGN_IN_LINK}{token}/"


def _api_services(hub: Hub, bodies: BodyReader) -> ApiServices:
    return ApiServices(
        credentials=hub.credentials,
        health=hub.health,
        lists=hub.lists,
        recipients=hub.recipients,
        subscriptions=hub.subscriptions,
        bodies=bodies,
    )


def _console_services(hub: Hub, bodies: BodyReader) -> Services:
    return Services(
        access=hub.console_access,
        console_users=hub.console_users,
        search=hub.console_search,
        recipients=hub.recipients,
        subscriptions=hub.subscriptions,
        lists=hub.lists,
        rejected=hub.rejected,
        workspaces=hub.workspaces,
        bodies=bodies,
        public_url=hub.public_url,
    )


def create_app() -> object:
    """The application of a worker, from the environment. Granian calls this in each worker process."""
    settings = Settings()
    configure_logging(settings)
    return raw_path_routing(build_app(build_hub(settings)))
