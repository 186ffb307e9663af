"""Settings on the command line: named when they are missing or wrong, hidden when they are secret, read from files."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from suprsend_hub.service.secrets import SecretBox, generate_master_key
from suprsend_hub.settings import Settings

RunCli = Callable[..., subprocess.CompletedProcess[str]]

URL = "postgresql://someone:hunter2@127.0.0.1:1/nowhere"


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr of a command that refused."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    return line


def test_serve_without_its_settings_names_the_missing_one(run_cli: RunCli) -> None:
    line = complaint(run_cli("serve", "--port", "0", MASTER_KEY=generate_master_key()))
    assert "SUPRSEND_HUB_DATABASE_URL is not set" in line
    line = complaint(run_cli("serve", "--port", "0", DATABASE_URL=URL))
    assert "SUPRSEND_HUB_MASTER_KEY is not set" in line
    assert "suprsend-hub master-key" in line
    assert "hunter2" not in line


def test_migrate_without_database_url_names_the_setting(run_cli: RunCli) -> None:
    assert "SUPRSEND_HUB_DATABASE_URL is not set" in complaint(run_cli("db", "migrate"))


def test_a_wrong_master_key_is_refused_without_being_repeated(run_cli: RunCli) -> None:
    line = complaint(run_cli("serve", "--port", "0", DATABASE_URL=URL, MASTER_KEY="correct-horse"))
    assert "master key" in line
    assert "correct-horse" not in line


@pytest.mark.usefixtures("workspace_a")
@pytest.mark.anyio
async def test_serve_refuses_to_start_with_the_master_key_of_another_hub(
    run_cli: RunCli, configured: dict[str, str]
) -> None:
    """As after a restore without the key: it would answer no signed request."""
    line = complaint(run_cli("serve", "--port", "0", **configured | {"MASTER_KEY": generate_master_key()}))
    assert line.startswith("Error: master_key: SUPRSEND_HUB_MASTER_KEY does not decrypt the stored workspace secrets")


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("db", "migrate")], ids=" ".join)
def test_a_database_that_does_not_answer_is_said_without_its_password(
    run_cli: RunCli, command: tuple[str, ...]
) -> None:
    line = complaint(run_cli(*command, DATABASE_URL=URL, MASTER_KEY=generate_master_key()))
    assert "database does not answer" in line
    assert "hunter2" not in line


def test_a_setting_out_of_range_is_named_as_it_is_set(run_cli: RunCli) -> None:
    line = complaint(run_cli("settings", LANES="0"))
    assert "SUPRSEND_HUB_LANES" in line
    assert "greater than or equal to 1" in line


@pytest.mark.parametrize("settings", [{"LANES": "7"}, {"POOL_SIZE": "4"}, {"POOL_SIZE": "33", "LANES": "32"}])
def test_lanes_that_could_hold_every_connection_are_refused(run_cli: RunCli, settings: dict[str, str]) -> None:
    """Reads would wait behind edits, and get 503 after ten seconds."""
    line = complaint(run_cli("settings", **settings))
    assert line.startswith("Error: SUPRSEND_HUB_LANES: ")
    assert "SUPRSEND_HUB_POOL_SIZE" in line
    room = {"LANES": "6"} if "LANES" in settings else {"POOL_SIZE": "5"}
    assert run_cli("settings", **room).returncode == 0


def test_settings_shows_every_setting_with_its_origin_and_hides_secrets(run_cli: RunCli, tmp_path: Path) -> None:
    key_file = tmp_path / "master.key"
    key = generate_master_key()
    key_file.write_text(key)
    done = run_cli("settings", DATABASE_URL=URL, MASTER_KEY_FILE=str(key_file), POOL_SIZE="17")
    assert done.returncode == 0, done.stderr
    rows = {cells[0]: cells for cells in _rows(done.stdout)}
    assert {f"SUPRSEND_HUB_{name.upper()}" for name in Settings.model_fields} <= set(rows)
    assert rows["SUPRSEND_HUB_DATABASE_URL"][1:3] == ["(hidden)", "environment"]
    assert rows["SUPRSEND_HUB_MASTER_KEY"][1] == "(hidden)"
    assert rows["SUPRSEND_HUB_MASTER_KEY"][2].startswith("file")
    assert rows["SUPRSEND_HUB_POOL_SIZE"][1:3] == ["17", "environment"]
    assert rows["SUPRSEND_HUB_LANES"][1:3] == ["3", "default"]
    for secret in ("hunter2", key):
        assert secret not in done.stdout + done.stderr


def test_secrets_come_from_the_files_that_settings_name(
    run_cli: RunCli, configured: dict[str, str], tmp_path: Path
) -> None:
    in_files = {}
    for name, value in configured.items():
        path = tmp_path / name
        path.write_text(f"{value}\n")
        in_files[f"{name}_FILE"] = str(path)
    created = run_cli("workspace", "create", "acme", **in_files)
    assert created.returncode == 0, created.stderr
    assert "acme" in run_cli("workspace", "list", **configured).stdout


def test_a_secret_file_that_is_not_there_is_named(run_cli: RunCli, tmp_path: Path) -> None:
    missing = tmp_path / "no-such-file"
    line = complaint(run_cli("workspace", "list", DATABASE_URL=URL, MASTER_KEY_FILE=str(missing)))
    assert str(missing) in line


def test_master_key_prints_a_usable_key_of_plain_characters(run_cli: RunCli) -> None:
    key = run_cli("master-key").stdout.strip()
    assert SecretBox(key).decrypt(SecretBox(key).encrypt("secret").secret_encrypted) == "secret"
    assert json.dumps(key) == f'"{key}"'  # it fits an environment file unquoted
    assert key != generate_master_key()


def _rows(table: str) -> list[list[str]]:
    """The cells of a printed table."""
    lines = (line for line in table.splitlines() if "│" in line or "┃" in line)
    return [[cell.strip() for cell in line.replace("┃", "│").strip("│").split("│")] for line in lines]
