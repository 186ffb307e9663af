"""Preference categories of the workspace, and what is in force for users and objects, with the rule that decided."""

import html
import re
from collections.abc import Awaitable, Callable

import pytest
from cast import TESTER
from suprsend_hub.domain.categories import Category, CategoryDocument, Commit, Section
from suprsend_hub.domain.category_translations import Translation, Translations
from suprsend_hub.domain.choices import Operation, RestrictChannels, SetCategory
from suprsend_hub.domain.preference_terms import Channel, Preference, RootCategory
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.domain.tenant_categories import SetOverride
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser, Page
from .test_pages import HOSTILE_TEXT, check_harmless

pytestmark = pytest.mark.anyio

CATEGORIES = HOME + "categories/"
Choose = Callable[..., Awaitable[None]]
DOCUMENT = CategoryDocument({
    RootCategory.SYSTEM: (Section(categories=(
        Category("billing", "Billing", Preference.CANT_UNSUBSCRIBE, default_mandatory_channels=(Channel.EMAIL,),
                 default_opt_in_channels=(Channel.SLACK,)),
    )),),
    RootCategory.PROMOTIONAL: (
        Section("Product updates", "What is new.", tags=("marketing",), categories=(
            Category("news", "News", Preference.OPT_IN, tags=("weekly",)),
            Category("tips", "Tips", Preference.OPT_OUT),
        )),
        Section("Empty section"),
    ),
})  # fmt: skip


@pytest.fixture
def choose(hub: Services, workspace_a: NewWorkspace) -> Choose:
    """Choose for a user or object of workspace A, also within a tenant."""

    async def set_(recipient: str, *operations: Operation, tenant_id: str | None = None, object_type: str = "") -> None:
        key = RecipientKey(workspace_a.workspace_id, object_type, recipient)
        view = await hub.preferences.tenant_view(workspace_a.workspace_id, tenant_id)
        await hub.preferences.choose(TESTER, key, list(operations), view)

    return set_


@pytest.fixture
async def committed(hub: Services, workspace_a: NewWorkspace) -> None:
    """Workspace A has committed categories, and uses three channels."""
    await hub.categories.save(TESTER, workspace_a.workspace_id, DOCUMENT, Commit("the first ones"))
    channels = [Channel.EMAIL, Channel.SMS, Channel.SLACK]
    await hub.categories.set_active_channels(TESTER, workspace_a.workspace_id, channels)


def states(page: Page) -> dict[str, str]:
    """What the page says about each category, by slug."""
    found = {}
    for item in page.source.split('<li><div class="pref-name">')[1:]:
        head, _, state = (
            item.partition("</p></div></li>")[0].replace("</div>\n</li>", "").partition('<div class="pref-state">')
        )
        [slug] = re.findall(r'<p class="mono faint"><bdi>([^<]*)', head)
        state = head.partition("</bdi></p>")[2] + state.partition("</div></li>")[0]
        found[slug] = html.unescape(" ".join(re.sub(r"<[^>]*>", " ", state).split()))
    return found


async def test_without_categories_the_pages_say_how_to_define_them(viewer: Browser, edit_user: Edit) -> None:
    await edit_user("ada")
    page = await viewer.get(CATEGORIES)
    assert "No preference categories yet" in page.text
    assert "suprsend-hub category push 'workspace A'" in page.text
    page = await viewer.get(USERS + "ada/preferences/")
    assert "No preference categories yet" in page.text
    assert CATEGORIES in page.links("Categories")


