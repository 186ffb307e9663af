"""A pytest fixture with a temporary hub, for the tests of your application. Requires the package ``suprsend-hub``.

    pytest_plugins = ["suprsend.testing"]  # in conftest.py

    def test_sign_up(suprsend_workspace):
        hub = suprsend_workspace
        client = suprsend.Suprsend(hub.workspace_key, hub.workspace_secret, hub.base_url)

All tests of a session share one hub. ``suprsend_workspace`` gives each test an empty workspace on it, which takes about
a second. ``suprsend_hub`` gives all of them the same workspace, where tests see what earlier tests have stored.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

START_TIMEOUT_S = 60.0  # a cold machine unpacks and initialises a database
STOP_TIMEOUT_S = 30.0
_CREDENTIAL = re.compile(r"^Workspace (key|secret): +(\S+)$", re.MULTILINE)
_LISTENING = re.compile(r"^Listening on (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TestHub:
    """The address of a temporary hub, and the credentials of a workspace; by default of its development workspace."""

    __test__ = False  # pytest must not collect it, despite its name

    base_url: str
    workspace_key: str = "workspace_key"
    workspace_secret: str = "workspace_secret"  # noqa: S105  # the documented secret of development
    data_dir: Path | None = field(default=None, compare=False)

    def new_workspace(self) -> TestHub:
        """Return the same hub with the credentials of a new, empty workspace.

        Raises:
            RuntimeError: the hub did not create it; the text has its output.
        """
        name = f"test-{uuid.uuid4().hex}"
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            [_command(), "workspace", "create", name, "--data-dir", str(self.data_dir)],
            capture_output=True, text=True, check=False, timeout=START_TIMEOUT_S,
        )  # fmt: skip
        printed = dict(_CREDENTIAL.findall(done.stdout))
        if done.returncode or not printed:
            raise RuntimeError(f"suprsend-hub could not create a workspace:\n{done.stdout}{done.stderr}")
        return replace(self, workspace_key=printed["key"], workspace_secret=printed["secret"])


@contextlib.contextmanager
def run_hub(folder: Path) -> Iterator[TestHub]:
    """Run a hub on a free port, with its data in ``folder``, and stop it at the end.

    Raises:
        RuntimeError: ``suprsend-hub`` is not installed, or did not start within a minute; the text has its output.
    """
    command = _command()
    output = folder / "hub.log"
    with output.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # our own command, no shell
            [command, "dev", "--port", "0", "--data-dir", str(folder / "data")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield TestHub(_wait_for_address(process, output), data_dir=folder / "data")
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command() -> str:
    installed = Path(sys.executable).with_name("suprsend-hub")
    command = str(installed) if installed.exists() else shutil.which("suprsend-hub")
    if command is None:
        raise RuntimeError("the command suprsend-hub was not found; install the package suprsend-hub")
    return command


def _wait_for_address(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        text = output.read_text(encoding="utf-8", errors="replace")
        found = _LISTENING.search(text)
        if found:
            return found[1]
        if ended:
            raise RuntimeError(f"suprsend-hub ended with status {process.returncode}:\n{text}")
        time.sleep(0.05)
    raise RuntimeError(f"suprsend-hub did not start within {START_TIMEOUT_S:g} s:\n{text}")


@pytest.fixture(scope="session")
def suprsend_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    """A hub for the whole test session. Tests see what earlier tests have stored."""
    with run_hub(tmp_path_factory.mktemp("suprsend-hub")) as hub:
        yield hub


@pytest.fixture
def suprsend_workspace(suprsend_hub: TestHub) -> TestHub:
    """The hub of the test session, with a workspace for this test alone."""
    return suprsend_hub.new_workspace()
