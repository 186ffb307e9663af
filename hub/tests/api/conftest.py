"""The hub as an ASGI application in this process, and who talks to it: workspaces A and B, and strangers."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from suprsend_hub.app import build_asgi
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

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
