"""The virtual environments of the Makefile, their pinned files, and the tools that make both, name the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lock import LOCKS
from setup_env import ENVIRONMENTS, GROUPS

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_environment_is_compiled_by_make_lock_and_has_a_target():
    targets = re.search(r"^(env-.*):$", MAKEFILE, re.MULTILINE)
    assert targets
    grouped = {name for names in GROUPS.values() for name in names}
    assert {f"env-{name}" for name in {*ENVIRONMENTS, *GROUPS} - grouped} == set(targets[1].split())
    assert {environment.requirements for environment in ENVIRONMENTS.values()} == {f"{name}.txt" for name in LOCKS}


def test_make_clean_removes_every_environment():
    variables = dict(re.findall(r"^(\w+) := (\.venv\S*)$", MAKEFILE, re.MULTILINE))
    clean = re.search(r"^clean:.*\n\trm -rf (.*)$", MAKEFILE, re.MULTILINE)
    assert clean
    removed = {variables.get(word.strip("$()"), word) for word in clean[1].split()}
    assert {environment.folder.partition("/")[0] for environment in ENVIRONMENTS.values()} <= removed


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_its_hash_and_names_no_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    starts = re.findall(r"^[a-z].*$", text, re.MULTILINE)
    assert starts
    for start in starts:
        assert re.fullmatch(r"\S+==\S+( ;.*)? \\", start), start
    assert len(starts) == len(re.findall(r"^[a-z].*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE))
    assert "://" not in text
