"""Who visits the console: an editor and a viewer of workspace A, someone of workspace B, a stranger."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
from suprsend_hub.api.routing import raw_path_routing
from suprsend_hub.app import Hub, build_app, sign_in_path
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.workspaces import NewWorkspace

from .support import BASE_URL, Browser

MakeBrowser = Callable[[], Browser]
Edit = Callable[..., Awaitable[StoredProfile]]


@pytest.fixture
async def make_browser(hub: Hub, anyio_backend: str) -> AsyncIterator[MakeBrowser]:
    """New browsers on the hub of this test, each with cookies of its own."""
    app = raw_path_routing(build_app(hub))
    clients: list[httpx2.AsyncClient] = []

    def make() -> Browser:
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE_URL)
        clients.append(client)
        return Browser(client)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def stranger(make_browser: MakeBrowser, workspace_a: NewWorkspace) -> Browser:
    """Nobody is signed in."""
    return make_browser()


async def _person(hub: Hub, browser: Browser, name: str, workspace: NewWorkspace, role: Role) -> Browser:
    await hub.console_users.create(name, None)
    await hub.console_users.grant(name, workspace.name, role)
    page = await browser.follow_link(sign_in_path(await hub.console_users.one_time_link(name)))  # passwords take longer
    assert page.status == 303, page.text
    return browser


@pytest.fixture
async def editor(hub: Hub, make_browser: MakeBrowser, workspace_a: NewWorkspace) -> Browser:
    """Erin may change workspace A."""
    return await _person(hub, make_browser(), "erin", workspace_a, Role.EDITOR)


@pytest.fixture
async def viewer(hub: Hub, make_browser: MakeBrowser, workspace_a: NewWorkspace) -> Browser:
    """Vic may look at workspace A."""
    return await _person(hub, make_browser(), "vic", workspace_a, Role.VIEWER)


@pytest.fixture
async def of_b(hub: Hub, make_browser: MakeBrowser, workspace_a: NewWorkspace, workspace_b: NewWorkspace) -> Browser:
    """Bea may change workspace B, and knows nothing of A."""
    return await _person(hub, make_browser(), "bea", workspace_b, Role.EDITOR)


@pytest.fixture
def edit_user(hub: Hub, workspace_a: NewWorkspace) -> Edit:
    """Edit a user of workspace A as an SDK would."""

    async def edit(distinct_id: str, *operations: object, source: str = "some-sdk/1.0") -> StoredProfile:
        key = RecipientKey.user(workspace_a.workspace_id, distinct_id)
        return await hub.recipients.edit(key, list(operations), source=source)

    return edit
