"""The fixture for applications' own tests."""

import subprocess
import sys
from pathlib import Path

import pytest

USE = """
import suprsend

def test_round_trip(suprsend_hub):
    with suprsend.Suprsend(suprsend_hub.workspace_key, suprsend_hub.workspace_secret, suprsend_hub.base_url) as client:
        user = client.users.get_edit_instance("user-1")
        user.set("name", "Ada")
        client.users.async_edit(user)
        assert client.users.get("user-1")["properties"] == {"name": "Ada"}
"""


def run_tests(tmp_path: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run a file of tests of an application in a process of its own."""
    test = tmp_path / "test_use.py"
    test.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "suprsend.testing", "-p", "no:cacheprovider"]
    command += ["--basetemp", str(tmp_path / "base"), "--rootdir", str(tmp_path), str(test)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, cwd=tmp_path)


ALONE = """
import pytest
import suprsend

@pytest.mark.parametrize("name", ["Ada", "Bob"])
def test_alone(suprsend_workspace, name):
    hub = suprsend_workspace
    with suprsend.Suprsend(hub.workspace_key, hub.workspace_secret, hub.base_url) as client:
        assert client.users.list()["meta"]["count"] == 0
        client.users.upsert("user-1", {"name": name})
        assert client.users.get("user-1")["properties"] == {"name": name}
"""


@pytest.mark.slow
def test_each_test_may_have_a_workspace_of_its_own(tmp_path: Path) -> None:
    """Otherwise the second of these tests would see the user of the first."""
    done = run_tests(tmp_path, ALONE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.slow
def test_the_fixture_gives_a_hub_that_ends_with_the_session(tmp_path: Path) -> None:
    result = run_tests(tmp_path, USE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


def test_a_hub_that_cannot_start_says_why(tmp_path: Path) -> None:
    from suprsend.testing import run_hub

    (tmp_path / "data").write_text("a file where the data directory should be")
    with pytest.raises(RuntimeError, match=r"ended with status [^0]"), run_hub(tmp_path):
        pass
