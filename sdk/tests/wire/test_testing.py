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


@pytest.mark.slow
def test_the_fixture_gives_a_hub_that_ends_with_the_session(tmp_path: Path) -> None:
    test = tmp_path / "test_use.py"
    test.write_text(USE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "suprsend.testing", "-p", "no:cacheprovider"]
    command += ["--basetemp", str(tmp_path / "base"), "--rootdir", str(tmp_path), str(test)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


def test_a_hub_that_cannot_start_says_why(tmp_path: Path) -> None:
    from suprsend.testing import run_hub

    (tmp_path / "data").write_text("a file where the data directory should be")
    with pytest.raises(RuntimeError, match=r"ended with status [^0]"), run_hub(tmp_path):
        pass
