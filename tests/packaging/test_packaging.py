"""Both packages as they are published: built, installed into empty environments, used from there."""

from __future__ import annotations

import email
import re
import runpy
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from hub_process import HubProcess, data_directory, scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
PINS = ROOT / "requirements" / "run.txt"
PACKAGES = {"sdk": "suprsend", "hub": "suprsend_hub"}
KINDS = {"wheel": "*.whl", "sdist": "*.tar.gz"}
EVERY_DISTRIBUTION = pytest.mark.parametrize(
    ("package", "kind"), [(package, kind) for package in PACKAGES for kind in KINDS]
)


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program outside of the repository, so that nothing is found there, and return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=scrubbed_environment(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Build wheels and sdists of both packages, each wheel from its sdist, with the pinned build backend."""
    folder = tmp_path_factory.mktemp("built")
    for package in PACKAGES:
        run(
            UV, "build", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder / package,
            ROOT / package, cwd=folder,
        )  # fmt: skip

    def find(package: str, kind: str) -> Path:
        [file] = (folder / package).glob(KINDS[kind])
        return file

    return find


@pytest.fixture(scope="session")
def installed(built: Callable[[str, str], Path]) -> Iterator[Callable[[str, str], Path]]:
    """Install a distribution with what it asks for, and nothing else, into an environment of its own; return that."""
    # Not below pytest's own directory, which is closed to the user as whom PostgreSQL runs where tests run as root.
    with tempfile.TemporaryDirectory(prefix="hub-packaging-") as directory:
        Path(directory).chmod(0o755)

        def install(package: str, kind: str) -> Path:
            folder = Path(directory) / f"{package}-{kind}"
            if not folder.exists():
                python = folder / "bin" / "python"
                pinned = ["--constraint", PINS, "--build-constraint", PINS]
                run(UV, "venv", "--quiet", "--python", sys.executable, folder, cwd=folder.parent)
                run(UV, "pip", "install", "--python", python, *pinned, built(package, kind), cwd=folder.parent)
            return folder

        yield install


def tracked(package: str) -> set[str]:
    """Return the files of a package that git knows, below src."""
    listing = subprocess.run(["git", "ls-files", "src"], cwd=ROOT / package, capture_output=True, text=True, check=True)
    return {name.removeprefix("src/") for name in listing.stdout.split("\n") if name}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_and_an_sdist_hold_every_file_of_the_package_and_no_other(built, package):
    """Templates, styles, SQL and type markers are easily left out, caches and leavings easily taken in."""
    with zipfile.ZipFile(built(package, "wheel")) as wheel:
        assert {name for name in wheel.namelist() if ".dist-info/" not in name} == tracked(package)
    with tarfile.open(built(package, "sdist")) as sdist:
        names = {re.sub(r"^[^/]+/", "", member.name) for member in sdist if member.isfile()}
    assert {name.removeprefix("src/") for name in names if name.startswith("src/")} == tracked(package)


@EVERY_DISTRIBUTION
def test_a_distribution_carries_licence_and_notice(built, package, kind):
    """Both are copies of the files at the root, taken along by the build from the package's own folder."""
    if kind == "wheel":
        with zipfile.ZipFile(built(package, kind)) as wheel:
            held = {name: wheel.read(name) for name in wheel.namelist() if "/licenses/" in name}
    else:
        with tarfile.open(built(package, kind)) as sdist:
            held = {member.name: sdist.extractfile(member).read() for member in sdist if member.name.count("/") == 1}
    by_name = {Path(name).name: content for name, content in held.items()}
    for name in ("LICENSE", "NOTICE"):
        assert by_name[name] == (ROOT / name).read_bytes()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_metadata_say_what_pyproject_says(built, package):
    project = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]
    [version] = {runpy.run_path(str(file))["__version__"] for file in (ROOT / package / "src").glob("*/_version.py")}
    with zipfile.ZipFile(built(package, "wheel")) as wheel:
        [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(wheel.read(name))
    assert (metadata["Name"], metadata["Version"]) == (project["name"], version)
    assert metadata["Summary"] == project["description"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE", "NOTICE"]
    assert metadata["Author"] == "the suprsend-hub authors"
    assert metadata["Keywords"].split(",") == project["keywords"]
    assert metadata.get_all("Classifier") == project["classifiers"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith(f"# {project['name']}\n")
    assert metadata["Requires-Python"] == project["requires-python"]
    assert len(metadata.get_all("Requires-Dist") or []) == len(project["dependencies"])


@EVERY_DISTRIBUTION
def test_a_package_index_would_accept_the_distribution(built, package, kind, tmp_path):
    """A missing or unreadable description is an error here, not a warning."""
    run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", built(package, kind), cwd=tmp_path)


NOT_IMPORTED = r"suprsend\.testing|suprsend_hub\.__main__|suprsend_hub\.store\.migrations\b.*"
"""A plugin of pytest's, a program, and what Alembic runs."""
IMPORT_ALL = f"""
import importlib, pkgutil, re, sys
root = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
    if not re.fullmatch(r"{NOT_IMPORTED}", module.name):
        importlib.import_module(module.name)
print(root.__file__)
"""


@EVERY_DISTRIBUTION
def test_an_installed_package_has_all_that_it_imports(installed, package, kind, tmp_path):
    """Every module is imported in an environment that has the declared dependencies only."""
    python = installed(package, kind) / "bin" / "python"
    where = Path(run(python, "-c", IMPORT_ALL, PACKAGES[package], cwd=tmp_path).strip())
    assert where.is_relative_to(installed(package, kind))
    assert (where.parent / "py.typed").exists()
    run(UV, "pip", "check", "--python", python, cwd=tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_installed_command_shows_its_help(installed, kind, tmp_path):
    printed = run(installed("hub", kind) / "bin" / "suprsend-hub", "--help", cwd=tmp_path)
    for command in ("dev", "serve", "db", "workspace", "key"):
        assert re.search(rf"\b{command}\b", printed), printed


USE = """
import sys, suprsend
client = suprsend.Suprsend("workspace_key", "workspace_secret", base_url=sys.argv[1])
user = client.users.get_edit_instance("ada")
user.set("name", "Ada")
print(client.users.edit(user)["properties"]["name"], client.users.get("ada")["distinct_id"])
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_installed_hub_serves_the_installed_sdk_and_its_pages(installed, kind, tmp_path):
    program = installed("hub", kind) / "bin" / "suprsend-hub"
    with data_directory() as data:
        hub = HubProcess("dev", "--port", "0", "--data-dir", str(data), complaints=tmp_path / "stderr", program=program)
        try:
            hub.start()
            printed = run(installed("sdk", kind) / "bin" / "python", "-c", USE, hub.base_url, cwd=tmp_path)
            assert printed == "Ada ada\n"
            with httpx2.Client(trust_env=False, follow_redirects=True, base_url=hub.base_url) as client:
                page = client.get(hub.line(r"Console: (http://\S+)"))
                assert page.status_code == 200
                assets = re.findall(r'(?:href|src)="(/console/[^"]+\.(?:css|js))', page.text)
                assert assets
                assert {client.get(asset).status_code for asset in assets} == {200}
            assert hub.stop() == 0
        finally:
            hub.end()
