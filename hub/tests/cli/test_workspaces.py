"""`workspace`, `key`, `rejected` and `db` on a real database."""

import json
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest
from cast import TESTER
from suprsend_hub.app import build_asgi
from suprsend_hub.domain.actor import ActorKind
from suprsend_hub.domain.errors import Forbidden, Unauthenticated
from suprsend_hub.domain.ids import ulid_text
from suprsend_hub.service.credentials import Presented, Workspace
from suprsend_hub.service.secrets import SecretBox, generate_master_key
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.store.migrate import FOLDER, read_steps

RunCli = Callable[..., subprocess.CompletedProcess[str]]
Cli = Callable[..., str]


def printed(output: str, label: str) -> str:
    """The value that was printed after `label:`."""
    [value] = re.findall(rf"^{label}:\s+(\S+)$", output, re.MULTILINE)
    return value


async def authenticated(hub: Services, api_key: str) -> Workspace:
    claim = await hub.credentials.look_up(Presented(ActorKind.API_KEY, api_key))
    return hub.credentials.confirm(claim, None).workspace


@pytest.mark.anyio
async def test_workspace_create_prints_credentials_that_work_and_are_stored_nowhere_in_clear(
    cli: Cli, hub: Services, database_url: str
) -> None:
    output = cli("workspace", "create", "Acme")
    key, secret, api_key = (printed(output, label) for label in ("Workspace key", "Workspace secret", "API key"))
    workspace = await authenticated(hub, api_key)
    assert workspace.workspace_key == key
    assert workspace.workspace_uid == printed(output, "Workspace uid")
    assert len(key) >= 20  # the official SDK's event schema refuses shorter ones
    assert len(workspace.workspace_uid) >= 20
    connection = await asyncpg.connect(database_url)
    rows = [*await connection.fetch("SELECT * FROM workspace"), *await connection.fetch("SELECT * FROM api_key")]
    await connection.close()
    for hidden in (secret, api_key):
        assert hidden not in str(rows)
        assert hidden.encode().hex() not in str(rows)


def test_workspace_list_shows_names_and_keys_but_no_secrets(cli: Cli) -> None:
    created = {name: cli("workspace", "create", name) for name in ("Acme", "Globex")}
    lines = [line.split("\t") for line in cli("workspace", "list").splitlines()]
    assert [(line[0], line[1]) for line in lines] == [
        (name, printed(output, "Workspace key")) for name, output in created.items()
    ]
    for output in created.values():
        assert printed(output, "Workspace secret") not in str(lines)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("workspace", "create", "workspace A"), "a workspace of that name already exists"),
        (("workspace", "create", "line\nbreak"), "1 to 64 printable characters"),
        (("key", "revoke", "workspace A", "garbled"), "26 letters and digits"),
        (("rejected", "list", "Nobody"), "workspace 'Nobody' not found"),
    ],
    ids=["name taken", "name unprintable", "no key id", "no such workspace"],
)
@pytest.mark.usefixtures("workspace_a")
@pytest.mark.anyio
async def test_what_cannot_be_done_is_said_in_a_line(
    run_cli: RunCli, configured: dict[str, str], arguments: tuple[str, ...], reason: str
) -> None:
    done = run_cli(*arguments, **configured)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert reason in line


@pytest.mark.anyio
async def test_a_created_key_works_until_it_is_revoked_and_only_its_end_is_listed(cli: Cli, make_hub) -> None:
    first = printed(cli("workspace", "create", "Acme"), "API key")
    output = cli("key", "create", "Acme", "--name", "importer")
    api_key, key_id = printed(output, "API key"), printed(output, "Id")
    hub = make_hub()
    async with hub.database:
        assert (await authenticated(hub, api_key)).workspace_id == (await authenticated(hub, first)).workspace_id
    listed = [line.split("\t") for line in cli("key", "list", "Acme").splitlines()]
    assert listed[1] == [key_id, f"…{api_key[-4:]}", "valid", "read,write", "importer"]

    assert cli("key", "revoke", "Acme", key_id) == "Revoked.\n"
    hub = make_hub()
    async with hub.database:
        assert await authenticated(hub, first)
        with pytest.raises(Unauthenticated):
            await authenticated(hub, api_key)
    assert [line.split("\t")[2] for line in cli("key", "list", "Acme").splitlines()] == ["valid", "revoked"]


