"""What the documentation prints runs: its snippets, the code blocks of README and guides, the quickstart."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs/guides/sync-your-users.md"]
GONE = "[code: 404]"


def test_the_documentations_snippets_run_as_they_are_printed(hub, run_python):
    """In the order of the page: `__distinct_id__` is created, read and deleted; what is asked afterwards is not found."""
    printed = {}
    for snippet in sorted((ROOT / "examples/brief").glob("[1-5]_*.py")):
        printed[snippet.name[2:-3]] = run_python("ours", snippet, SUPRSEND_BASE_URL=hub.base_url)
    assert printed["create_user"] == ""
    assert ast.literal_eval(printed["edit_user"])["success"] is True
    assert "status: success | total: 2 | success: 2" in printed["bulk_update_users"]
    user = ast.literal_eval(printed["get_user_details"])
    assert user["properties"] == {"$timezone": "America/Los_Angeles", "name": "John Doe"}
    assert ast.literal_eval(printed["delete_user"]) == {"success": True, "status_code": 204}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_run_in_the_order_of_the_page(page, hub, run_python, tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    assert run_python("ours", script, SUPRSEND_BASE_URL=hub.base_url)


def test_the_quickstart_runs_twice(hub, run_python):
    """It leaves nothing behind that stops it from running again on the same data."""
    for _ in range(2):
        printed = run_python("ours", ROOT / "examples/quickstart.py", SUPRSEND_BASE_URL=hub.base_url)
        assert "success: 1000" in printed
        assert GONE in printed
