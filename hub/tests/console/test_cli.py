"""`suprsend-hub console-user`: what the operator types, and what comes of it. In process; one test elsewhere runs the script."""

import asyncio
from collections.abc import Callable

import pytest
from cast import TESTER, VISITOR
from suprsend_hub.app import build_services
from suprsend_hub.cli import console  # noqa: F401 - registers the commands
from suprsend_hub.cli.main import app
from suprsend_hub.domain.errors import Unauthenticated
from suprsend_hub.service.services import Services
from suprsend_hub.settings import PREFIX, Settings
from typer.testing import CliRunner

from .support import PASSWORD

NEW_PASSWORD = "another long password"


@pytest.fixture
def configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The commands find this test's database, which has the workspace `acme`."""
    assert settings.database_url is not None
    assert settings.master_key is not None
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv(f"{PREFIX}MASTER_KEY", settings.master_key.get_secret_value())
    run_with(settings, lambda hub: hub.workspaces.create(TESTER, "acme"))
    return settings


def run_with(settings: Settings, use: Callable[[Services], object]) -> object:
    """Run a coroutine function with the services of the test's database."""

    async def run() -> object:
        hub = build_services(settings)
        async with hub.database:
            return await use(hub)  # type: ignore[misc]

    return asyncio.run(run())


def operate(*arguments: str, stdin: str = "", status: int = 0) -> str:
    """Run `suprsend-hub console-user <arguments>`; returns all that it printed."""
    done = CliRunner().invoke(app, ["console-user", *arguments], input=stdin)
    assert done.exit_code == status, done.output
    return done.output


@pytest.mark.usefixtures("configured")
def test_the_life_of_a_console_user() -> None:
    assert "console-user grant pat" in operate("create", "pat", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert "pat\tno workspace" in operate("list")
    operate("grant", "pat", "--workspace", "acme")
    assert "pat\tacme (viewer)" in operate("list")
    operate("grant", "pat", "--workspace", "acme", "--role", "editor")
    assert "pat\tacme (editor)" in operate("list")
    operate("revoke", "pat", "--workspace", "acme")
    assert "pat\tno workspace" in operate("list")
    assert operate("link", "pat").startswith("/console/sign-in/link/")
    operate("sign-out", "pat")
    operate("delete", "pat")
    assert operate("list") == ""


def test_the_password_given_is_the_one_that_signs_in_and_a_new_one_replaces_it(configured: Settings) -> None:
    operate("create", "pat", "--workspace", "acme", "--role", "editor", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert run_with(configured, lambda hub: hub.console_access.sign_in(VISITOR, "pat", PASSWORD))
    operate("password", "pat", "--password-stdin", stdin=NEW_PASSWORD)
    assert run_with(configured, lambda hub: hub.console_access.sign_in(VISITOR, "pat", NEW_PASSWORD))
    with pytest.raises(Unauthenticated):
        run_with(configured, lambda hub: hub.console_access.sign_in(VISITOR, "pat", PASSWORD))


@pytest.mark.usefixtures("configured")
def test_what_cannot_be_is_refused_in_one_clear_line() -> None:
    assert "10 to 1024 characters" in operate("create", "pat", "--password-stdin", stdin="short\n", status=1)
    assert "without a terminal" in operate("create", "pat", status=1)
    assert "'nowhere' not found" in operate(
        "create", "pat", "--workspace", "nowhere", "--password-stdin", stdin=PASSWORD, status=1
    )
    assert operate("list") == "", "nothing is left of what was refused"
    operate("create", "pat", "--password-stdin", stdin=PASSWORD)
    assert "already exists" in operate("create", "pat", "--password-stdin", stdin=PASSWORD, status=1)
    assert "'max' not found" in operate("sign-out", "max", status=1)
    assert "no access to workspace 'acme'" in operate("revoke", "pat", "--workspace", "acme", status=1)
