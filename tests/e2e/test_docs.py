"""What the documentation prints runs: its snippets, the code blocks of README and guides, the quickstart."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import suprsend

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs/guides/sync-your-users.md", ROOT / "docs/guides/send.md"]
BRIEF = ROOT / "examples/brief"
GONE = "[code: 404]"


def test_the_documentations_snippets_run_as_they_are_printed(hub, run_python):
    """In the order of the page: `__distinct_id__` is created, read and deleted; what is asked afterwards is not found."""
    printed = {}
    for snippet in sorted(BRIEF.glob("[1-5]_*.py")):
        printed[snippet.name[2:-3]] = run_python("ours", snippet, SUPRSEND_BASE_URL=hub.base_url)
    assert printed["create_user"] == ""
    assert ast.literal_eval(printed["edit_user"])["success"] is True
    assert "status: success | total: 2 | success: 2" in printed["bulk_update_users"]
    user = ast.literal_eval(printed["get_user_details"])
    assert user["properties"] == {"$timezone": "America/Los_Angeles", "name": "John Doe"}
    assert ast.literal_eval(printed["delete_user"]) == {"success": True, "status_code": 204}
    for snippet in sorted(BRIEF.glob("[67]_*.py")):
        with pytest.raises(AssertionError, match=r"\[code: 404\] [Uu]ser \[distinct_id: '__distinct_id__'\] not found"):
            run_python("ours", snippet, SUPRSEND_BASE_URL=hub.base_url)


def test_the_subscription_snippets_as_printed_show_what_the_user_is_subscribed_to(hub, run_python, prefix):
    """The printed cursor is of January 2025: each snippet prints the first of what was subscribed since."""
    distinct_id = "__distinct_id__"
    with suprsend.Suprsend("workspace_key", "workspace_secret", base_url=hub.base_url) as client:
        client.users.upsert(distinct_id)
        for number in (1, 2):
            client.objects.upsert("teams", f"{prefix}{number}")
            client.objects.create_subscriptions("teams", f"{prefix}{number}", {"recipients": [distinct_id]})
            client.subscriber_lists.create({"list_id": f"{prefix}{number}"})
            client.subscriber_lists.add(f"{prefix}{number}", [distinct_id])
        try:
            for name in ("6_objects_subscribed_by_user.py", "7_lists_subscribed_by_user.py"):
                page = ast.literal_eval(run_python("ours", BRIEF / name, SUPRSEND_BASE_URL=hub.base_url))
                assert page["meta"]["count"] == 2
                assert page["meta"]["has_next"]
                (item,) = page["results"]
                assert f"{prefix}1" in str(item)
        finally:
            client.users.delete(distinct_id)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_run_in_the_order_of_the_page(page, hub, run_python, tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    assert run_python("ours", script, SUPRSEND_BASE_URL=hub.base_url)


def test_the_preferences_guide_runs_from_file_to_answer(start_hub, command, data_dir, run_python, tmp_path):
    """On a hub of its own: the file is pushed, the commands run, then the code blocks, then the last command."""
    page = (ROOT / "docs/guides/preferences.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(json|sh|python)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == ["json", "sh", *["python"] * 6, "sh"]
    files = tmp_path / "suprsend/category"
    files.mkdir(parents=True)
    (files / "categories_preferences.json").write_text(blocks[0][1], encoding="utf-8")

    def run(lines: str) -> str:
        printed = ""
        for line in lines.splitlines():
            arguments = shlex.split(line)[1:] + (["--dir", str(files)] if " push " in line else [])
            done = command(*arguments, "--data-dir", str(data_dir))
            assert (done.returncode, done.stderr) == (0, "")
            printed += done.stdout
        return printed

    with start_hub("dev", "--port", "0", "--data-dir", str(data_dir)) as hub:
        assert "Version 1 with 3 categories is in force." in run(blocks[1][1])
        script = tmp_path / "blocks.py"
        script.write_text("\n".join(code for kind, code in blocks if kind == "python"), encoding="utf-8")
        printed = run_python("ours", script, SUPRSEND_BASE_URL=hub.base_url)
        for code in blocks:
            for expected in re.findall(r"print\(.*\)  # ([^…\n]*)", code[1]):
                assert expected.strip() in printed
        assert run(blocks[-1][1]) == "email, sms\n"


def test_the_quickstart_runs_twice(hub, run_python):
    """It leaves nothing behind that stops it from running again on the same data."""
    for _ in range(2):
        printed = run_python("ours", ROOT / "examples/quickstart.py", SUPRSEND_BASE_URL=hub.base_url)
        assert "success: 1000" in printed
        assert GONE in printed
