"""`db check`, `db clean` and `workspace limit` as an operator sees them: what they print, and their exit status."""

import subprocess
from collections.abc import Callable

import pytest
from cast import TESTER
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

pytestmark = pytest.mark.anyio

RunCli = Callable[..., subprocess.CompletedProcess[str]]


async def test_check_lists_what_is_wrong_and_repairs_on_request(
    hub: Services, workspace_a: NewWorkspace, run_cli: RunCli, configured: dict[str, str]
) -> None:
    """Status 0 when all is well, 1 with a line per fault when not, and 0 again after --fix, which says what it found."""

    def check(*options: str) -> tuple[int, list[str]]:
        done = run_cli("db", "check", *options, **configured)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    await hub.recipients.edit(TESTER, RecipientKey.user(workspace_a.workspace_id, "ada"), [])
    assert check() == (0, ["No faults found."])
    async with hub.database.connection() as connection:
        await connection.execute("UPDATE counter SET value = 7 WHERE name = 'users'")
    fault = f"counters: workspace {workspace_a.workspace_id}: users: has the value 7, but a recount gives 1"
    assert check() == (1, [fault, "1 fault found."])
    assert check("--fix") == (0, [fault, "1 fault found.", "After the repair:", "No faults found."])
    assert check() == (0, ["No faults found."])


async def test_check_does_not_claim_to_have_repaired_what_cannot_be(
    hub: Services, workspace_a: NewWorkspace, run_cli: RunCli, configured: dict[str, str]
) -> None:
    await hub.recipients.edit(TESTER, RecipientKey.user(workspace_a.workspace_id, "ada"), [])
    async with hub.database.connection() as connection:
        await connection.execute("UPDATE profile SET properties = '[]'")
    done = run_cli("db", "check", "--fix", **configured)
    assert done.returncode == 1
    assert "user [distinct_id: 'ada']: cannot be read" in done.stdout
    assert done.stdout.count("cannot be repaired by --fix") == 2


async def test_clean_says_how_much_it_deleted_and_by_which_settings(
    hub: Services, workspace_a: NewWorkspace, run_cli: RunCli, configured: dict[str, str]
) -> None:
    await hub.recipients.edit(TESTER, RecipientKey.user(workspace_a.workspace_id, "ada"), [])
    done = run_cli("db", "clean", **configured, HISTORY_DAYS="7", REJECTED_DAYS="3", AUDIT_DAYS="5")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Deleted 0 edits older than 7 days, 0 rejected records older than 3 days and 0 audit entries older than 5 days.\n"
    )


def test_a_limit_is_set_shown_and_lifted(cli: Callable[..., str], run_cli: RunCli, configured: dict[str, str]) -> None:
    cli("workspace", "create", "Acme")
    assert cli("workspace", "limit", "Acme") == "No limit.\n"
    limited = "500 edits per second, 2000 at once, per worker.\n"
    assert cli("workspace", "limit", "Acme", "--edits-per-second", "500", "--burst", "2000") == limited
    assert cli("workspace", "limit", "Acme") == limited
    assert cli("workspace", "limit", "Acme", "--edits-per-second", "9").startswith("9 edits per second, 9 at once")
    assert cli("workspace", "limit", "Acme", "--edits-per-second", "0") == "No limit.\n"
    for wrong in (("limit", "nobody"), ("limit", "Acme", "--burst", "5")):
        refused = run_cli("workspace", *wrong, **configured)
        assert refused.returncode == 1
        assert refused.stderr.startswith("Error: ")
