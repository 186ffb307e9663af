"""Who may see and change what: viewers only look, workspaces not granted do not exist."""

import pytest
from cast import TESTER
from suprsend_hub.domain.console import Role
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser

pytestmark = pytest.mark.anyio

PAGES = [
    "users/", "users/?q=ann", "users/ann/", "users/ann/history/", "users/ann/subscriptions/", "users/ann/lists/",
    "users/ann/rejected/", "users/ann/json/", "users/ann/json/?whole=1", "objects/", "objects/teams/", "lists/",
    "lists/all_users/", "rejected/", "credentials/",
]  # fmt: skip
CHANGES = {
    "new-user/": {"distinct_id": "eve"},
    "users/ann/edit/": {"do": "set_property", "key": "plan", "value": "gold"},
    "users/ann/reveal/": {"mark": "0"},
    "users/ann/delete/": {"confirm": "ann"},
    "lists/friends/add/": {"distinct_id": "ann"},
    "lists/friends/remove/": {"distinct_id": "ann"},
    "credentials/create/": {"name": "mine"},
    "credentials/revoke/": {"api_key_id": "01J00000000000000000000000"},
}


@pytest.fixture
async def ann(edit_user: Edit) -> None:
    await edit_user(
        "ann",
        {"$set": {"name": "Ann"}},
        {"$append": {"$slack": {"channel_id": "C1", "access_token": "xoxb-1234567890"}}},
    )


@pytest.mark.usefixtures("ann")
async def test_viewers_see_every_page_without_anything_to_change(viewer: Browser) -> None:
    for page in PAGES:
        seen = await viewer.get(HOME + page)
        assert seen.status == 200, page + seen.text
        for word in ("/edit/", "/delete/", "/reveal/", "/new-user/", "/create/", "/revoke/", "/add/"):
            assert f'{word}"' not in seen.source, page
            assert f"{word}?" not in seen.source, page


@pytest.mark.usefixtures("ann")
async def test_viewers_cannot_change_anything(viewer: Browser, hub: Services, workspace_a: NewWorkspace) -> None:
    key = RecipientKey.user(workspace_a.workspace_id, "ann")
    before = await hub.recipients.get(key)
    for path, fields in CHANGES.items():
        page = await viewer.submit(HOME + path, USERS, **fields)
        assert page.status == 403, path
        assert "not change it" in page.text, path
    assert await hub.recipients.get(key) == before
    assert (await hub.recipients.history(key))[0].source == "some-sdk/1.0"
    assert len(await hub.workspaces.list_api_keys(workspace_a.name)) == 1


@pytest.mark.usefixtures("ann")
async def test_a_workspace_not_granted_looks_like_one_that_does_not_exist(of_b: Browser) -> None:
    for path in PAGES:
        hidden = await of_b.get(HOME + path)
        missing = await of_b.get("/console/w/no%20such/" + path)
        assert hidden.status == missing.status == 404, path
        assert hidden.text == missing.text, path
        assert "Ann" not in hidden.text, path


@pytest.mark.usefixtures("ann")
async def test_an_editor_of_another_workspace_changes_nothing_here(
    of_b: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    before = await hub.recipients.get(RecipientKey.user(workspace_a.workspace_id, "ann"))
    for path, fields in CHANGES.items():
        page = await of_b.submit(HOME + path, "/console/w/workspace%20B/users/", **fields)
        assert page.status == 404, path
    assert await hub.recipients.get(RecipientKey.user(workspace_a.workspace_id, "ann")) == before


@pytest.mark.usefixtures("ann")
async def test_the_same_id_in_another_workspace_is_another_user(of_b: Browser) -> None:
    page = await of_b.get("/console/w/workspace%20B/users/ann/")
    assert page.status == 404
    assert (await of_b.get("/console/w/workspace%20B/users/")).ids() == []


async def test_a_grant_taken_away_closes_the_workspace_at_once(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    assert (await viewer.get(USERS)).status == 200
    await hub.console_users.revoke(TESTER, "vic", workspace_a.name)
    assert (await viewer.get(USERS)).status == 404
    await hub.console_users.grant(TESTER, "vic", workspace_a.name, Role.EDITOR)
    assert (await viewer.get(HOME + "new-user/")).status == 200


async def test_a_disabled_workspace_is_not_shown_to_anyone(hub: Services, editor: Browser, of_b: Browser) -> None:
    """It looks like one that does not exist, until it is enabled."""
    await hub.workspaces.disable(TESTER, "workspace A")
    assert (await editor.get(USERS)).status == 404
    assert "No workspace yet" in (await editor.get("/console/")).text
    assert (await of_b.get("/console/w/workspace%20B/users/")).status == 200
    await hub.workspaces.enable(TESTER, "workspace A")
    assert (await editor.get(USERS)).status == 200