@pytest.mark.anyio
async def test_a_key_cannot_be_revoked_twice_nor_through_another_workspace(
    hub: Services, workspace_a: NewWorkspace, workspace_b: NewWorkspace, run_cli: RunCli, configured: dict[str, str]
) -> None:
    [key] = await hub.workspaces.list_api_keys("workspace A")
    command = ("key", "revoke", "workspace B", ulid_text(key.api_key_id))
    assert "has no valid API key" in run_cli(*command, **configured).stderr
    assert await authenticated(hub, workspace_a.api_key)
    await hub.workspaces.revoke_api_key(TESTER, "workspace A", ulid_text(key.api_key_id))
    command = ("key", "revoke", "workspace A", ulid_text(key.api_key_id))
    assert "has no valid API key" in run_cli(*command, **configured).stderr


@pytest.mark.anyio
async def test_a_limit_is_set_shown_and_lifted(cli: Cli, workspace_a: NewWorkspace) -> None:
    shown = "7 edits per second, 20 at once, per worker.\n"
    assert cli("workspace", "limit", workspace_a.name, "--edits-per-second", "7", "--burst", "20") == shown
    assert cli("workspace", "limit", workspace_a.name) == shown
    assert cli("workspace", "limit", workspace_a.name, "--edits-per-second", "0") == "No limit.\n"


