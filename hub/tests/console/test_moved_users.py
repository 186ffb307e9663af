"""Users that were merged or renamed: where their ids lead, and what the pages of the others say."""

import re

import pytest
from cast import TESTER
from suprsend_hub.domain.merging import ALIAS
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser, Page
from .test_pages import HOSTILE_IDS, TABS, check_harmless

pytestmark = pytest.mark.anyio


@pytest.fixture
async def merged(hub: Services, workspace_a: NewWorkspace, edit_user: Edit) -> None:
    """`bo` and `cy` were merged into `ada`, `cy` as an alias; `old` was renamed to `ada` before."""
    keys = {name: RecipientKey.user(workspace_a.workspace_id, name) for name in ("ada", "bo", "cy", "old")}
    await edit_user("old", {"$set": {"name": "Ada"}})
    await hub.renaming.rename(TESTER, keys["old"], keys["ada"])
    await edit_user("bo", {"$set": {"city": "Oslo", "name": "Bo"}})
    await edit_user("cy", {"$set": {"pet": "cat"}})
    await hub.merging.merge(TESTER, keys["ada"], keys["bo"])
    await hub.workspaces.set_after_merge(TESTER, workspace_a.name, ALIAS)
    await hub.merging.merge(TESTER, keys["ada"], keys["cy"])


@pytest.mark.usefixtures("merged")
async def test_the_id_of_a_merged_or_renamed_user_says_where_it_went(editor: Browser) -> None:
    """On each tab of its address. It is not offered to be created."""
    for name, words in (("bo", "merged into"), ("cy", "merged into"), ("old", "renamed to")):
        for tab in TABS:
            page = await editor.get(f"{USERS}{name}/{tab}")
            assert page.status == 404, tab
            assert f"This user was {words} ada ." in page.text, tab
            assert USERS + "ada/" in page.links("ada")
            assert page.links("Create") == []


@pytest.mark.usefixtures("merged")
async def test_the_search_leads_from_a_merged_id_to_the_user(editor: Browser, edit_user: Edit) -> None:
    assert (await editor.get(HOME + "find/", q="bo")).location == USERS + "bo/"
    page = await editor.get(USERS, q="bo")
    assert "bo was merged into ada ." in page.text
    assert page.links("ada") == [USERS + "ada/"]
    assert page.links("Create") == []
    await edit_user("bobby")
    page = await editor.get(USERS, q="bo")
    assert "bo was merged into ada ." in page.text
    assert page.ids() == ["bobby"]
    await edit_user("bo")
    assert "merged into" not in (await editor.get(USERS, q="bo")).text, "there is a new user with this id"


def card(page: Page, title: str) -> list[str]:
    """The ids in a card of the page."""
    [section] = re.findall(rf'<section class="card" aria-label="{title}">(.*?)</section>', page.source, re.DOTALL)
    return re.findall(r'<li><span class="mono"><bdi>([^<]*)', section)


@pytest.mark.usefixtures("merged")
async def test_a_user_shows_the_ids_that_lead_to_it_and_those_that_were_merged(
    viewer: Browser, edit_user: Edit
) -> None:
    page = await viewer.get(USERS + "ada/")
    assert card(page, "Also reached by") == ["cy", "old"]
    assert card(page, "Merged into this user") == ["bo"]
    await edit_user("dan")
    assert "Also reached by" not in (await viewer.get(USERS + "dan/")).text


@pytest.mark.usefixtures("merged")
async def test_the_history_names_merges_and_renames_in_words(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    entries = (await viewer.get(USERS + "ada/history/")).source.split('<div class="timeline-head">')[1:]
    words = [re.findall(r'<p class="move">(.*?)</p>', entry) for entry in entries]
    assert [" ".join(re.sub(r"<[^>]*>", " ", each[0]).split()) if each else "" for each in words] == [
        "Merged cy into this user", "Merged bo into this user", "Renamed from old", "",
    ]  # fmt: skip
    assert re.findall(r"<(del|ins)>(?:<[^>]*>)*([^<]*)", entries[1]) == [("ins", "Oslo")]
    keys = [RecipientKey.user(workspace_a.workspace_id, name) for name in ("ada", "cy")]
    await hub.unmerging.unmerge(TESTER, *keys)
    assert "Took back the merge of cy" in (await viewer.get(USERS + "ada/history/")).text
    assert "Restored: the merge into ada was taken back" in (await viewer.get(USERS + "cy/history/")).text
    assert "Merged bo into this user" in (await viewer.get(USERS + "ada/")).text


async def test_hostile_ids_of_merged_users_are_harmless(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace, edit_user: Edit
) -> None:
    ada = RecipientKey.user(workspace_a.workspace_id, "ada")
    await edit_user("ada")
    for name in HOSTILE_IDS:
        await edit_user(name)
        await hub.merging.merge(TESTER, ada, RecipientKey.user(workspace_a.workspace_id, name))
    for path in (USERS + "ada/", USERS + "ada/history/"):
        check_harmless((await viewer.get(path)).source, path)
    for name in HOSTILE_IDS:
        check_harmless((await viewer.get(USERS, q=name)).source, name)


@pytest.mark.usefixtures("merged")
async def test_another_workspace_does_not_learn_of_merges(of_b: Browser) -> None:
    page = await of_b.get("/console/w/workspace%20B/users/bo/")
    assert page.status == 404
    assert "merged" not in page.text
