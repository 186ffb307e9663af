"""Wire the hub: settings, pool, services, routes. The only module that knows all layers.

The server's workers call `create_app`, which reads the settings from the environment.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from litestar import Litestar, Response, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from suprsend_hub.api import health, openapi
from suprsend_hub.api.all_routes import find_handlers
from suprsend_hub.api.errors import domain_error, http_error, status_of, unexpected_error
from suprsend_hub.api.hosts import checking_hosts
from suprsend_hub.api.requests import ApiRequest, authenticate
from suprsend_hub.api.routing import raw_path_routing
from suprsend_hub.console import SIGN_IN_LINK, HubRequest, console_http_error, console_router
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import DomainError, InvalidRequest
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.logs import configure_logging
from suprsend_hub.service.console_tokens import TokenSigner
from suprsend_hub.service.secrets import SecretBox
from suprsend_hub.service.services import SERVICES, Parts, Services, wire
from suprsend_hub.service.writing import FAST_PATH_EDITS, Batcher, BatcherLimits, RateLimits, Writer
from suprsend_hub.settings import PREFIX, Settings, parse_hosts, parse_networks
from suprsend_hub.store.database import Database
from suprsend_hub.web.body import BODIES, BodyReader
from suprsend_hub.web.hosts import HOSTS, Hosts, is_console
from suprsend_hub.web.hsts import with_hsts
from suprsend_hub.web.request_ids import with_request_ids
from suprsend_hub.web.unread import UnreadAnswers

STOP_SOON = signal.SIGUSR1
"""A worker that gets this signal is about to be stopped, and no longer waits for bodies that may never arrive.

The server waits for requests in flight before it shuts the application down, which is too late for that.
"""
_UNREAD_STOP_S = 3.0
"""Seconds that clients then have to read their answers."""


def utc_now() -> datetime:
    """Return the present time; this is the hub's clock."""
    return datetime.now(UTC)


def new_ulids() -> UlidFactory:
    """Return a factory of ids, by the hub's clock."""
    return UlidFactory(lambda: time.time_ns() // 1_000_000, os.urandom)


def build_services(settings: Settings, *, fast_path_edits: int = FAST_PATH_EDITS) -> Services:
    """Wire the services. Raises InvalidRequest, naming the setting, if a required one is missing."""
    if settings.database_url is None:
        raise InvalidRequest(f"{PREFIX}DATABASE_URL is not set", code=Code.MISSING_SETTING)
    if settings.master_key is None:
        raise InvalidRequest(
            f"{PREFIX}MASTER_KEY is not set; `suprsend-hub master-key` prints a new one", code=Code.MISSING_SETTING
        )
    database = Database(
        settings.database_url.get_secret_value(),
        max_size=settings.pool_size,
        patience_s=settings.database_patience_s,
    )
    ulids = new_ulids()
    rate_limits = RateLimits(monotonic=time.monotonic)
    batcher = Batcher(
        Writer(database, now=utc_now, ulids=ulids, fast_path_edits=fast_path_edits),
        BatcherLimits(
            lanes=settings.lanes,
            max_queued_edits=settings.max_queued_edits,
            database_patience_s=settings.database_patience_s,
        ),
        rate_limits=rate_limits,
    )
    parts = Parts(
        database=database,
        batcher=batcher,
        secrets=SecretBox(settings.master_key.get_secret_value()),
        signer=TokenSigner(settings.master_key.get_secret_value()),
        rate_limits=rate_limits,
        ulids=ulids,
        now=utc_now,
        database_patience_s=settings.database_patience_s,
        request_timeout_s=settings.request_timeout_s,
        public_url=settings.public_url,
        allowed_hosts=parse_hosts(settings.allowed_hosts),
        trusted_proxies=parse_networks(settings.trusted_proxies),
    )
    return wire(parts)


def build_app(
    services: Services, *, stop_soon: signal.Signals | None = None, unread: UnreadAnswers | None = None
) -> Litestar:
    """Return the application around wired services.

    `stop_soon`: the signal that announces the end of the process. `unread`: what to cut soon afterwards.
    """
    bodies = BodyReader(timeout_s=services.request_timeout_s)

    def stop() -> None:
        bodies.stop()
        if unread is not None:
            asyncio.get_running_loop().call_later(_UNREAD_STOP_S, unread.cut)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        if stop_soon is not None:
            asyncio.get_running_loop().add_signal_handler(stop_soon, stop)
        services.database.log_outages()
        async with services.database:
            services.batcher.start()
            services.sweeper.start()
            try:
                yield
            finally:
                await services.sweeper.stop()
                await services.batcher.stop()

    return Litestar(
        route_handlers=[
            health.healthz,
            health.readyz,
            openapi.document,
            Router(
                "/",
                route_handlers=find_handlers(),
                before_request=authenticate,  # type: ignore[arg-type]  # its request is of the class below
            ),
            console_router(status_of=status_of),
        ],
        state=State({SERVICES: services, BODIES: bodies, HOSTS: _hosts(services)}),
        request_class=ApiRequest.bound_to(services, bodies),
        exception_handlers={
            DomainError: domain_error,
            HTTPException: _http_error,  # type: ignore[dict-item]  # its request is of the class above
            Exception: unexpected_error,
        },
        lifespan=[lifespan],
        logging_config=None,  # logs.py configures logging
        openapi_config=None,  # ours is written by hand: contract/openapi.yaml
        request_max_body_size=None,  # web/body.py reads bodies within limits of their own
    )


def build_asgi(
    services: Services, *, stop_soon: signal.Signals | None = None, unread: UnreadAnswers | None = None
) -> ASGIApp:
    """Return the application with the middleware that must run before its router."""
    app = raw_path_routing(build_app(services, stop_soon=stop_soon, unread=unread))
    app = checking_hosts(app, _hosts(services))
    if (services.public_url or "").startswith("https://"):
        app = with_hsts(app)
    return with_request_ids(app)


def _hosts(services: Services) -> Hosts:
    return Hosts.of(services.allowed_hosts, services.public_url, services.trusted_proxies)


def _http_error(request: ApiRequest, error: HTTPException) -> Response[bytes]:
    """Answer the framework's own errors, below the console with a page."""
    if is_console(request.scope):
        return console_http_error(HubRequest(request.scope, request.receive, request.send), error)
    return http_error(request, error)  # type: ignore[arg-type]  # Litestar types requests invariantly


def sign_in_path(token: str) -> str:
    """Return the path of a one-time link to the console, below the hub's address."""
    return f"{SIGN_IN_LINK}{token}/"


def create_app() -> object:
    """Return the application of a worker, configured by the environment. Granian calls this in each worker process."""
    settings = Settings()
    configure_logging(settings)
    unread = UnreadAnswers()
    unread.limit(settings.write_timeout_s)
    return build_asgi(build_services(settings), stop_soon=STOP_SOON, unread=unread)
