"""Create and refresh the virtual environments of the Makefile: `run`, `test`, `official`, `datasette` and `sdks`.

Runs on the bare interpreter, before anything is installed, so it uses the standard library only, and says so itself if
that interpreter is too old. An environment is touched only when what it is made from has changed: a stamp in it keeps
the hash of the last successful installation. Without a stamp, it is created again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
PROGRESS_S = 10


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
SDKS = sorted(file.stem for file in (ROOT / "requirements" / "sdks").glob("*.in"))
"""Older releases of the vendor's SDK."""
ENVIRONMENTS |= {f"sdk-{version}": Environment(f".venv-sdks/{version}", f"sdks/{version}.txt") for version in SDKS}
GROUPS = {"sdks": [f"sdk-{version}" for version in SDKS]}
"""Names that stand for several environments."""


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


def is_usable(folder: Path) -> bool:
    """Tell whether the folder holds a finished environment of this interpreter's version, which can be added to.

    Otherwise it was left by an installation that broke off, or made by another version.
    """
    try:
        made_by = re.search(r"^version\s*=\s*(\d+)\.(\d+)", (folder / "pyvenv.cfg").read_text(), re.MULTILINE)
    except OSError:
        return False
    version = made_by and (int(made_by[1]), int(made_by[2]))
    return version == sys.version_info[:2] and (folder / "bin" / "python").exists() and any(folder.glob("installed-*"))


def create(folder: Path) -> None:
    """Create the environment in place of whatever is in the folder."""
    if importlib.util.find_spec("ensurepip") is None:
        major, minor = sys.version_info[:2]
        sys.exit(
            f"{sys.executable} cannot create virtual environments: its `venv` module is incomplete.\n"
            f"On Debian or Ubuntu: apt-get install python{major}.{minor}-venv"
        )
    print(f"creating {folder.relative_to(ROOT)} with Python {sys.version.split()[0]}", flush=True)
    # Not by an interpreter that lies in the folder.
    python = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)


def run_pip(python: Path, *arguments: str) -> None:
    """Install, and say every few seconds how far it is; what pip says is shown if it fails."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off", *arguments]
    said: list[str] = []
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pip:
        reader = threading.Thread(target=lambda: said.extend(pip.stdout or ()), daemon=True)
        reader.start()
        try:
            while reader.is_alive():
                reader.join(PROGRESS_S)
                if reader.is_alive():
                    print(f"  {time.monotonic() - started:3.0f} s: {progress(said)}", flush=True)
        except BaseException:
            pip.terminate()
            raise
    if pip.returncode:
        sys.stderr.write("".join(said[-20:]))
        raise subprocess.CalledProcessError(pip.returncode, command)


def progress(said: list[str]) -> str:
    """Return in a few words what pip is doing, going by what it has said."""
    for line in said:
        if line.startswith("Installing collected packages: "):
            return f"installing {line.count(',') + 1} packages"
    return f"{sum(line.startswith('Collecting ') for line in said)} packages fetched"


def install(name: str) -> None:
    """Create the environment if needed and install the pinned requirements and our packages into it."""
    environment = ENVIRONMENTS[name]
    folder = ROOT / environment.folder
    if not is_usable(folder):
        create(folder)
    python = folder / "bin" / "python"
    pinned = ROOT / "requirements" / environment.requirements
    count = len(re.findall(r"^\w", pinned.read_text(encoding="utf-8"), re.MULTILINE))
    print(f"installing requirements/{environment.requirements} into {environment.folder}: {count} packages", flush=True)
    run_pip(python, "--require-hashes", "-r", str(pinned))
    if environment.packages:
        editable = [argument for package in environment.packages for argument in ("-e", str(ROOT / package))]
        run_pip(python, "--no-deps", "--no-build-isolation", *editable)
        write_paths_in_ascii(folder)
    stamp_of(name).write_text(fingerprint(environment))


def write_paths_in_ascii(folder: Path) -> None:
    """Write the paths of editable installations so that they are read under any locale.

    Up to Python 3.12, a `.pth` file is read in the encoding of the locale, before anything can change that: with `C`,
    no program of an environment below a directory such as `ünï` would start. A newline in a path would end its line.
    """
    for file in folder.glob("lib/python*/site-packages/_*.pth"):
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
        if text.startswith("import ") or (text.isascii() and Path(text.strip()).is_dir()):
            continue
        paths = [text.rstrip("\n")] if Path(text.rstrip("\n")).is_dir() else text.splitlines()
        file.write_text("".join(f"import sys; sys.path.append({path!a})\n" for path in paths), encoding="ascii")


def main() -> None:
    """Install the environments named on the command line that are not fresh."""
    if sys.version_info < OLDEST_PYTHON:  # before anything is created
        sys.exit(
            f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed. "
            "Name another: make PYTHON=/path/to/python3"
        )
    known = [*ENVIRONMENTS, *GROUPS]
    if len(sys.argv) != 2 or sys.argv[1] not in known:
        sys.exit(f"usage: {Path(sys.argv[0]).name} {{{','.join(known)}}}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that pip ends with this
    for name in GROUPS.get(sys.argv[1], [sys.argv[1]]):
        if is_fresh(name):
            continue
        try:
            install(name)
        except subprocess.CalledProcessError as error:
            sys.exit(
                f"Setting up {ENVIRONMENTS[name].folder} failed (exit status {error.returncode}); see the lines above."
            )
        except KeyboardInterrupt:
            sys.exit(f"\nSetting up {ENVIRONMENTS[name].folder} was stopped; the next `make` begins again.")


if __name__ == "__main__":
    main()
