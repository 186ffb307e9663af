"""The closing line of continuous integration counts every run of pytest, and never hides that something failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sum_tests import total

ROOT = Path(__file__).resolve().parents[2]

FIRST = "= 1 failed, 1918 passed, 2 skipped, 3 xfailed, 4 warnings, 2 errors in 785.01s (0:13:05) ="
SECOND = "================== 5 passed, 7 deselected in 0.10s ==================="
NOTHING = "============================ no tests ran in 0.01s ============================="


@pytest.mark.parametrize(
    ("log", "steps", "expected"),
    [
        ([FIRST, SECOND], ["test-all"], (1923, 3, 5)),
        ([FIRST, SECOND], ["run", "test-all"], (1923, 4, 5)),
        ([SECOND], [], (5, 0, 0)),
        ([SECOND, SECOND], ["test-all"], (10, 1, 0)),
        ([SECOND, NOTHING], ["check"], (5, 1, 0)),
        ([], ["test-all"], (0, 1, 0)),
    ],
    ids=["all runs count", "steps too", "good", "a run that did not even start", "no tests", "nothing at all"],
)
def test_runs_and_steps_add_up(log, steps, expected):
    counts = total("\n".join(["collected 5 items", *log, "make: *** [Makefile:52: test] Error 1"]), steps)
    assert (counts["passed"], counts["failed"], counts["skipped"]) == expected


def test_what_pytest_really_prints_is_read(tmp_path):
    """Also when its output is no terminal's, and with pytest-xdist."""
    (tmp_path / "test_some.py").write_text(
        "import pytest\ndef test_good(): pass\ndef test_bad(): 1 / 0\n@pytest.mark.skip\ndef test_not_now(): pass\n"
        "@pytest.mark.xfail\ndef test_expected(): 1 / 0\n@pytest.fixture\ndef broken(): 1 / 0\n"
        "def test_error(broken): pass\n"
    )
    (tmp_path / "pytest.ini").touch()
    log = ""
    for more in ([], ["-n", "1"]):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *more]
        log += subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    (tmp_path / "log").write_text(log)
    summed = subprocess.check_output([sys.executable, ROOT / "tools" / "sum_tests.py", tmp_path / "log"], text=True)
    assert summed.splitlines()[-1] == "2 passed, 4 failed, 4 skipped"
    assert len(summed.splitlines()) == 3
