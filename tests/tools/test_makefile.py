"""What `make` passes on, and what the installation refuses, says and leaves behind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hub_process import scrubbed_environment
from setup_env import is_usable, progress

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


def dry_run(*arguments: str, **environment: str) -> str:
    """Return the commands that make would run."""
    command = ["make", "-n", "--no-print-directory", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=scrubbed_environment(**environment), capture_output=True, text=True, check=True
    )
    return done.stdout


def run_command_of(*arguments: str, **environment: str) -> str:
    """Return the command with which `make run` would start the hub."""
    [line] = [line for line in dry_run("run", *arguments, **environment).splitlines() if "examples/run.py" in line]
    return line.strip()


DEFAULT = 'exec .venv/bin/python examples/run.py --port "7877" --data-dir ".run/data"'


def test_variables_of_the_shell_do_not_count():
    """PORT is exported by many tools; the hub would listen elsewhere and the README's next step find nothing."""
    assert run_command_of(PORT="3000", DATA_DIR="/elsewhere", ONCE="1", PYTHON="python2", VENV="x", BIN="y") == DEFAULT
    assert "-n 4" in dry_run("test", JOBS="50", SLOW="", PYTEST="true")


@pytest.mark.parametrize(
    ("variables", "ending"),
    [
        (["PORT=", "DATA_DIR=", "ONCE="], '--port "7877" --data-dir ".run/data"'),
        (["PORT=0", "DATA_DIR=a b", "ONCE=1"], '--port "0" --data-dir "a b" --once'),
        (["ONCE=0"], '".run/data"'),
        (["ONCE=no"], '".run/data"'),
        (["ONCE=yes"], '".run/data" --once'),
    ],
    ids=" ".join,
)
def test_variables_of_the_command_line_count_and_empty_ones_are_as_if_not_given(variables, ending):
    assert run_command_of(*variables).endswith(ending)


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "80 81", "٣"])
def test_a_port_that_is_none_is_said_in_a_line(port):
    command = [sys.executable, ROOT / "examples/run.py", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert repr(port) in line
    assert "65535" in line


def test_a_data_directory_that_cannot_be_made_is_said_in_a_line(tmp_path):
    (tmp_path / "file").touch()
    command = [sys.executable, ROOT / "examples/run.py", "--port", "0", "--data-dir", tmp_path / "file" / "data"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "Not a directory" in line


def test_every_program_that_runs_for_long_takes_the_place_of_its_shell():
    """Otherwise a signal that ends make ends the shell, and the program goes on."""
    targets = ["run", "test", "test-faults", "test-browser", "bench", "bench-sdk", "bench-steps", "bench-compare"]
    for line in dry_run(*targets, "BASE=HEAD").splitlines():
        if re.search(r"-m pytest|bench/\w+\.py|examples/run\.py", line):
            assert re.match(r'\s*(\w+="[^"]*" )*exec ', line), line


def test_an_interpreter_that_does_not_exist_is_named():
    command = ["make", "--no-print-directory", "env-run", "PYTHON=python-nowhere"]
    done = subprocess.run(command, cwd=ROOT, env=scrubbed_environment(), capture_output=True, text=True, check=False)
    assert done.returncode
    assert "Interpreter not found: PYTHON=python-nowhere." in done.stderr


@pytest.fixture
def setup(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installation of an environment without packages in a tree of its own, as a given version of Python."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup_env.py", tmp_path / "tools")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "datasette.txt").write_text("")

    def run(version: str = "sys.version_info") -> subprocess.CompletedProcess[str]:
        program = (
            f"import runpy, sys; sys.version_info = {version}; sys.argv[1:] = ['datasette'];"
            "runpy.run_path('tools/setup_env.py', run_name='__main__')"
        )
        return subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def test_an_interpreter_that_is_too_old_is_refused_and_nothing_is_created(setup, tmp_path):
    done = setup("(3, 10, 12)")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "3.11 or newer is needed" in line
    assert not (tmp_path / ".venv-datasette").exists()


def test_an_environment_that_was_left_unfinished_is_made_anew(setup, tmp_path):
    """One that is finished is left alone; one whose installation broke off would fail every later make."""
    python = tmp_path / ".venv-datasette" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)  # as `venv` leaves it when it is stopped before pip is there
    first = setup()
    assert first.returncode == 0, first.stderr
    assert "creating .venv-datasette" in first.stdout
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    assert setup().stdout == ""
    assert is_usable(python.parents[1])
    # Made by another version: its packages are of no use to this one.
    cfg = python.parents[1] / "pyvenv.cfg"
    cfg.write_text(re.sub(r"version = 3\.\d+", "version = 3.10", cfg.read_text()))
    assert not is_usable(python.parents[1])


def test_the_installation_says_how_far_it_is():
    """A first `make run` takes a minute or more, which must not be a minute of silence."""
    said = ["Collecting a==1\n", "  Downloading a-1.whl\n", "Collecting b==1\n"]
    assert progress([]) == "0 packages fetched"
    assert progress(said) == "2 packages fetched"
    assert progress([*said, "Installing collected packages: a, b, c\n"]) == "installing 3 packages"
