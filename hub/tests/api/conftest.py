"""The hub as an ASGI application in this process, and who talks to it: workspaces A and B, and strangers."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from pydantic import SecretStr
from suprsend_hub.app import build_asgi, build_services
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.settings import Settings

from .categories import DOCUMENT, OBJECT, USER, put_into_force
from .relay import Relay
from .support import BASE_URL, ApiClient, bearer, nobody, signed


@pytest.fixture
async def http(hub: Services, anyio_backend: str) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client whose server is the hub of this test."""
    transport = httpx2.ASGITransport(app=build_asgi(hub))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


@pytest.fixture
def a(http: httpx2.AsyncClient, workspace_a: NewWorkspace) -> ApiClient:
    """Workspace A, with its API key."""
    return ApiClient(http, bearer(workspace_a.api_key))


@pytest.fixture
def b(http: httpx2.AsyncClient, workspace_b: NewWorkspace) -> ApiClient:
    """Workspace B, with its API key."""
    return ApiClient(http, bearer(workspace_b.api_key))


@pytest.fixture
def a_signing(http: httpx2.AsyncClient, workspace_a: NewWorkspace) -> ApiClient:
    """Workspace A, with workspace key and signature."""
    return ApiClient(http, signed(workspace_a.workspace_key, workspace_a.workspace_secret))


@pytest.fixture
def stranger(http: httpx2.AsyncClient) -> ApiClient:
    """Somebody without credentials."""
    return ApiClient(http, nobody)


@pytest.fixture
async def relay(database_url: str, anyio_backend: str) -> AsyncIterator[Relay]:
    with tempfile.TemporaryDirectory(prefix="relay-") as directory:
        [socket_directory] = parse_qs(urlsplit(database_url).query)["host"]
        between = Relay(Path(directory), f"{socket_directory}/.s.PGSQL.5432")
        await between.mend()
        yield between
        await between.cut()


@pytest.fixture
def relayed_settings(relay: Relay, settings: Settings) -> Settings:
    """The settings of a hub that reaches the database through the relay."""
    assert settings.database_url is not None
    url = urlsplit(settings.database_url.get_secret_value())
    query = urlencode({"host": str(Path(relay._path).parent)})
    return settings.model_copy(update={"database_url": SecretStr(url._replace(query=query).geturl())})


@pytest.fixture
async def relayed(relayed_settings: Settings, workspace_a: NewWorkspace) -> AsyncIterator[ApiClient]:
    """Workspace A at a hub that reaches the database through the relay."""
    hub = build_services(relayed_settings)
    async with hub.database:
        hub.batcher.start()
        transport = httpx2.ASGITransport(app=build_asgi(hub))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield ApiClient(http, bearer(workspace_a.api_key))
        await hub.batcher.stop()


@pytest.fixture(params=[USER, OBJECT], ids=["user", "object"])
def preference_path(request: pytest.FixtureRequest) -> str:
    """The preferences of a user, and of an object: the same routes."""
    return f"{request.param}preference/"


@pytest.fixture
async def chooser(hub: Services, a: ApiClient, workspace_a: NewWorkspace) -> ApiClient:
    """Workspace A with categories, a tenant, a user and an object."""
    await put_into_force(hub, workspace_a, DOCUMENT)
    assert (await a.post("/v1/tenant/acme/", {"tenant_name": "Acme"})).status_code == 201
    await a.upsert("u/1", {"name": "Ada"})
    assert (await a.post(OBJECT, {})).status_code == 201
    return a
