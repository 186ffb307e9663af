"""The console in a real browser: finding, reading and changing users, with and without JavaScript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import PASSWORD, USERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from .conftest import LiveHub


def make_user(api: httpx2.Client, distinct_id: str, **payload: Any) -> None:
    answer = api.post(f"/v1/user/{distinct_id}/", json=payload)
    assert answer.status_code == 201, answer.text


def get_user(api: httpx2.Client, distinct_id: str) -> dict[str, Any]:
    return dict(api.get(f"/v1/user/{distinct_id}/").json())


def addresses(user: dict[str, Any], channel: str) -> list[str]:
    return [identity["value"] for identity in user.get(channel, [])]


@pytest.fixture(params=["with JavaScript", "without"])
def any_page(request: pytest.FixtureRequest) -> Page:
    """The developer's browser, once with JavaScript and once without."""
    page: Page = request.getfixturevalue("page" if request.param == "with JavaScript" else "plain_page")
    return page


def test_signing_in_with_a_password_and_being_refused(
    open_browser: Callable[..., Page], command: Callable[..., str], prefix: str
) -> None:
    command("console-user", "create", f"{prefix}sam", "--workspace", "development", "--password-stdin", stdin=PASSWORD)
    page = open_browser()
    page.goto(USERS)
    page.get_by_label("Name").fill(f"{prefix}sam")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(USERS))
    page.get_by_text(f"{prefix}sam").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(USERS)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_typing_finds_users_by_prefix_and_enter_opens_the_one_that_is_named(
    page: Page, api: httpx2.Client, prefix: str
) -> None:
    for number in range(3):
        make_user(api, f"{prefix}{number}", **{"$email": f"{prefix}{number}@example.com"})
    page.goto(USERS)
    page.keyboard.press("/")
    page.keyboard.type(prefix)
    expect(page.locator("mark").first).to_have_text(prefix)
    expect(page.locator("[data-rows] tbody tr")).to_have_count(3)
    assert f"q={prefix}" in page.url, "the view can be shared"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"{prefix}1")).to_be_visible()
    page.goto(USERS)
    page.get_by_role("searchbox").fill(f"{prefix}2@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"{prefix}2")).to_be_visible()


def test_searching_without_javascript(plain_page: Page, api: httpx2.Client, prefix: str) -> None:
    make_user(api, f"{prefix}one")
    make_user(api, f"{prefix}two")
    plain_page.goto(USERS)
    plain_page.get_by_role("searchbox").fill(prefix)
    plain_page.keyboard.press("Enter")
    expect(plain_page.locator("[data-rows] tbody tr")).to_have_count(2)
    plain_page.get_by_role("searchbox").fill(f"{prefix}two")
    plain_page.keyboard.press("Enter")
    expect(plain_page.get_by_role("heading", name=f"{prefix}two")).to_be_visible()


def test_an_unknown_id_is_offered_and_created(any_page: Page, api: httpx2.Client, prefix: str) -> None:
    any_page.goto(f"{USERS}?q={prefix}new")
    any_page.get_by_role("link", name=f"Create {prefix}new").click()
    any_page.get_by_label("Name").fill("New One")
    any_page.get_by_role("button", name="Create user").click()
    expect(any_page.get_by_role("status")).to_have_text("The user has been created.")
    assert get_user(api, f"{prefix}new")["properties"] == {"name": "New One"}


def test_paging_forth_and_back_shows_the_same_pages(any_page: Page, api: httpx2.Client, prefix: str) -> None:
    for number in range(120):
        make_user(api, f"{prefix}{number:03}")
    any_page.goto(f"{USERS}?q={prefix}")
    cells = any_page.locator("[data-rows] tbody .id")
    pages = [cells.all_inner_texts()]
    for _ in range(2):
        any_page.get_by_role("link", name="Next").click()
        any_page.wait_for_load_state()
        pages.append(cells.all_inner_texts())
    assert [name for names in pages for name in names] == [f"{prefix}{number:03}" for number in range(120)]
    any_page.get_by_role("link", name="Previous").click()
    any_page.wait_for_load_state()
    assert cells.all_inner_texts() == pages[1]
    any_page.go_back()
    assert cells.all_inner_texts() == pages[2], "the browser's own way back"


def test_filters_narrow_and_their_chips_widen_again(any_page: Page, api: httpx2.Client, prefix: str) -> None:
    make_user(api, f"{prefix}mail", **{"$email": f"{prefix}@example.com"})
    make_user(api, f"{prefix}phone", **{"$sms": "+15550100100"})
    any_page.goto(f"{USERS}?q={prefix}")
    any_page.get_by_text("Filter", exact=True).click()
    any_page.get_by_label("Has channel").select_option("SMS")
    any_page.get_by_role("button", name="Apply").click()
    expect(any_page.locator("[data-rows] tbody .id")).to_have_text([f"{prefix}phone"])
    any_page.get_by_role("link", name="has SMS").click()
    expect(any_page.locator("[data-rows] tbody tr")).to_have_count(2)


def save(page: Page, button: str) -> None:
    """Press the button of an edit form, and wait for the page that comes after it."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status")).to_have_text("Saved.")


def test_each_edit_and_its_effect_through_the_api(any_page: Page, api: httpx2.Client, prefix: str) -> None:
    name = f"{prefix}ann"
    make_user(api, name, plan="free", **{"$email": f"{prefix}old@example.com"})
    any_page.goto(f"{USERS}{name}/")

    any_page.get_by_role("link", name="Channel", exact=True).click()
    any_page.get_by_label("Email", exact=True).fill("not an address")
    any_page.get_by_role("button", name="Save").click()
    expect(any_page.locator("#e-value")).to_contain_text("e-mail address")
    any_page.get_by_label("Email", exact=True).fill(f"{prefix}new@example.com")
    save(any_page, "Save")
    assert addresses(get_user(api, name), "$email") == [f"{prefix}old@example.com", f"{prefix}new@example.com"]

    any_page.get_by_role("link", name="Remove this Email value").first.click()
    save(any_page, "Remove")
    assert addresses(get_user(api, name), "$email") == [f"{prefix}new@example.com"]

    any_page.get_by_role("link", name="Change plan").click()
    any_page.get_by_role("textbox", name="Value").fill("gold")
    save(any_page, "Save")
    assert get_user(api, name)["properties"] == {"plan": "gold"}

    any_page.get_by_role("link", name="Unset plan").click()
    save(any_page, "Unset")
    assert get_user(api, name)["properties"] == {}

    any_page.get_by_role("link", name="Edit", exact=True).click()
    any_page.get_by_label("Timezone").fill("Europe/Vienna")
    save(any_page, "Save")
    assert get_user(api, name)["properties"] == {"$timezone": "Europe/Vienna"}

    any_page.get_by_role("link", name="History").click()
    expect(any_page.get_by_text("console: developer")).to_have_count(5)

    any_page.get_by_role("link", name="Delete").click()
    any_page.get_by_label("to confirm").fill(name[:-1])
    any_page.get_by_role("button", name="Delete permanently").click()
    expect(any_page.locator("#e-confirm")).to_be_visible()
    any_page.get_by_label("to confirm").fill(name)
    any_page.get_by_role("button", name="Delete permanently").click()
    expect(any_page.get_by_role("status")).to_have_text("The user has been deleted.")
    assert api.get(f"/v1/user/{name}/").status_code == 404


def test_the_form_shows_what_it_will_send_while_typing(page: Page, api: httpx2.Client, prefix: str) -> None:
    make_user(api, f"{prefix}ann")
    page.goto(f"{USERS}{prefix}ann/")
    page.get_by_role("link", name="Property", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Key").fill("seats")
    page.get_by_role("radio", name="number").check()
    page.get_by_role("textbox", name="Value").fill("5")
    expect(page.get_by_role("dialog")).to_contain_text('[{"$set":{"seats":5}}]')
    expect(page.get_by_role("dialog")).to_contain_text('user.set("seats", 5)')
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert get_user(api, f"{prefix}ann")["properties"] == {}


def test_a_secret_shows_when_asked_for(any_page: Page, api: httpx2.Client, prefix: str) -> None:
    make_user(api, f"{prefix}ann", **{"$slack": {"channel_id": "C1", "access_token": "xoxb-the-whole-secret"}})
    any_page.goto(f"{USERS}{prefix}ann/")
    expect(any_page.get_by_text("xoxb-the-whole-secret")).to_have_count(0)
    any_page.get_by_role("button", name="Reveal Slack secret").click()
    expect(any_page.get_by_text("xoxb-the-whole-secret")).to_be_visible()


def test_the_copy_button_copies_the_id(page: Page, api: httpx2.Client, prefix: str) -> None:
    make_user(api, f"{prefix}ann")
    page.goto(f"{USERS}{prefix}ann/")
    page.get_by_role("button", name="Copy distinct_id").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{prefix}ann"


def test_a_viewer_sees_no_way_to_edit_and_no_other_workspace(
    open_browser: Callable[..., Page], command: Callable[..., str], hub: LiveHub, api: httpx2.Client, prefix: str
) -> None:
    make_user(api, f"{prefix}ann", **{"$email": f"{prefix}@example.com"})
    command("workspace", "create", f"{prefix}other")
    command("console-user", "create", f"{prefix}vic", "--workspace", "development", "--password-stdin", stdin=PASSWORD)
    page = open_browser()
    page.goto(hub.address + command("console-user", "link", f"{prefix}vic").strip())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/users/")
    page.goto(f"{USERS}{prefix}ann/")
    expect(page.get_by_role("heading", name=f"{prefix}ann")).to_be_visible()
    for name in ("Channel", "Property", "Delete", "Edit"):
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    page.goto(f"{USERS}{prefix}ann/delete/")
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    page.goto(f"/console/w/{prefix}other/users/")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_the_choice_of_colours_is_kept(any_page: Page) -> None:
    any_page.goto(USERS)
    any_page.get_by_role("button", name="Dark").click()
    expect(any_page.locator("html")).to_have_attribute("data-theme", "dark")
    any_page.wait_for_load_state("networkidle")
    any_page.reload()
    expect(any_page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(any_page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def _everything(api: httpx2.Client, prefix: str) -> list[str]:
    """A user, an object and a list with a bit of all; returns the addresses of all pages about them."""
    make_user(
        api, f"{prefix}ann", name="Ann", tags=["a", "b"], nested={"a": {"b": 1}}, flag=True, nothing=None,
        **{"$email": f"{prefix}@example.com", "$androidpush": f"{prefix}token-0123456789", "$timezone": "Europe/Berlin",
           "$slack": {"channel_id": "C1", "access_token": "xoxb-1234567890"}},
    )  # fmt: skip
    make_user(api, f"{prefix}ann", name="Anna", tags=["b", "c"])
    team = f"/v1/object/teams/{prefix}red/"
    assert api.post(team, json={"name": "Red"}).status_code == 201
    assert api.post(f"{team}subscription/", json={"recipients": [f"{prefix}ann"]}).status_code < 300
    assert api.post("/v1/subscriber_list/", json={"list_id": f"{prefix}friends"}).status_code == 201
    path = f"/v1/subscriber_list/{prefix}friends/"
    assert api.post(f"{path}subscriber/add/", json={"distinct_ids": [f"{prefix}ann"]}).status_code == 201
    assert api.post(f"{path}start_sync/", json={}).status_code == 201
    bad = {"distinct_id": f"{prefix}ann", "$user_operations": [{"$append": {"$email": "nobody"}}]}
    assert api.post("/event/", json=[bad]).status_code < 300
    tenant = f"{prefix}acme"
    assert (
        api.post(f"/v1/tenant/{tenant}/", json={"tenant_name": "N" * 255, "properties": {"k": "v"}}).status_code == 201
    )
    within = {
        "role": "admin",
        "long": "w" * 300,
        "$slack": {"channel_id": "C2" * 40, "access_token": "xoxb-1234567890"},
    }
    assert api.post(f"/v1/user/{prefix}ann/tenant/{tenant}/", json=within).status_code == 201
    make_user(api, f"{prefix}bob", pet="cat")
    merge = {"from_user_id": f"{prefix}bob"}
    assert api.post(f"/v1/user/{prefix}ann/merge/", json=merge).status_code == 201
    home, user, red = USERS.removesuffix("users/"), f"{USERS}{prefix}ann/", f"objects/teams/{prefix}red/"
    edits = [
        "add_channel",
        "add_channel&channel=$slack",
        "set_property&key=tags",
        "unset_property&key=tags",
        "set_language",
    ]
    return [
        USERS, f"{USERS}?q={prefix}", f"{USERS}?q=nobody-{prefix}", f"{USERS}?q={prefix}&channel=$email&state=nonsense",
        f"{home}new-user/", user, *(f"{user}{tab}/" for tab in ("history", "subscriptions", "lists", "rejected", "json", "delete")),
        *(f"{user}edit/?do={do}" for do in edits), f"{home}objects/", f"{home}objects/teams/", f"{home}{red}",
        f"{home}{red}subscribers/", f"{home}lists/", f"{home}lists/{prefix}friends/", f"{home}rejected/",
        f"{home}credentials/", "/console/no/such/page/", f"{user}tenants/", f"{user}tenants/{tenant}/",
        f"{user}preferences/", f"{user}preferences/?tenant={tenant}", f"{user}preferences/?tenant=nobody",
        f"{home}{red}preferences/", f"{home}tenants/", f"{home}tenants/?q={prefix}", f"{home}tenants/{tenant}/",
        f"{home}tenants/{tenant}/users/", f"{home}tenants/{tenant}/categories/", f"{home}categories/",
        f"{home}categories/?mode=draft", f"{USERS}{prefix}bob/", f"{USERS}?q={prefix}bob",
    ]  # fmt: skip


@pytest.fixture
def categories(hub: LiveHub, command: Callable[..., str]) -> None:
    """Categories in force, and a draft with long texts."""
    scopes = ("--scope", "read", "--scope", "write", "--scope", "manage")
    [key] = re.findall(r"API key: (\S+)", command("key", "create", "development", *scopes))
    path = "/v1/development/preference_category/"
    with httpx2.Client(base_url=hub.address, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as manager:
        for commit, size in (("?commit=true&commit_message=First", 1), ("", 60)):
            category = {
                "category": "news" * size,
                "name": "News" * size,
                "default_preference": "opt_in",
                "tags": ["t" * size],
            }
            section = {"name": "Product" * min(size, 30), "description": "What is new.", "categories": [category]}
            document = {"root_categories": [{"root_category": "promotional", "sections": [section]}]}
            answer = manager.post(f"{path}{commit}", json=document)
            assert answer.status_code == 200, answer.text


def test_a_tenant_is_found_and_leads_to_a_user_and_the_preferences_there(
    any_page: Page, api: httpx2.Client, prefix: str, categories: None
) -> None:
    """And what the user chose for this tenant is shown with the rule that decided."""
    tenant, user = f"{prefix}acme", f"{prefix}ann"
    assert api.post(f"/v1/tenant/{tenant}/", json={"tenant_name": "Acme"}).status_code == 201
    make_user(api, user, role="user")
    assert api.post(f"/v1/user/{user}/tenant/{tenant}/", json={"role": "admin"}).status_code == 201
    choice = {"preference": "opt_out"}
    answer = api.patch(f"/v1/user/{user}/preference/category/news/?tenant_id={tenant}", json=choice)
    assert answer.status_code == 202, answer.text
    any_page.goto("/console/w/development/tenants/")
    any_page.get_by_role("searchbox").fill(prefix)
    any_page.keyboard.press("Enter")
    any_page.get_by_role("link", name=tenant).click()
    any_page.get_by_role("navigation", name="Tenant").get_by_role("link", name="Users").click()
    any_page.get_by_role("link", name=user).click()
    expect(any_page.get_by_role("row", name="role admin admin tenant, replaces global")).to_be_visible()
    any_page.get_by_role("link", name="Preferences here").click()
    expect(any_page.get_by_text("Chosen: opted out")).to_be_visible()
    any_page.get_by_role("link", name="Global").click()
    expect(any_page.get_by_text("Chosen: nothing")).to_be_visible()


@pytest.mark.usefixtures("categories")
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360)])
def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(
    open_browser: Callable[..., Page], session: Any, api: httpx2.Client, prefix: str, theme: str, width: int
) -> None:
    page = open_browser(storage_state=session, color_scheme=theme, viewport={"width": width, "height": 800})
    stranger = open_browser(color_scheme=theme, viewport={"width": width, "height": 800})
    found = []
    for address in [*_everything(api, prefix), "/console/sign-in/"]:
        visitor = stranger if "sign-in" in address else page
        visitor.goto(address)
        for violation in Axe().run(visitor).response["violations"]:
            targets = [node["target"] for node in violation["nodes"]][:3]
            found.append(f"{address}: {violation['id']}: {violation['help']}: {targets}")
        if visitor.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"{address}: wider than the window")
    assert found == []


def test_the_keyboard_alone_reaches_and_works_everything(page: Page, api: httpx2.Client, prefix: str) -> None:
    make_user(api, f"{prefix}ann")
    page.goto(f"{USERS}?q={prefix}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=f"{prefix}ann")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"{prefix}ann")).to_be_visible()
    page.get_by_role("link", name="Property", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Key")).to_be_focused()
    page.keyboard.type("plan")
    page.get_by_role("textbox", name="Value").focus()
    page.keyboard.type("gold")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert get_user(api, f"{prefix}ann")["properties"] == {"plan": "gold"}
