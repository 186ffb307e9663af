"""How many connections a worker may hold, from the limits of the process."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
soft, hard, = (int(text) for text in "{limits}".split())
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from suprsend_hub.cli.connections import allow_connections
print(allow_connections(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("limits", "connections"),
    [("256 1024", 512), ("1024 4096", 3584), ("256 256", 128), ("1024 20000", 16_384)],
)
def test_a_worker_holds_as_many_connections_as_files_are_allowed(limits: str, connections: int) -> None:
    """The soft limit is raised as far as the hard one allows, and other files have room beside the connections."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(limits=limits)], capture_output=True, text=True, check=True, timeout=60
    )
    allowed, files = (int(text) for text in done.stdout.split())
    assert allowed == connections
    assert files >= min(int(limits.split()[1]), connections + 512)
