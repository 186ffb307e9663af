"""`category …` and `workspace channels`: files in and out, mistakes, commits, on a hub that runs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import RESERVED_NAMES

from .test_servers import call, dev

RunCli = Callable[..., subprocess.CompletedProcess[str]]
Cli = Callable[..., str]
StartServer = Callable[..., "object"]

NEWS = {"category": "news", "name": "News", "default_preference": "opt_in"}
ALERTS = {
    "category": "alerts", "name": "Alerts", "default_preference": "cant_unsubscribe",
    "default_mandatory_channels": ["email", "sms"],
}  # fmt: skip


def document(*categories: object, section: str | None = None) -> dict:
    """A document with one section of transactional categories."""
    sections = [{"name": section, "categories": categories}]
    return {"root_categories": [{"root_category": "transactional", "sections": sections}]}


def put(directory: Path, content: object, name: str = "categories_preferences.json") -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.fixture
def acme(cli: Cli) -> Cli:
    """The commands, with a workspace Acme."""
    cli("workspace", "create", "Acme")
    return cli


def test_files_are_pushed_committed_listed_and_pulled_again(acme: Cli, tmp_path: Path) -> None:
    """A push is a draft until it is committed; what is pulled is what can be pushed."""
    there, here = tmp_path / "there", tmp_path / "here" / "below"
    put(there, document(NEWS, ALERTS, section="Tasks"))
    put(there, {"categories": {"news": {"name": "Noticias"}}}, "translation/es_ar.json")
    assert acme("category", "push", "Acme", "--dir", str(there)) == "Saved 2 categories as the draft.\n"
    assert acme("category", "list", "Acme") == ""
    drafted = acme("category", "list", "Acme", "--mode", "draft")
    assert drafted == (
        "transactional\tTasks\tnews\topt_in\t-\tNews\n"
        "transactional\tTasks\talerts\tcant_unsubscribe\temail,sms\tAlerts\n"
    )
    done = acme("category", "commit", "Acme", "--commit-message", "first")
    assert done == "Version 1 with 2 categories is in force.\n"
    assert acme("category", "list", "Acme") == drafted
    printed = acme("category", "pull", "Acme", "--dir", str(here))
    names = ["categories_preferences.json", "translation/es-AR.json"]
    assert printed.splitlines() == [f"Wrote {here / name}" for name in names]
    pulled = json.loads((here / names[0]).read_text(encoding="utf-8"))
    assert [each["root_category"] for each in pulled["root_categories"]] == ["system", "transactional", "promotional"]
    assert json.loads((here / names[1]).read_text(encoding="utf-8"))["categories"]["news"]["name"] == "Noticias"
    again = acme("category", "push", "Acme", "-d", str(here), "--commit", "--commit-message", "second")
    assert again == "Saved 2 categories as version 2, in force.\n"
    versions = [line.split("\t") for line in acme("category", "versions", "Acme").splitlines()]
    assert [(line[0], line[2]) for line in versions] == [("2", "second"), ("1", "first")]
    audited = acme("audit", "list", "Acme")
    assert all(action in audited for action in ("category.save", "category.commit", "category.translate"))


def test_every_mistake_of_all_files_is_named_and_nothing_is_saved(
    acme: Cli, run_cli: RunCli, configured: dict[str, str], tmp_path: Path
) -> None:
    put(tmp_path, document(NEWS, {**NEWS, "category": "Bad Slug", "default_preference": "maybe"}))
    put(tmp_path, {"categories": {"news": {"title": "x"}}}, "translation/es.json")
    put(tmp_path, {}, "translation/not a locale.json")
    done = run_cli("category", "push", "Acme", "--dir", str(tmp_path), **configured)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert all(line.startswith("Error: ") for line in lines)
    at = "root_categories[0].sections[0].categories[1]"
    for part in (
        f"{at}.category: ",
        f"{at}.default_preference: ",
        "es.json: categories.news.title",
        "not a locale.json: ",
    ):
        assert sum(part in line for line in lines) == 1, part
    assert acme("category", "list", "Acme", "--mode", "draft") == ""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        (None, "No such file"),
        ("[]", "must be an object"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    acme: Cli, run_cli: RunCli, configured: dict[str, str], tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        put(tmp_path, content)
    done = run_cli("category", "push", "Acme", "--dir", str(tmp_path), **configured)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "categories_preferences.json" in line
    assert reason in line


def test_what_cannot_be_done_is_said_in_a_line(
    acme: Cli, run_cli: RunCli, configured: dict[str, str], tmp_path: Path
) -> None:
    put(tmp_path, document(NEWS))
    there = ("--dir", str(tmp_path))
    for arguments, reason in (
        (("commit", "Acme"), "--commit-message"),
        (("push", "Acme", *there, "--commit"), "--commit-message"),
        (("push", "Nobody", *there), "workspace 'Nobody' not found"),
        (("list", "Nobody"), "workspace 'Nobody' not found"),
    ):
        done = run_cli("category", *arguments, **configured)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert reason in line
    assert acme("category", "list", "Acme", "--mode", "draft") == ""


def test_on_a_running_hub_categories_and_channels_apply_at_once(
    start_server: StartServer, run_cli: RunCli, data_dir: Path, tmp_path: Path
) -> None:
    """With --data-dir, next to `dev`: removing what somebody chose for takes --force, channels leave the answers."""
    server = dev(start_server, data_dir)
    user = f"{server.base_url}v1/user/ada/"
    news = f"{user}preference/category/news/"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_cli(*arguments, "--data-dir", str(data_dir))

    def push(*more: str) -> subprocess.CompletedProcess[str]:
        return run("category", "push", "development", "--dir", str(tmp_path), *more)

    committing = ("--commit", "--commit-message", "x")
    put(tmp_path, document(NEWS, ALERTS))
    assert push(*committing).returncode == 0
    assert call("POST", user, server.api_key, {})[0] == 201
    assert call("PATCH", news, server.api_key, {"preference": "opt_out"})[0] == 202
    put(tmp_path, document(ALERTS))
    problem = "category 'news' is removed, but has choices: 1 by recipients, 0 by tenants"
    warned = push()
    assert (warned.returncode, warned.stderr) == (0, f"Warning: {problem}\n")
    refused = push(*committing)
    assert (refused.returncode, refused.stderr.splitlines()[1]) == (1, f"Error: {problem}")
    refused = run("category", "commit", "development", "--commit-message", "x")
    assert (refused.returncode, refused.stderr) == (1, f"Error: {problem}\n")
    assert call("GET", news, server.api_key)[0] == 200
    assert push(*committing, "--force").stdout == "Saved 1 categories as version 2, in force.\n"
    assert call("GET", news, server.api_key)[0] == 404

    assert run("workspace", "channels", "development").stdout.count(", ") == 8
    used = run("workspace", "channels", "development", "--channel", "sms", "--channel", "email")
    assert used.stdout == run("workspace", "channels", "development").stdout == "email, sms\n"
    shown = call("GET", f"{user}preference/channel_preference/", server.api_key)[1]["channel_preferences"]
    assert [each["channel"] for each in shown] == ["email", "sms"]
    assert run("workspace", "channels", "development", "--all").stdout.count(", ") == 8
    assert run("workspace", "channels", "development", "--all", "--channel", "sms").returncode == 1
    assert run("workspace", "channels", "development", "--channel", "pigeon").returncode == 2


@pytest.mark.anyio
async def test_a_workspace_cannot_have_the_name_of_a_path(
    hub: Services, run_cli: RunCli, configured: dict[str, str]
) -> None:
    """The management interface has the workspace's name where the others have these."""
    name = max(RESERVED_NAMES)
    for given in (name, name.upper(), f" {name} "):
        done = run_cli("workspace", "create", given, **configured)
        assert done.returncode == 1
        assert "paths of the API begin so" in done.stderr
    assert await hub.workspaces.list_all() == []
