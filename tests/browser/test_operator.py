"""What the operator does about console users takes effect at once, in browsers that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD, USERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from .conftest import LiveHub


@pytest.fixture
def operate(command: Callable[..., str]) -> Callable[..., str]:
    """Run `suprsend-hub console-user <arguments>`."""
    return lambda *arguments, stdin="": command("console-user", *arguments, stdin=stdin)


def test_grants_passwords_and_sessions_change_under_an_open_browser(
    open_browser: Callable[..., Page], operate: Callable[..., str], hub: LiveHub, prefix: str
) -> None:
    name = f"{prefix}pat"
    assert "grant" in operate("create", name, "--password-stdin", stdin=PASSWORD)
    assert f"{name}\tno workspace" in operate("list")
    page = open_browser()
    page.goto(hub.address + operate("link", name).strip())
    expect(page.get_by_role("heading", name="No workspace yet")).to_be_visible()

    operate("grant", name, "--workspace", "development")
    assert f"{name}\tdevelopment (viewer)" in operate("list")
    page.goto(USERS)
    expect(page.get_by_role("link", name="New user")).to_have_count(0)
    operate("grant", name, "--workspace", "development", "--role", "editor")
    page.reload()
    expect(page.get_by_role("link", name="New user").first).to_be_visible()

    operate("sign-out", name)
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    operate("password", name, "--password-stdin", stdin="another long password")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("another long password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Users", exact=False).first).to_be_visible()

    operate("revoke", name, "--workspace", "development")
    page.reload()
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    operate("delete", name)
    page.goto(USERS)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert name not in operate("list")
