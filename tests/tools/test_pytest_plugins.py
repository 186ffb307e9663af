"""The plugins of the test suite find what they are there to find, with and without pytest-xdist."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SAME_ID = """
import pytest

class Twice(pytest.Function):
    pass

def pytest_collection_modifyitems(items):
    for item in list(items):
        if item.name == "test_doubled":
            items.append(item.from_parent(item.parent, name=item.name, callobj=item.obj))
"""
DISTRIBUTIONS = pytest.mark.parametrize("distribution", [[], ["-n", "2", "--dist", "loadfile"]], ids=["alone", "xdist"])


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run tests given as text under the conftest.py of all roots."""
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT / 'tests' / 'support'}\n")

    def run(tests: str, *arguments: str, conftest: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text() + conftest)
        (tmp_path / "test_some.py").write_text(tests)
        plugins = ["-p", "no:cacheprovider", "-p", "xdist.plugin", "-p", "_hypothesis_pytestplugin"]
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # loading all of them takes seconds
        return subprocess.run(
            [sys.executable, "-m", "pytest", *plugins, *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    return run


@DISTRIBUTIONS
def test_a_run_in_which_every_test_reports_is_as_good_as_its_tests(run, distribution):
    tests = (
        "import pytest\ndef test_good(): pass\n@pytest.mark.skip\ndef test_not_now(): pass\n"
        "@pytest.fixture\ndef broken(): 1 / 0\n@pytest.mark.xfail\ndef test_error(broken): pass\n"
    )
    done = run(tests, *distribution)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not reported" not in done.stdout
    assert run(f"{tests}def test_bad(): 1 / 0\n", *distribution).returncode == 1


def test_tests_that_vanish_behind_a_common_id_turn_the_run_red(run):
    """As with a plugin that makes several tests of one function: pytest-xdist runs the first and passes."""
    tests = "def test_doubled(): pass\ndef test_single(): pass\n"
    alone = run(tests, conftest=SAME_ID)
    assert "3 passed" in alone.stdout
    assert alone.returncode == 0
    distributed = run(tests, "-n", "2", "--dist", "loadfile", conftest=SAME_ID)
    assert "2 passed" in distributed.stdout
    assert distributed.returncode == 1
    assert "1 x test_some.py::test_doubled" in distributed.stdout


@DISTRIBUTIONS
def test_a_run_that_is_cut_short_on_purpose_is_not_blamed_for_what_it_left_out(run, distribution):
    tests = "def test_bad(): 1 / 0\n" + "".join(f"def test_{number}(): pass\n" for number in range(9))
    for option in ("-x", "--collect-only", "--maxfail=1"):
        assert "not reported" not in run(tests, option, *distribution).stdout


PROPERTY = """
from hypothesis import HealthCheck, given, settings, strategies as st
{settings}
@given(st.integers())
def test_property(number): pass
"""


@pytest.mark.parametrize(
    ("settings", "passes"),
    [
        ("", True),
        ("@settings(max_examples=5)", True),
        (
            "@settings(suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.filter_too_much])",
            True,
        ),
        ("@settings(suppress_health_check=[HealthCheck.filter_too_much])", False),
        ("@settings(deadline=200)", False),
        ("@settings(settings.get_profile('default'))", False),
    ],
)
def test_property_tests_start_from_the_one_profile(run, settings, passes):
    done = run(PROPERTY.format(settings=settings))
    assert (done.returncode == 0) == passes, done.stdout
    assert ("start from those of the profile" in done.stdout) != passes


def test_input_that_is_slow_to_make_does_not_fail_a_property_test(run):
    """On a busy machine making data takes long; Hypothesis counts that as a fault of the test unless told otherwise."""
    tests = (
        "import time\nfrom hypothesis import given, settings, strategies as st\n"
        "@settings(max_examples=12)\n"
        "@given(st.integers().map(lambda number: time.sleep(0.15)))\ndef test_slow(nothing): pass\n"
    )
    assert run(tests).returncode == 0
    assert "too_slow" in run(tests, "-p", "no:one_hypothesis_profile", "--hypothesis-profile=default").stdout
