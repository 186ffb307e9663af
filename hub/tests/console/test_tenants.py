"""Tenants: the list, a tenant's page with fields, users and overrides, and a user within a tenant."""

import re
from collections.abc import Awaitable, Callable

import pytest
from cast import TESTER
from suprsend_hub.domain.preference_terms import Channel, Preference
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.tenancy import SHARED, FallbackMode, TenancyChange
from suprsend_hub.domain.tenant import TenantChange
from suprsend_hub.domain.tenant_categories import SetOverride
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser, Page
from .test_pages import HOSTILE_TEXT, check_harmless

pytestmark = pytest.mark.anyio

TENANTS = HOME + "tenants/"
MakeTenant = Callable[..., Awaitable[None]]
Link = Callable[..., Awaitable[None]]


@pytest.fixture
def make_tenant(hub: Services, workspace_a: NewWorkspace) -> MakeTenant:
    """Create a tenant of workspace A."""

    async def make(tenant_id: str, **fields: object) -> None:
        change = TenantChange(**{"tenant_name": tenant_id.title(), **fields})  # type: ignore[arg-type]
        await hub.tenants.save(TESTER, workspace_a.workspace_id, tenant_id, change)

    return make


@pytest.fixture
def link(hub: Services, workspace_a: NewWorkspace) -> Link:
    """Set something for a user of workspace A within a tenant."""

    async def set_(distinct_id: str, tenant_id: str, *operations: object) -> None:
        user = RecipientKey.user(workspace_a.workspace_id, distinct_id)
        await hub.tenant_profiles.edit(
            TESTER, user, tenant_id, list(operations), tenancy=SHARED, request=lambda _key: None, size_bytes=0
        )

    return set_


async def walk(browser: Browser, path: str) -> list[str]:
    """The ids of all pages from here on."""
    page = await browser.get(path)
    found = page.ids()
    while following := page.links("Next"):
        page = await browser.get(following[0])
        found += page.ids()
    return found


def row(page: Page, key: str) -> str:
    """The text of the row of a table that a key heads."""
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", page.source, re.DOTALL)
    [found] = [each for each in map(_text, rows) if each.startswith(key)]
    return found


