"""Commits of this repository checked out side by side, each with the environment that its own tools make."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".run" / "bench-compare"


@dataclass(frozen=True)
class Checkout:
    """A commit with its environment."""

    sha: str
    subject: str
    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter that has this commit's SDK."""
        return self.folder / ".venv" / "bin" / "python"

    @property
    def hub(self) -> Path:
        """This commit's `suprsend-hub`."""
        return self.folder / ".venv" / "bin" / "suprsend-hub"

    def __str__(self) -> str:
        return f"{self.sha[:12]} {self.subject}"


def git(*arguments: str, folder: Path = ROOT) -> str:
    """Run git and return what it printed; leave with its complaint if it fails."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def check_out(commit: str) -> Checkout:
    """Check a commit out below .run/ and install it there, unless that has been done before."""
    known = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if known.returncode:
        sys.exit(f"{commit} is not a commit of this repository")
    sha = known.stdout.strip()
    folder = FOLDER / sha
    if not (folder / ".git").exists():
        # A clone that borrows the objects of this one: unlike a work tree it can be deleted without git being told.
        git("clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(folder))
    git("checkout", "--quiet", "--force", "--detach", sha, folder=folder)
    setup = [sys.executable, str(folder / "tools" / "setup_env.py"), "run"]
    if subprocess.run(setup, cwd=folder, check=False).returncode:
        sys.exit(f"{sha[:12]} could not be installed; see the lines above")
    return Checkout(sha, git("log", "-1", "--format=%s", sha), folder)


def has_uncommitted_changes() -> bool:
    """Tell whether the working tree differs from its commit in what git tracks."""
    return bool(git("status", "--porcelain", "--untracked-files=no"))
