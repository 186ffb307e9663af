"""No public method of the vendor's SDK is forgotten: what is about recipients is tested, what sends messages raises."""

from __future__ import annotations

import pytest
import sdk_table
import suprsend
from sdk_table import PYTHONS, Row

SENTENCE = r"\[code: 500\] {} is not available: this hub stores recipients and sends nothing"


@pytest.fixture(scope="module")
def surface():
    return sdk_table.surface()


def test_each_method_about_recipients_is_called_by_both_sdks_and_by_our_asyncio_client(surface, calls_by):
    """The table of `make sdk-table` has no gap."""
    recorded = {sdk: {script: calls_by(sdk, script) for script in sdk_table.script_names()} for sdk in PYTHONS}
    table = sdk_table.rows(surface["recipients"], recorded)
    assert len(table) > 150
    assert [(row.shown_as, row.gaps) for row in table if row.gaps] == []


def test_a_method_that_was_not_called_or_raised_is_a_gap():
    """The recorder names calls that returned only, so a method without a step is shown as missing."""
    recipients = {"UsersApi": {"reached_by": "users", "methods": ["get", "merge"]}}
    calls = {"UsersApi.get": ["get", "get again"]}
    recorded = {
        "official": {"ordinary_use.py": calls | {"UsersApi.merge": ["merge"]}},
        "ours": {"ordinary_use.py": calls},
    }
    seen, missing = sdk_table.rows(recipients, recorded)
    assert seen == Row("UsersApi.get", "users.get", {"official": (steps := seen.steps["official"]), "ours": steps})
    assert steps == ["test_users.py: get", "test_users.py: get again"]
    assert missing.gaps == ["ours"]
    assert "users.merge" in sdk_table.render([missing])
    assert "GAP: ours" in sdk_table.render([missing])


def test_a_call_counts_when_the_script_makes_it_and_it_returns(calls_by):
    """Calls that raised do not count, nor do those that the SDK makes itself."""
    for sdk in PYTHONS:
        calls = calls_by(sdk, "ordinary_use.py")
        assert "get" in calls["UsersApi.get"]
        assert "get after delete" not in calls["UsersApi.get"]
        assert calls["UsersApi.detail_url"] == ["detail_url"]
        assert calls["UserEdit.validate_payload_size"] == ["payload with its size"]


@pytest.mark.parametrize("kind", [suprsend.Suprsend, suprsend.AsyncSuprsend])
def test_all_else_that_is_public_raises_with_one_sentence(surface, kind):
    """At the call, not when an answer is awaited, whatever the arguments are."""
    client = kind("workspace_key", "workspace_secret", base_url="http://127.0.0.1:9/")
    assert ["workflows", "trigger"] in surface["left_out"]
    assert len(surface["left_out"]) >= 15
    for path in surface["left_out"]:
        part = suprsend if path[0][0].isupper() else client
        for name in path:
            part = getattr(part, name)
        with pytest.raises(suprsend.SuprsendError, match=SENTENCE.format(".".join(path))):
            part("anything", of=["any"], kind={"of": "argument"})
