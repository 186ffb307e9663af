"""The reference page and the OpenAPI document follow the hub's error codes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml

TOOL = Path(__file__).resolve().parents[2] / "tools" / "error_codes.py"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The tool, on copies of the two files."""
    spec = importlib.util.spec_from_file_location("error_codes", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("DOCUMENT", "PAGE"):
        copy = tmp_path / getattr(module, name).name
        copy.write_text(getattr(module, name).read_text(encoding="utf-8"), encoding="utf-8")
        monkeypatch.setattr(module, name, copy)
    monkeypatch.setattr(module, "ROOT", tmp_path)

    def run(*arguments: str):
        monkeypatch.setattr("sys.argv", ["error_codes.py", *arguments])
        module.main()

    module.run = run
    return module


def test_what_is_committed_is_up_to_date(tool):
    tool.run("--check")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("PAGE", "| `invalid_json` |", "| `invalid_jason` |"), ("DOCUMENT", "          - invalid_json\n", "")],
)
def test_a_file_that_drifted_is_named_and_mended(tool, name, old, new):
    path = getattr(tool, name)
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SystemExit, match=f"out of date: {path.name};"):
        tool.run("--check")
    tool.run()
    assert path.read_text(encoding="utf-8") == text
    tool.run("--check")


def test_the_document_lists_what_an_answer_may_have(tool):
    document = yaml.safe_load(tool.DOCUMENT.read_text(encoding="utf-8"))
    listed = document["components"]["schemas"]["Error"]["properties"]["error_code"]["enum"]
    assert listed == sorted(tool.codes(tool.Place.ANSWER))


def test_the_page_has_a_line_for_every_code(tool):
    text = tool.PAGE.read_text(encoding="utf-8")
    assert [code for code in tool.Code if text.count(f"\n| `{code}` |") != 1] == []
