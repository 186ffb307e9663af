"""Print every public method of the vendor's SDK that is about recipients, next to the tests that call it.

The methods are read from the installed SDK (`official_surface.py`). The calls are recorded while the scripts of
`tests/e2e/scripts/` run against a hub: by the vendor's SDK, by ours, by our asyncio client (`tests/e2e/recorder.py`).
A method that some of the three did not call with success is a gap, and ends this program with status 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests/e2e"
SCRIPTS = TESTS / "scripts"
OFFICIAL = ROOT / ".venv-official/bin/python"
PYTHONS = {"official": OFFICIAL, "ours": Path(sys.executable), "asyncio": Path(sys.executable)}
"""Who runs the scripts, with which interpreter."""
SENDS = {"SubscriberListsApi.broadcast"}
"""Methods that send messages: ours raises, which `test_every_method.py` checks."""

Calls = dict[str, list[str]]
"""The steps of a script that called a method with success, by class and name of the method."""


@dataclass(frozen=True)
class Row:
    """A method, and the steps that call it, for each way to run the scripts."""

    method: str
    shown_as: str
    steps: dict[str, list[str]]

    @property
    def gaps(self) -> list[str]:
        """Return the ways in which nothing called the method."""
        return [sdk for sdk, steps in self.steps.items() if not steps]


def surface() -> dict[str, Any]:
    """Return what the installed SDK of the vendor offers in public."""
    done = subprocess.run(
        [OFFICIAL, Path(__file__).with_name("official_surface.py")], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def script_names() -> list[str]:
    """Return the names of the scripts, without the modules that they share."""
    return sorted(file.name for file in SCRIPTS.glob("*.py") if "__main__" in file.read_text(encoding="utf-8"))


def test_of(script: str) -> str:
    """Return the name of the test module that checks what the script printed."""
    reads = f'answers_by(request.param, "{script}")'
    for file in sorted(TESTS.glob("test_*.py")):
        if reads in file.read_text(encoding="utf-8"):
            return file.name
    raise LookupError(f"no test of tests/e2e/ checks what {script} prints")


def rows(recipients: dict[str, Any], recorded: dict[str, dict[str, Calls]]) -> list[Row]:
    """Return a row for each method of the classes.

    Args:
        recipients: the half of that name of `surface()`.
        recorded: the calls by who ran the script and name of the script.
    """
    found = []
    for kind, part in recipients.items():
        for name in part["methods"]:
            method = f"{kind}.{name}"
            if method in SENDS:
                continue
            steps = {
                sdk: [
                    f"{test_of(script)}: {step}" for script, calls in scripts.items() for step in calls.get(method, ())
                ]
                for sdk, scripts in recorded.items()
            }
            found.append(Row(method, f"{part['reached_by']}.{name}", steps))
    return found


def render(table: list[Row]) -> str:
    """Return the table as text: method, the first step that calls it, how many more there are, and who does not."""
    lines = []
    for row in table:
        ways = [steps for steps in row.steps.values() if steps]
        first = ways[0][0] if ways else "-"
        more = f" (+{len(ways[0]) - 1})" if ways and len(ways[0]) > 1 else ""
        gaps = f"   GAP: {', '.join(row.gaps)}" if row.gaps else ""
        lines.append(f"{row.shown_as:<62}{first}{more}{gaps}")
    missing = sum(bool(row.gaps) for row in table)
    lines.append(f"{len(table)} methods, {missing} with a gap; called by {', '.join(PYTHONS)}")
    return "\n".join(lines)


def record(sdk: str, script: str, file: Path) -> list[str | Path]:
    """Return the command that runs a script in one of the three ways and writes its calls to a file."""
    return [PYTHONS[sdk], TESTS / "recorder.py", file, sdk, SCRIPTS / script]


def define_categories(data_dir: str) -> list[str]:
    """Return the arguments of the command that gives a development hub the categories that the scripts expect."""
    files = ("--dir", str(TESTS / "categories"))
    return ["category", "push", "development", *files, "--commit", "--commit-message", "tests", "--data-dir", data_dir]


def record_all(base_url: str, api_key: str, environment: dict[str, str]) -> dict[str, dict[str, Calls]]:
    """Run all scripts in all ways against a hub; return the calls."""
    recorded: dict[str, dict[str, Calls]] = {}
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "calls"
        for sdk in PYTHONS:
            for script in script_names():
                command = [*record(sdk, script, file), f"{sdk}-{script[:-3]}-".replace("_", "-"), api_key]
                variables = environment | {"SUPRSEND_BASE_URL": base_url}
                subprocess.run(command, env=variables, stdout=subprocess.DEVNULL, check=True)
                recorded.setdefault(sdk, {})[script] = json.loads(file.read_text(encoding="utf-8"))
    return recorded


def main() -> None:
    """Start a hub, run the scripts, print the table."""
    sys.path.insert(0, str(ROOT / "tests/support"))
    from hub_process import (  # type: ignore[import-not-found]  # of the tests, which are not type-checked
        HubProcess,
        data_directory,
        run_command,
        scrubbed_environment,
    )

    with data_directory() as data:
        complaints = data.parent / "stderr"
        hub = HubProcess("dev", "--port", "0", "--data-dir", str(data), complaints=complaints)
        try:
            hub.start()
            run_command(*define_categories(str(data))).check_returncode()
            recorded = record_all(hub.base_url, hub.api_key, scrubbed_environment())
        finally:
            hub.end()
    table = rows(surface()["recipients"], recorded)
    print(render(table))
    sys.exit(any(row.gaps for row in table))


if __name__ == "__main__":
    main()
