"""The code blocks of the README run as they are printed."""

import re
from pathlib import Path
from typing import Any

import pytest
from suprsend import InputValueError

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_code_block_of_the_readme_runs(
    stub: Any, reply: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPRSEND_BASE_URL", stub.url)
    page = {"meta": {"has_next": False, "after": None}, "results": [{"distinct_id": "user-1"}]}

    def rule(request: Any) -> Any:
        if request.method == "DELETE":
            return reply(404, {"code": 404, "message": "user [distinct_id: 'nobody'] not found"}, X_Request_Id="r-1")
        if request.target == "/event/":
            return reply(202, "OK")
        return reply(200, page if request.target.startswith("/v1/user/?") else {"distinct_id": "user-1"})

    stub.rule = rule
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "BulkResponse<status: success | total: 1000 |" in printed
    assert "[code: 404] user [distinct_id: 'nobody'] not found [request_id: r-1] 404 r-1" in printed
    assert "1000 records, 0 failures" in printed
    assert "does not look like an e-mail address" in printed
    assert InputValueError.__name__ in README
    names["supr_client"].close()
    names["strict"].close()
