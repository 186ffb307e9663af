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


def test_the_package_says_that_it_is_typed() -> None:
    assert (SDK / "src" / "suprsend" / "py.typed").is_file()
