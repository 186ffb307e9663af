"""Mistakes in the keys of an upsert: said, where the hub would drop them in silence."""

from typing import Any

import pytest
from suprsend import InputValueError, Suprsend

MISTAKES = ["distinct_id", "properties", "created_at", "updated_at", "$plan", "$id_provider", "ss_x", "SS_y"]
FINE = {"name": "Ada", "id": 1, "$email": "a@example.com", "$slack": {}, "$inbox": [], "$timezone": "UTC", "sss": 1}


@pytest.mark.parametrize("key", MISTAKES)
def test_a_key_that_is_no_property_is_a_warning_and_in_strict_mode_an_error(
    key: str, stub: Any, reply: Any, whole: Any, sender: Suprsend, caplog: pytest.LogCaptureFixture
) -> None:
    stub.rule = lambda request: reply(201, whole)
    for answer in (
        sender.users.upsert("u", {**FINE, key: 1}),
        sender.objects.upsert("teams", "core", {**FINE, key: 1}),
    ):
        [warning] = answer["warnings"]
        assert warning.startswith(f"{key}: ")
    assert len(caplog.records) == 2
    strict = Suprsend("k", "s", base_url=sender.base_url, strict=True)
    with pytest.raises(InputValueError, match=r"^.*: "):
        strict.users.upsert("u", {key: 1})
    assert len(stub.requests) == 2


def test_what_is_fine_has_no_warnings(stub: Any, reply: Any, whole: Any, sender: Suprsend) -> None:
    stub.rule = lambda request: reply(201, whole)
    for payload in (FINE, {}, None):
        assert "warnings" not in sender.users.upsert("u", payload)


EDITS = [
    lambda c, e: c.users.edit(e),
    lambda c, e: c.users.edit("u", e.get_payload()),
    lambda c, e: c.objects.edit("teams", "core", e.get_payload()),
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("method", ["set", "set_once", "increment", "append", "remove", "unset"])
def test_a_synchronous_edit_says_which_keys_the_hub_ignores(
    edit: Any, method: str, stub: Any, sender: Suprsend
) -> None:
    """Built with the methods of an edit, or by hand; in strict mode nothing is sent."""
    built = sender.users.get_edit_instance("u")
    getattr(built, method)(*(["$foo"] if method == "unset" else ["$foo", 1]))
    built.append({"$androidpush": "token", "$id_provider": "fcm"})
    [warning] = edit(sender, built)["warnings"]
    assert warning.endswith("$foo: keys that start with $ or ss_ are reserved, and the hub ignores them")
    strict = Suprsend("k", "s", base_url=sender.base_url, strict=True)
    fine = sender.users.get_edit_instance("u")
    fine.set("name", "Ada")
    assert "warnings" not in edit(sender, fine)
    if edit is not EDITS[0]:  # there, building the edit raises
        with pytest.raises(InputValueError, match="reserved"):
            edit(strict, built)
    assert len(stub.requests) == 2
