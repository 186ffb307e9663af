"""The types that callers see."""

import subprocess
import sys
from pathlib import Path

import pytest

SDK = Path(__file__).parents[2]


@pytest.mark.slow
def test_ordinary_use_passes_mypy_strict() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(SDK / "tests" / "typing")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=SDK.parent)
    assert result.stdout + result.stderr == ""


MISTAKES = """
from suprsend import Suprsend
client = Suprsend("k", "s")
client.users.get("u")["$email"][0]["valeu"]
client.users.get_bulk_edit_instance().append("u")
client.user.get_instance("u")
client.bulk_users.new_instance()
"""


@pytest.mark.slow
def test_ordinary_mistakes_are_found_by_a_type_checker(tmp_path: Path) -> None:
    """A misspelt key, a string instead of an edit, and the deprecated faces."""
    script = tmp_path / "mistakes.py"
    script.write_text(MISTAKES)
    command = [sys.executable, "-m", "mypy", "--strict", "--enable-error-code", "deprecated", str(script)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=SDK.parent)
    for line, code in ((4, "typeddict-item"), (5, "arg-type"), (6, "deprecated"), (7, "deprecated")):
        assert any(f"{script.name}:{line}:" in text and f"[{code}]" in text for text in result.stdout.splitlines())


def test_the_package_says_that_it_is_typed() -> None:
    assert (SDK / "src" / "suprsend" / "py.typed").is_file()
