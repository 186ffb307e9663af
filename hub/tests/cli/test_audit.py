"""`suprsend-hub audit list` and the scopes of keys, as an operator types them."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from .conftest import RunCli

Cli = Callable[..., str]


def key_of(output: str) -> str:
    return next(line.split()[-1] for line in output.splitlines() if line.startswith("Id:"))


def test_the_audit_log_is_listed_and_narrowed(cli: Cli) -> None:
    cli("workspace", "create", "Acme")
    key_id = key_of(cli("key", "create", "Acme", "--name", "nightly", "--scope", "read", "--scope", "manage"))
    cli("key", "revoke", "Acme", key_id)
    lines = [line.split("\t") for line in cli("audit", "list", "Acme").splitlines()]
    assert [line[4] for line in lines] == ["api_key.revoke", "api_key.create", "api_key.create", "workspace.create"]
    assert all(line[2].startswith("command_line:") for line in lines)
    [entry] = [
        json.loads(line) for line in cli("audit", "list", "Acme", "--action", "api_key.revoke", "--json").splitlines()
    ]
    assert (entry["target_id"], entry["actor_kind"]) == (key_id, "command_line")
    assert cli("audit", "list", "Acme", "--target", "nobody") == ""
    for none in ("2999-01-01", "2999-01-01T08:00:00+02:00", "9999-12-31T23:59:59-12:00"):
        assert cli("audit", "list", "Acme", "--since", none) == ""
    for everything in ("", "1969-12-31", "0001-01-01T00:00:00+14:00"):
        assert len(cli("audit", "list", "Acme", "--since", everything).splitlines()) == 4
    assert cli("audit", "list", "Acme", "--actor", "nobody") == ""
    assert len(cli("audit", "list", "Acme", "--limit", "2").splitlines()) == 2


def test_since_is_a_moment_whatever_its_offset(cli: Cli) -> None:
    """An hour ago, written as a clock far to the west and one far to the east show it."""
    cli("workspace", "create", "Acme")
    for hours in (-11, 13):
        zone = timezone(timedelta(hours=hours))
        moment = datetime.now(zone)
        assert len(cli("audit", "list", "Acme", "--since", (moment - timedelta(hours=1)).isoformat()).splitlines()) == 2
        assert cli("audit", "list", "Acme", "--since", (moment + timedelta(hours=1)).isoformat()) == ""


def test_a_since_that_is_no_moment_is_explained(cli: Cli, run_cli: RunCli, configured: dict[str, str]) -> None:
    cli("workspace", "create", "Acme")
    for bad in ("yesterday", "2026-13-01", "12"):
        done = run_cli("audit", "list", "Acme", "--since", bad, **configured)
        assert done.returncode == 1
        assert "ISO 8601" in done.stderr
        assert "Traceback" not in done.stderr
        assert "URL" not in done.stderr, "nothing is escaped on a command line"


def test_without_a_workspace_the_list_is_of_the_hub(cli: Cli) -> None:
    cli("db", "clean")
    assert "database.clean" in cli("audit", "list")


def test_a_hostile_name_cannot_drive_the_terminal(cli: Cli, run_cli: RunCli, configured: dict[str, str]) -> None:
    cli("workspace", "create", "Acme")
    done = run_cli("key", "create", "Acme", "--name", "\x1b[2Jevil", **configured)
    assert done.returncode == 1
    assert "printable" in done.stderr
    assert "\x1b" not in cli("audit", "list", "Acme")


def test_scopes_are_set_shown_and_checked(cli: Cli, run_cli: RunCli, configured: dict[str, str]) -> None:
    cli("workspace", "create", "Acme")
    key_id = key_of(cli("key", "create", "Acme", "--name", "nightly"))
    assert cli("key", "scopes", "Acme", key_id, "--scope", "manage", "--scope", "read") == "Scopes: manage, read\n"
    assert "\tmanage,read\tnightly" in cli("key", "list", "Acme")
    for arguments in (("scopes", "Acme", key_id), ("scopes", "Acme", key_id, "--scope", "everything")):
        assert run_cli("key", *arguments, **configured).returncode != 0
    cli("key", "revoke", "Acme", key_id)
    assert run_cli("key", "scopes", "Acme", key_id, "--scope", "read", **configured).returncode == 1


@pytest.mark.parametrize("bad", ["10.0.0.0/33", "proxy.example", "10.0.0.1/8"])
def test_trusted_proxies_that_are_no_networks_are_refused_by_name(
    run_cli: RunCli, configured: dict[str, str], bad: str
) -> None:
    done = run_cli("audit", "list", **configured, TRUSTED_PROXIES=f"127.0.0.1, {bad}")
    assert done.returncode == 1
    assert "SUPRSEND_HUB_TRUSTED_PROXIES" in done.stderr
    assert bad in done.stderr
