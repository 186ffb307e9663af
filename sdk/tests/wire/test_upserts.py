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
