"""The public face of the package, and the order of its layers."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import suprsend

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "sdk" / "src" / "suprsend"


def test_the_face_equals_the_committed_snapshot() -> None:
    command = [sys.executable, str(ROOT / "tools" / "api_snapshot.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_all_lists_exactly_what_is_visible() -> None:
    visible = {name for name in vars(suprsend) if not name.startswith("_")} | {"__version__"}
    assert visible - {"testing"} == set(suprsend.__all__)


def test_the_generated_twin_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "tools" / "make_sync.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }


def test_no_import_runs_in_a_circle() -> None:
    """Not even inside functions or under TYPE_CHECKING: each module can be read before those that use it."""
    known = modules()
    graph = {name: imports(path) & set(known) - {name, "suprsend"} for name, path in known.items()}
    assert len(graph) > 30
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


PURE = sorted(path for path in PACKAGE.glob("_*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_nothing_below_the_shells_knows_asyncio_threads_or_the_http_library(path: Path) -> None:
    known = imports(path)
    assert not known & {"asyncio", "threading", "socket", "concurrent.futures"}
    assert not any(name.startswith(("suprsend._async", "suprsend._sync", "suprsend._io")) for name in known)
    assert "httpcore2" not in known


def test_importing_the_package_loads_neither_asyncio_nor_the_http_library() -> None:
    code = (
        "import sys, suprsend; print(sorted({'asyncio', 'httpcore2', 'ssl', 'concurrent.futures'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"
