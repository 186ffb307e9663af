"""Who visits the console: an editor and a viewer of workspace A, someone of workspace B, a stranger."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import msgspec
import pytest
from cast import TESTER
from suprsend_hub.app import build_asgi, sign_in_path
from suprsend_hub.domain.categories import Category, CategoryDocument, Commit, Section
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.preference_terms import Preference, RootCategory
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import BASE_URL, Browser

MakeBrowser = Callable[[], Browser]
Edit = Callable[..., Awaitable[StoredProfile]]


@pytest.fixture
async def make_browser(hub: Services, anyio_backend: str) -> AsyncIterator[MakeBrowser]:
    """New browsers on the hub of this test, each with cookies of its own."""
    app = build_asgi(hub)
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


async def _person(hub: Services, browser: Browser, name: str, workspace: NewWorkspace, role: Role) -> Browser:
    await hub.console_users.create(TESTER, name, None)
    await hub.console_users.grant(TESTER, name, workspace.name, role)
    link = await hub.console_users.one_time_link(TESTER, name)
    page = await browser.follow_link(sign_in_path(link))  # hashing a password takes long
    assert page.status == 303, page.text
    return browser


@pytest.fixture
async def editor(hub: Services, make_browser: MakeBrowser, workspace_a: NewWorkspace) -> Browser:
    """Erin may change workspace A."""
    return await _person(hub, make_browser(), "erin", workspace_a, Role.EDITOR)


@pytest.fixture
async def viewer(hub: Services, make_browser: MakeBrowser, workspace_a: NewWorkspace) -> Browser:
    """Vic may look at workspace A."""
    return await _person(hub, make_browser(), "vic", workspace_a, Role.VIEWER)


@pytest.fixture
async def of_b(
    hub: Services, make_browser: MakeBrowser, workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> Browser:
    """Bea may change workspace B, and knows nothing of A."""
    return await _person(hub, make_browser(), "bea", workspace_b, Role.EDITOR)


@pytest.fixture
def edit_user(hub: Services, workspace_a: NewWorkspace) -> Edit:
    """Edit a user of workspace A as an SDK would."""

    async def edit(distinct_id: str, *operations: object, source: str = "some-sdk/1.0") -> StoredProfile:
        key = RecipientKey.user(workspace_a.workspace_id, distinct_id)
        return await hub.recipients.edit(msgspec.structs.replace(TESTER, user_agent=source), key, list(operations))

    return edit


@pytest.fixture
def commit(hub: Services, workspace_a: NewWorkspace) -> Callable[..., Awaitable[None]]:
    """Commit categories of workspace A with these slugs and no others; they are on by default."""

    async def commit_(*slugs: str) -> None:
        categories = tuple(Category(slug, slug.title(), Preference.OPT_IN) for slug in slugs)
        document = CategoryDocument({RootCategory.PROMOTIONAL: (Section("All", categories=categories),)})
        await hub.categories.save(TESTER, workspace_a.workspace_id, document, Commit("test", force=True))

    return commit_
