"""Create and refresh the virtual environments of the Makefile: `run`, `test`, `official` and `datasette`.

Runs on the bare interpreter, before anything is installed, so it uses the standard library only. An environment is
touched only when what it is made from has changed: a stamp in it keeps the hash of the last successful installation.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Environment:
    """One virtual environment: its folder, the pinned files that may fill it (least first), and our packages in it."""

    folder: str
    requirements: str
    packages: tuple[str, ...] = ()
    supersets: tuple[str, ...] = ()  # environments in the same folder that hold all of this one


ENVIRONMENTS = {
    "run": Environment(".venv", "run.txt", ("sdk", "hub"), supersets=("test",)),
    "test": Environment(".venv", "test.txt", ("sdk", "hub")),
    "official": Environment(".venv-official", "official.txt"),
    "datasette": Environment(".venv-datasette", "datasette.txt"),
}


def fingerprint(environment: Environment) -> str:
    """Return a hash of all that decides what the environment contains."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}\0{ROOT}".encode())
    files = [ROOT / "requirements" / environment.requirements]
    files += [ROOT / package / "pyproject.toml" for package in environment.packages]
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def stamp_of(name: str) -> Path:
    """Return the file that keeps the fingerprint of the last installation."""
    return ROOT / ENVIRONMENTS[name].folder / f"installed-{name}"


def is_fresh(name: str) -> bool:
    """Tell whether the environment, or one that holds all of it, was installed from the present files."""
    candidates = (name, *ENVIRONMENTS[name].supersets)
    return any(
        stamp_of(other).is_file() and stamp_of(other).read_text() == fingerprint(ENVIRONMENTS[other])
        for other in candidates
    )


def install(name: str) -> None:
    """Create the environment if needed and install the pinned requirements and our packages into it."""
    environment = ENVIRONMENTS[name]
    folder = ROOT / environment.folder
    python = folder / "bin" / "python"
    if not python.exists():
        if importlib.util.find_spec("ensurepip") is None:
            major, minor = sys.version_info[:2]
            sys.exit(
                f"{sys.executable} cannot create virtual environments: its `venv` module is incomplete.\n"
                f"On Debian or Ubuntu: apt-get install python{major}.{minor}-venv"
            )
        print(f"creating {environment.folder} with Python {sys.version.split()[0]}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    print(f"installing requirements/{environment.requirements} into {environment.folder}", flush=True)
    pinned = str(ROOT / "requirements" / environment.requirements)
    subprocess.run([*pip, "--require-hashes", "-r", pinned], check=True)
    if environment.packages:
        editable = [argument for package in environment.packages for argument in ("-e", str(ROOT / package))]
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", *editable], check=True)
    stamp_of(name).write_text(fingerprint(environment))


def main() -> None:
    """Install the environment named on the command line unless it is fresh."""
    if len(sys.argv) != 2 or sys.argv[1] not in ENVIRONMENTS:
        sys.exit(f"usage: {Path(sys.argv[0]).name} {{{','.join(ENVIRONMENTS)}}}")
    name = sys.argv[1]
    if is_fresh(name):
        return
    try:
        install(name)
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"Setting up {ENVIRONMENTS[name].folder} failed (exit status {error.returncode}); see the lines above."
        )


if __name__ == "__main__":
    main()