def _text(source: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", source).split())


async def test_a_workspace_without_own_tenants_shows_how_to_make_the_first(viewer: Browser) -> None:
    page = await viewer.get(TENANTS)
    assert page.ids() == ["default"]
    assert "No tenant of your own yet" in page.text
    assert 'supr_client.tenants.upsert("acme", {"tenant_name": "Acme"})' in page.text
    [href] = page.links("default")
    assert "No linked users" in (await viewer.get(href + "users/")).text


async def test_the_list_shows_users_and_is_searched_by_prefix_page_by_page(
    viewer: Browser, make_tenant: MakeTenant, link: Link, edit_user: Edit
) -> None:
    for number in range(60):
        await make_tenant(f"acme-{number:02}")
    await edit_user("ada")
    await link("ada", "acme-07", {"$set": {"role": "admin"}})
    assert await walk(viewer, TENANTS) == [*(f"acme-{number:02}" for number in range(60)), "default"]
    page = await viewer.get(TENANTS, q=" ACME-0 ")
    assert page.ids() == [f"acme-0{number}" for number in range(10)]
    assert "<mark><bdi>acme-0</bdi></mark>" in page.source
    assert "10 matches" in page.text
    assert re.findall(r'<td class="num">(\d+)</td>', page.source) == ["0"] * 7 + ["1", "0", "0"]
    assert "No tenant_id begins with this" in (await viewer.get(TENANTS, q="<script>")).text


async def test_a_tenant_shows_its_fields_and_properties_with_secrets_masked(
    viewer: Browser, make_tenant: MakeTenant
) -> None:
    await make_tenant(
        "acme", tenant_name="Acme & <Söhne>", timezone="Europe/Berlin", primary_color="#FF0080",
        secondary_color="url(//evil.example)", blocked_channels=(Channel.SMS,),
        social_links={"website": "https://acme.example"},
        properties={"plan": "gold", "access_token": "xoxb-very-secret-token", "text": HOSTILE_TEXT},
    )  # fmt: skip
    page = await viewer.get(TENANTS + "acme/")
    for text in ("Acme & <Söhne>", "Europe/Berlin", "Blocked channels SMS", "Link: website", "gold", "0 users"):
        assert text in page.text, text
    assert "very-secret" not in page.source
    assert re.findall(r'fill="([^"]*)"', page.source) == ["#FF0080"], "what is not a colour is text only"
    check_harmless(page.source, "tenant")


async def test_a_tenants_users_are_shown_page_by_page_and_lead_to_them_within_it(
    viewer: Browser, make_tenant: MakeTenant, link: Link, edit_user: Edit
) -> None:
    await make_tenant("acme")
    names = [f"u{number:02}" for number in range(60)]
    for name in names:
        await edit_user(name, {"$set": {"name": f"Global {name}"}})
        await link(name, "acme", {"$set": {"name": f"Ours {name}"}})
    page = await viewer.get(TENANTS + "acme/users/")
    assert "60 users" in page.text
    assert "Ours u59" in page.text
    assert page.links("u59") == [USERS + "u59/tenants/acme/"]
    assert await walk(viewer, TENANTS + "acme/users/") == names[::-1]


async def test_a_user_shows_the_tenants_it_is_linked_with(
    viewer: Browser, make_tenant: MakeTenant, link: Link, edit_user: Edit
) -> None:
    await edit_user("ada")
    page = await viewer.get(USERS + "ada/tenants/")
    assert "Not linked with any tenant" in page.text
    assert 'upsert_for_tenant("ada", "acme"' in page.text
    for number in range(60):
        await make_tenant(f"t{number:02}")
        await link("ada", f"t{number:02}", {"$set": {"n": number}}, {"$append": {"$email": f"t{number}@example.com"}})
    assert await walk(viewer, USERS + "ada/tenants/") == [f"t{number:02}" for number in range(60)]


async def test_what_a_tenant_sets_is_shown_next_to_what_applies_there(
    viewer: Browser, make_tenant: MakeTenant, link: Link, edit_user: Edit, hub: Services, workspace_a: NewWorkspace
) -> None:
    """Its own values replace global ones, others apply, and channels beyond the allowlist do not."""
    await make_tenant("acme")
    await edit_user(
        "ada",
        {"$set": {"role": "user", "city": "Oslo"}},
        {"$append": {"$email": "ada@example.com", "$sms": "+447700900123"}},
    )
    await link(
        "ada", "acme", {"$set": {"role": "admin", "desk": 7}},
        {"$append": {"$slack": {"channel_id": "C1", "access_token": "xoxb-very-secret-token"}}},
    )  # fmt: skip
    change = TenancyChange(channel_fallback_mode=FallbackMode.ALLOWLIST, channel_fallback=(Channel.EMAIL,))
    await hub.tenancy.change(TESTER, workspace_a.workspace_id, workspace_a.name, change)
    page = await viewer.get(USERS + "ada/tenants/acme/")
    assert row(page, "role") == "role admin admin tenant, replaces global"
    assert row(page, "desk") == "desk 7 7 tenant"
    assert row(page, "city") == "city nothing Oslo global"
    assert row(page, "Email") == "Email nothing ada@example.com global"
    assert row(page, "SMS") == "SMS nothing nothing does not apply here"
    assert row(page, "Slack").endswith("tenant")
    assert "very-secret" not in page.source
    assert "Latest edits for this tenant" in page.text
    assert page.links("Preferences here") == [USERS + "ada/preferences/?tenant=acme"]
    unlinked = await viewer.get(USERS + "ada/tenants/default/")
    assert "not linked with the tenant" in unlinked.text
    assert row(unlinked, "role") == "role nothing user global"


async def test_a_tenants_overrides_are_shown_next_to_the_defaults(
    viewer: Browser,
    make_tenant: MakeTenant,
    hub: Services,
    workspace_a: NewWorkspace,
    commit: Callable[..., Awaitable[None]],
) -> None:
    await make_tenant("acme")
    page = await viewer.get(TENANTS + "acme/categories/")
    assert "No preference categories yet" in page.text
    await commit("news", "tips")
    page = await viewer.get(TENANTS + "acme/categories/")
    assert 'update_preference_category("acme", "news"' in page.text
    settings = SetOverride(
        "news", preference=Preference.OPT_OUT, visible_to_subscriber=False, blocked_channels=(Channel.SMS,)
    )
    await hub.preferences.override(TESTER, workspace_a.workspace_id, "acme", settings)
    page = await viewer.get(TENANTS + "acme/categories/")
    assert row(page, "Default") == "Default off, can be turned on on, can be turned off"
    assert row(page, "Shown") == "Shown to recipients no yes"
    assert row(page, "Blocked") == "Blocked channels SMS not set"
    assert "1 other category follows" in page.text
    await commit("tips")
    assert "Settings for categories that no longer exist" in (await viewer.get(TENANTS + "acme/categories/")).text


async def test_unknown_tenants_and_those_of_other_workspaces_are_not_found(
    viewer: Browser, of_b: Browser, make_tenant: MakeTenant, edit_user: Edit, link: Link
) -> None:
    await make_tenant("acme")
    await edit_user("ada")
    await link("ada", "acme", {"$set": {"a": 1}})
    home_of_b = "/console/w/workspace%20B/"
    for tab in ("", "users/", "categories/"):
        assert (await viewer.get(f"{TENANTS}nobody/{tab}")).status == 404
        assert (await of_b.get(f"{TENANTS}acme/{tab}")).status == 404
        assert (await of_b.get(f"{home_of_b}tenants/acme/{tab}")).status == 404
    assert (await viewer.get(TENANTS + "%3Cscript%3E/")).status == 400
    assert (await viewer.get(TENANTS + "?after=x")).status == 400
    assert (await viewer.get(USERS + "ada/tenants/nobody/")).status == 404
    assert (await of_b.get(home_of_b + "tenants/")).ids() == ["default"]
    for path in ("users/ada/tenants/", "users/ada/tenants/acme/", "users/ada/preferences/"):
        assert (await of_b.get(home_of_b + path)).status == 404
        assert (await of_b.get(HOME + path)).status == 404