@pytest.mark.usefixtures("committed")
async def test_the_committed_document_is_shown_with_channels_versions_and_translations(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    translations = Translations(categories={"news": Translation("Noticias")})
    await hub.categories.save_translations(TESTER, workspace_a.workspace_id, "es-AR", translations)
    page = await viewer.get(CATEGORIES)
    for text in (
        "version 1", "the first ones", "es-AR", "System", "Promotional", "Product updates product-updates", "marketing",
        "weekly", "What is new.", "No categories.", "Mandatory: Email", "On by default: Slack", "Without section",
        "Not in use: WhatsApp, Android push, iOS push, Web push, Inbox, MS Teams",
    ):  # fmt: skip
        assert text in page.text, text
    assert "Transactional" not in page.text
    assert "draft" not in page.text.lower()


@pytest.mark.usefixtures("committed")
async def test_a_draft_is_announced_and_shown_on_request(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace, choose: Choose, edit_user: Edit
) -> None:
    """With the reasons why it cannot be committed. What is in force stays the first page."""
    await edit_user("ada")
    await choose("ada", SetCategory("news", preference=Preference.OPT_OUT))
    only = CategoryDocument(
        {RootCategory.SYSTEM: (Section(categories=(Category("alerts", "Alerts", Preference.OPT_IN),)),)}
    )
    await hub.categories.save(TESTER, workspace_a.workspace_id, only, None)
    page = await viewer.get(CATEGORIES)
    assert "a draft is waiting to be committed" in page.text
    assert "billing" in page.text
    assert "alerts" not in page.text
    [href] = page.links("Draft")
    page = await viewer.get(href)
    assert "alerts" in page.text
    assert "category 'news' is removed, but has choices: 1 by recipients" in page.text
    await hub.categories.commit(TESTER, workspace_a.workspace_id, Commit("drop", force=True))
    page = await viewer.get(CATEGORIES + "?mode=draft")
    assert "draft" not in page.text.lower(), "a committed draft is not one any more"
    page = await viewer.get(USERS + "ada/preferences/")
    assert "Choices for categories that no longer exist news" in page.text


@pytest.mark.usefixtures("committed")
async def test_each_channel_says_what_is_in_force_and_which_rule_decided(
    viewer: Browser, choose: Choose, edit_user: Edit
) -> None:
    await edit_user("ada")
    page = await viewer.get(USERS + "ada/preferences/")
    assert states(page) == {
        "billing": "on mandatory on Email mandatory on Slack the workspace's default off SMS the workspace's default"
        " Chosen: nothing",
        "news": "on the workspace's default on Email SMS Slack the workspace's default Chosen: nothing",
        "tips": "off the workspace's default off Email SMS Slack the workspace's default Chosen: nothing",
    }
    await choose(
        "ada", SetCategory("news", preference=Preference.OPT_IN, opt_out_channels=(Channel.SMS,)),
        SetCategory("tips", preference=Preference.OPT_IN, opt_in_channels=(Channel.SMS, Channel.SLACK)),
        RestrictChannels({Channel.SLACK: True}),
    )  # fmt: skip
    page = await viewer.get(USERS + "ada/preferences/")
    found = states(page)
    assert found["news"] == (
        "on the recipient's choice on Email the recipient's choice off SMS the recipient's choice"
        " off Slack only mandatory notifications on this channel Chosen: opted in, except for SMS"
    )
    assert found["tips"].endswith("Chosen: opted in, only for SMS, Slack")
    assert found["billing"].startswith("on mandatory on Email mandatory off SMS")
    assert re.findall(r"<dt>(\w+)</dt><dd><span[^>]*>([^<]*)", page.source) == [
        ("Email", "none"), ("SMS", "none"), ("Slack", "only mandatory"),
    ]  # fmt: skip
    assert "Not used in this workspace: WhatsApp" in page.text


@pytest.mark.usefixtures("committed")
async def test_a_tenant_is_chosen_by_link_or_typed_and_has_choices_of_its_own(
    viewer: Browser, choose: Choose, edit_user: Edit, hub: Services, workspace_a: NewWorkspace
) -> None:
    await edit_user("ada")
    await hub.tenants.save(TESTER, workspace_a.workspace_id, "acme", TenantChange(tenant_name="Acme"))
    await hub.tenants.save(
        TESTER, workspace_a.workspace_id, "bolt",
        TenantChange(tenant_name="Bolt", blocked_channels=(Channel.SLACK,)),
    )  # fmt: skip
    await choose("ada", SetCategory("news", preference=Preference.OPT_OUT), tenant_id="acme")
    await hub.preferences.override(
        TESTER, workspace_a.workspace_id, "bolt", SetOverride("tips", enabled_for_tenant=False)
    )
    preferences = USERS + "ada/preferences/"
    assert states(await viewer.get(preferences, tenant="ACME "))["news"].startswith("off the recipient's choice")
    assert states(await viewer.get(preferences))["news"].startswith("on the workspace's default")
    bolt = states(await viewer.get(preferences, tenant="bolt"))
    assert "off Slack blocked by the tenant" in bolt["news"]
    assert bolt["tips"].startswith("off the tenant does not use the category")
    default = await viewer.get(preferences, tenant="default")
    assert states(default) == states(await viewer.get(preferences))
    for typed, status in (("nobody", 404), ("<script>", 400)):
        page = await viewer.get(preferences, tenant=typed)
        assert page.status == status
        assert 'id="e-tenant"' in page.source
        assert "Preferences" in page.text
        check_harmless(page.source, typed)


@pytest.mark.usefixtures("committed")
async def test_objects_have_preferences_too(
    viewer: Browser, choose: Choose, hub: Services, workspace_a: NewWorkspace
) -> None:
    red = RecipientKey(workspace_a.workspace_id, "teams", "red")
    await hub.recipients.edit(TESTER, red, [])
    await choose("red", SetCategory("news", preference=Preference.OPT_OUT), object_type="teams")
    page = await viewer.get(HOME + "objects/teams/red/")
    [href] = page.links("Preferences")
    assert page.links("Tenants") == [HOME + "tenants/"], "objects are not linked with tenants"
    assert states(await viewer.get(href))["news"].endswith("Chosen: opted out")
    assert (await viewer.get(HOME + "objects/teams/blue/preferences/")).status == 404


async def test_hostile_and_long_texts_of_categories_are_harmless(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace, edit_user: Edit, choose: Choose
) -> None:
    category = Category(HOSTILE_TEXT, "x" * 255, Preference.OPT_IN, description=HOSTILE_TEXT * 20, tags=(HOSTILE_TEXT,))
    section = Section(HOSTILE_TEXT, HOSTILE_TEXT, tags=(HOSTILE_TEXT,), categories=(category,))
    document = CategoryDocument({RootCategory.PROMOTIONAL: (section,)})
    await hub.categories.save(TESTER, workspace_a.workspace_id, document, Commit(HOSTILE_TEXT))
    await edit_user("ada")
    await choose("ada", SetCategory(HOSTILE_TEXT, preference=Preference.OPT_OUT))
    for path in (CATEGORIES, USERS + "ada/preferences/", HOME + "tenants/default/categories/"):
        page = await viewer.get(path)
        assert page.status == 200
        check_harmless(page.source, path)


async def test_a_thousand_categories_stay_light(
    viewer: Browser, hub: Services, workspace_a: NewWorkspace, edit_user: Edit
) -> None:
    many = tuple(Category(f"category-{number}", f"Category {number}", Preference.OPT_IN) for number in range(1000))
    document = CategoryDocument({RootCategory.PROMOTIONAL: (Section("All", categories=many),)})
    await hub.categories.save(TESTER, workspace_a.workspace_id, document, Commit("many"))
    await edit_user("ada")
    for path in (CATEGORIES, USERS + "ada/preferences/"):
        page = await viewer.get(path)
        assert "Category 999" in page.text
        assert int(page.response.headers.get("content-length", 0)) < 100_000


@pytest.mark.usefixtures("committed")
async def test_categories_of_another_workspace_are_not_shown(of_b: Browser) -> None:
    assert (await of_b.get(CATEGORIES)).status == 404
    assert "No preference categories yet" in (await of_b.get("/console/w/workspace%20B/categories/")).text


@pytest.mark.usefixtures("committed")
async def test_the_history_says_in_words_what_was_chosen(viewer: Browser, choose: Choose, edit_user: Edit) -> None:
    await edit_user("ada")
    await choose("ada", SetCategory("news", preference=Preference.OPT_IN, opt_out_channels=(Channel.SMS,)))
    await choose("ada", SetCategory("news", preference=Preference.OPT_OUT), RestrictChannels({Channel.SLACK: True}))
    page = await viewer.get(USERS + "ada/history/")
    assert "preference for news opted in, except for SMS → opted out" in page.text
    assert "only mandatory on Slack true" in page.text