@pytest.mark.anyio
async def test_a_secret_is_rotated_with_an_overlap_that_can_be_ended(cli: Cli, make_hub) -> None:
    created = cli("workspace", "create", "Acme")
    old = printed(created, "Workspace secret")
    output = cli("workspace", "rotate-secret", "Acme", "--overlap", "90m")
    new = printed(output, "Workspace secret")
    assert new != old
    until = datetime.strptime(re.findall(r"valid until (.*) UTC", output)[0], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert abs(until - datetime.now(UTC) - timedelta(minutes=90)) < timedelta(minutes=2)
    assert cli("workspace", "drop-old-secret", "Acme") == "The old secret is no longer valid.\n"
    assert "The old secret is no longer valid." in cli("workspace", "rotate-secret", "Acme", "--overlap", "0")
    hub = make_hub()
    async with hub.database:
        row = await hub.workspaces.get("Acme")
    assert (row.previous_secret, row.previous_secret_until) == (None, None)


@pytest.mark.anyio
async def test_a_workspace_is_disabled_enabled_and_shown_so(cli: Cli, make_hub) -> None:
    api_key = printed(cli("workspace", "create", "Acme"), "API key")
    assert cli("workspace", "disable", "Acme") == "Workspace Acme is disabled.\n"
    assert cli("workspace", "list").rstrip("\n").endswith("\tdisabled")
    hub = make_hub()
    async with hub.database:
        with pytest.raises(Forbidden):
            await authenticated(hub, api_key)
    assert cli("workspace", "enable", "Acme") == "Workspace Acme is enabled.\n"
    assert "disabled" not in cli("workspace", "list")
    hub = make_hub()
    async with hub.database:
        assert await authenticated(hub, api_key)


def test_a_workspace_is_not_deleted_without_a_confirmation(
    cli: Cli, run_cli: RunCli, configured: dict[str, str]
) -> None:
    cli("workspace", "create", "Acme")
    refused = run_cli("workspace", "delete", "Acme", **configured)
    assert refused.returncode == 1
    assert (
        refused.stderr == "Error: workspace Acme has 0 users. Repeat with --yes to delete it with everything in it.\n"
    )
    assert "disabled" not in cli("workspace", "list")


@pytest.mark.anyio
async def test_a_workspace_is_deleted_once_no_hub_can_write_to_it_any_more(
    cli: Cli, make_hub, database_url: str
) -> None:
    """Begun long ago and interrupted: what is left of the waiting is over."""
    cli("workspace", "create", "Acme")
    hub = make_hub()
    async with hub.database:
        await anext(hub.workspace_deletion.delete(TESTER, "Acme"))
        async with hub.database.connection() as connection:
            await connection.execute("UPDATE workspace SET deleting_since = now() - interval '3 minutes'")
    assert "being deleted" in cli("workspace", "list")
    assert cli("workspace", "delete", "Acme", "--yes").splitlines()[-1] == "Workspace Acme is deleted."
    assert cli("workspace", "list") == ""


def test_a_clock_skew_is_set_shown_and_lifted(cli: Cli, run_cli: RunCli, configured: dict[str, str]) -> None:
    cli("workspace", "create", "Acme")
    assert cli("workspace", "clock-skew", "Acme") == "Any Date is accepted.\n"
    assert cli("workspace", "clock-skew", "Acme", "--at-most", "15m") == "At most 900 seconds.\n"
    assert cli("workspace", "clock-skew", "Acme") == "At most 900 seconds.\n"
    assert cli("workspace", "clock-skew", "Acme", "--at-most", "0") == "Any Date is accepted.\n"
    for wrong in ("15", "-1m", "2 weeks", ""):
        refused = run_cli("workspace", "clock-skew", "Acme", "--at-most", wrong, **configured)
        assert refused.returncode == 2
        assert "such as 24h" in refused.stderr


@pytest.mark.anyio
async def test_the_master_key_is_changed_step_by_step(
    run_cli: RunCli, configured: dict[str, str], workspace_a: NewWorkspace, make_hub
) -> None:
    """As the guide says: both keys, re-encrypt, then the new one alone; with a wrong one nothing is touched."""
    old, new = configured["MASTER_KEY"], generate_master_key()

    def re_encrypt(master_key: str) -> tuple[int, str]:
        done = run_cli("workspace", "re-encrypt", **configured | {"MASTER_KEY": master_key})
        return done.returncode, done.stdout + done.stderr

    status, output = re_encrypt(new)
    assert (status, "workspace A: no key decrypts its secret" in output) == (1, True)
    assert re_encrypt(f"{new},{old}") == (
        0,
        "workspace A: re-encrypted\nRe-encrypted secrets: 1. Workspaces: 1.\n",
    )
    assert re_encrypt(new) == (0, "Re-encrypted secrets: 0. Workspaces: 1.\n")
    hub = make_hub()
    async with hub.database:
        row = await hub.workspaces.get(workspace_a.name)
    assert SecretBox(new).decrypt(row.secret_encrypted) == workspace_a.workspace_secret


@pytest.fixture
async def events(hub: Services, anyio_backend: str) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Sends an array of events for a workspace through the API of the same database."""
    transport = httpx2.ASGITransport(app=build_asgi(hub))
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub.test") as client:

        async def send(workspace: NewWorkspace, *records: object) -> None:
            headers = {"authorization": f"Bearer {workspace.api_key}"}
            answer = await client.post("/event/", content=json.dumps(records), headers=headers)
            assert answer.status_code == 202, answer.text

        yield send


def bad_address(distinct_id: str, address: str) -> dict:
    return {"distinct_id": distinct_id, "$user_operations": [{"$append": {"$email": address}}]}


@pytest.mark.anyio
async def test_rejected_list_shows_newest_first_with_reason_and_only_the_workspaces_own(
    cli: Cli, events: Callable[..., Awaitable[None]], workspace_a: NewWorkspace, workspace_b: NewWorkspace
) -> None:
    await events(workspace_a, bad_address("ada", "first"), bad_address("bo", "second"))
    await events(workspace_b, bad_address("ada", "elsewhere"))
    lines = [line.split("\t") for line in cli("rejected", "list", "workspace A").splitlines()]
    assert sorted((line[2], line[3], line[4]) for line in lines) == [
        ("ada", "invalid_channel_value", "$email"),
        ("bo", "invalid_channel_value", "$email"),
    ]
    assert [line[0] for line in lines] == sorted((line[0] for line in lines), reverse=True)
    assert all("e-mail" in line[5] for line in lines)
    [line] = cli("rejected", "list", "workspace A", "--user", "ada", "--limit", "1").splitlines()
    assert "first" in line


@pytest.mark.anyio
async def test_rejected_list_prints_one_plain_line_per_record_whatever_was_sent(
    cli: Cli, events: Callable[..., Awaitable[None]], workspace_a: NewWorkspace
) -> None:
    """Nothing that a client sends may drive the terminal of who reads the log: no control characters, no new lines."""
    hostile = "\x1b[31m\x9b31m\r\n\t\u2028\u202e\x7f"
    await events(workspace_a, bad_address("ada\u2028\u202e", hostile), {hostile: hostile})
    output = cli("rejected", "list", "workspace A")
    lines = output.split("\n")
    assert len(lines) == 3
    assert [len(line.split("\t")) for line in lines[:2]] == [7, 7]
    assert all(char.isprintable() or char in "\t\n" for char in output)


@pytest.mark.anyio
async def test_db_migrate_brings_an_empty_database_to_a_state_that_serves(
    run_cli: RunCli, configured: dict[str, str], database_url: str
) -> None:
    name = f"{urlsplit(database_url).path[1:]}_fresh"
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    fresh = configured | {"DATABASE_URL": urlsplit(database_url)._replace(path=f"/{name}").geturl()}
    try:
        refused = run_cli("serve", "--port", "0", **fresh)
        assert refused.returncode == 1
        assert "suprsend-hub db migrate" in refused.stderr
        done = run_cli("db", "migrate", **fresh)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"at revision {read_steps(FOLDER)[-1].revision}" in done.stdout
        assert run_cli("workspace", "create", "Acme", **fresh).returncode == 0
        run_cli("db", "migrate", **fresh)  # changes nothing, so it is not in the audit log
        [line] = run_cli("audit", "list", "--json", **fresh).stdout.splitlines()
        entry = json.loads(line)
        assert (entry["action"], entry["actor_kind"]) == ("database.migrate", "command_line")
        assert entry["detail"] == {"from": None, "to": read_steps(FOLDER)[-1].revision}
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


def test_workspace_tenancy_sets_what_is_given_and_shows_the_rest(
    cli: Cli, run_cli: RunCli, configured: dict[str, str]
) -> None:
    cli("workspace", "create", "Acme")
    assert cli("workspace", "tenancy", "Acme").splitlines() == [
        "user_tenancy_mode: shared",
        "user_tenancy_channel_fallback_mode: all",
        "user_tenancy_channel_fallback: ",
        "user_tenancy_default_tenant_is_limited: False",
    ]
    cli("workspace", "tenancy", "Acme", "--mode", "exclusive", "--limit-default-tenant")
    shown = cli("workspace", "tenancy", "Acme", "--fallback", "allowlist", "--channel", "sms", "--channel", "email")
    assert shown == cli("workspace", "tenancy", "Acme")
    assert shown.splitlines() == [
        "user_tenancy_mode: exclusive",
        "user_tenancy_channel_fallback_mode: allowlist",
        "user_tenancy_channel_fallback: email, sms",
        "user_tenancy_default_tenant_is_limited: True",
    ]
    wrong = run_cli("workspace", "tenancy", "Acme", "--mode", "both", **configured)
    unknown = run_cli("workspace", "tenancy", "nowhere", **configured)
    assert (wrong.returncode, unknown.returncode) == (2, 1)
    assert "workspace 'nowhere' not found" in unknown.stderr
