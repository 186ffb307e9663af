"""The edit builder against the golden vectors."""

import json
import logging
import math
from pathlib import Path
from typing import Any

import pytest
from suprsend import InputValueError, ObjectEdit, Suprsend, UserEdit

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "contract" / "vectors" / "user_operations.json").read_text(encoding="utf-8")
)


def user(client: Suprsend) -> UserEdit:
    return client.users.get_edit_instance("user-1")


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["call"])
def test_each_call_gives_the_operations_and_messages_of_the_official_sdk(
    client: Suprsend, case: dict[str, Any]
) -> None:
    for edit in (user(client), ObjectEdit(client, "teams", "core")):
        result = eval(case["call"], {"u": edit})  # the vectors are Python calls
        assert result is None
        assert edit.operations == case["operations"]
        assert edit.errors == case["errors"]
        assert edit.warnings == case["info"]


@pytest.mark.parametrize("case", VECTORS["sequences"], ids=lambda case: case["calls"][0])
def test_calls_accumulate_in_order(client: Suprsend, case: dict[str, Any]) -> None:
    edit = user(client)
    for call in case["calls"]:
        eval(call, {"u": edit})
    assert edit.operations == case["operations"]
    assert edit.get_payload() == case["sync_payload"]
    assert edit.validate_body() == case["validate_body"]


def test_event_has_the_fields_of_the_official_sdk_and_fresh_ids(client: Suprsend) -> None:
    edit = client.users.get_edit_instance(" user-1 ", "acme")
    edit.set("name", "Zoë")
    first, second = edit.get_async_payload(), edit.get_async_payload()
    assert list(first) == [
        "$schema", "$insert_id", "$time", "env", "distinct_id", "$user_operations", "properties", "tenant_id",
    ]  # fmt: skip
    assert first["$insert_id"] != second["$insert_id"]
    assert len(first["$insert_id"]) == 36
    assert first["$user_operations"] == [{"$set": {"name": "Zoë"}}]
    assert first["properties"] == {"$ss_sdk_version": client.user_agent}
    assert json.loads(edit.encode_event())["tenant_id"] == "acme"


WRONG = [
    ("set", ("k", None)),
    ("set", (5,)),
    ("set", ({"": 1},)),
    ("set", ({3: 1},)),
    ("set", ("k", math.nan)),
    ("set", ("k", {"deep": [math.inf]})),
    ("set", ("k", {1, 2})),
    ("set", ("k", "\ud800")),
    ("set", ("$email", "a@example.com")),
    ("set", ("$made_up", 1)),
    ("set", ("SS_thing", 1)),
    ("increment", ("n", "1")),
    ("increment", ("n", True)),
    ("increment", ("n", math.inf)),
    ("append", ("$made_up", 1)),
    ("append", ({"$androidpush": "t", "$id_provider": "pigeon"},)),
    ("unset", (5,)),
    ("unset", ("",)),
    ("unset", ("$foo",)),
    ("unset", (["name", "ss_x"],)),
    ("unset", ("$id_provider",)),
    ("unset", ("$inbox",)),
    ("remove", ("$made_up", 1)),
    ("remove", ("Ss_x", 1)),
    ("append", ("ss_x", 1)),
    ("append", ("$locale", "en")),
    ("set_once", ("$made_up", 1)),
    ("set", ("$bundle_id", "b")),
    ("set", ("$inbox", "x")),
    ("increment", ({"$made_up": 1},)),
    ("set_timezone", ("Mars/Olympus",)),
    ("set_preferred_language", ("not a language",)),
    ("set_locale", (5,)),
    ("add_email", ("not-an-email",)),
    ("add_email", (None,)),
    ("append", ("$email", ["good@example.com", "bad"])),
    ("add_sms", ("15550100",)),
    ("add_whatsapp", ("+1",)),
    ("add_androidpush", ("",)),
    ("add_iospush", ("t", "pigeon")),
    ("add_webpush", ({},)),
    ("add_slack", ("x",)),
    ("add_ms_teams", (None,)),
]


@pytest.mark.parametrize(("method", "arguments"), WRONG)
def test_strict_raises_at_the_wrong_call_and_names_the_record(
    strict_client: Suprsend, method: str, arguments: tuple[Any, ...]
) -> None:
    edit = user(strict_client)
    with pytest.raises(InputValueError, match="user-1"):
        getattr(edit, method)(*arguments)
    assert edit.operations == []


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        case
        for case in WRONG
        if case not in (("set", ("k", {"deep": [math.inf]})), ("set", ("k", {1, 2})), ("set", ("k", "\ud800")))
    ],
)
def test_without_strict_each_mistake_is_a_warning_logged_once(
    client: Suprsend, caplog: pytest.LogCaptureFixture, method: str, arguments: tuple[Any, ...]
) -> None:
    edit = user(client)
    with caplog.at_level(logging.WARNING, "suprsend"):
        getattr(edit, method)(*arguments)
        first, second = edit.validate_body(), edit.validate_body()
    assert first
    assert first == second
    assert len(caplog.records) == 1
    assert caplog.records[0].message.startswith("[distinct_id: user-1]")


GOOD = [
    ("set", ({"k": None},)),
    ("set", ("k", 1.5)),
    ("set", ("k", {"a": [1, "x", None, True]})),
    ("increment", ({"n": -1, "m": 0.5},)),
    ("set_timezone", ("America/Los_Angeles",)),
    ("set_timezone", (None,)),
    ("set_locale", ("es-AR",)),
    ("set_preferred_language", ("en",)),
    ("add_email", (" a@example.com ",)),
    ("remove_email", ("whatever",)),
    ("add_sms", ("+1 (555) 010-0000",)),
    ("add_androidpush", ("token", "FCM", "com.example.app")),
    ("add_webpush", ({"endpoint": "https://push.example.net/1", "keys": {"p256dh": "B", "auth": "t"}}, "vapid")),
    ("add_slack", ({"email": "a@example.com", "access_token": "xoxb-1"},)),
    ("append", ({"$email": ["a@example.com"], "tags": "red"},)),
    ("unset", ({"a", "b"},)),
]


@pytest.mark.parametrize(("method", "arguments"), GOOD)
def test_strict_lets_good_values_pass(strict_client: Suprsend, method: str, arguments: tuple[Any, ...]) -> None:
    edit = user(strict_client)
    getattr(edit, method)(*arguments)
    assert len(edit.operations) == 1
    assert edit.validate_body() == []


def test_messages_do_not_repeat_the_value(strict_client: Suprsend) -> None:
    with pytest.raises(InputValueError) as caught:
        user(strict_client).add_email("somebody-private")
    assert "somebody-private" not in str(caught.value)


def test_values_changed_through_operations_are_checked_before_sending(client: Suprsend) -> None:
    edit = user(client)
    edit.operations.append({"$set": {"k": math.nan}})
    with pytest.raises(InputValueError, match=r"\$user_operations\[0\]\.\$set\.k"):
        edit.encode_event()


def test_an_edit_larger_than_10240_bytes_is_refused_by_the_spaced_measure(client: Suprsend) -> None:
    edit = user(client)
    edit.set("blob", "")
    base = len(json.dumps(edit.get_async_payload(), ensure_ascii=False).encode())
    fits, too_big = user(client), user(client)
    fits.set("blob", "x" * (10_240 - base))
    too_big.set("blob", "x" * (10_241 - base))
    assert fits.encode_event()
    with pytest.raises(InputValueError, match=r"^User Payload size too big - 10241 Bytes, must not cross 10KB$"):
        too_big.encode_event()
    with pytest.raises(InputValueError, match="10241"):
        too_big.validate_payload_size(too_big.get_async_payload())


RESERVED = "keys that start with $ or ss_ are reserved, and the hub ignores them"


@pytest.mark.parametrize("key", ["$foo", "ss_foo", "SS_FOO"])
def test_a_reserved_key_has_the_same_words_everywhere(client: Suprsend, key: str) -> None:
    """The hub ignores such a key, and a synchronous edit does not even say so."""
    for method, value in (("set", 1), ("set_once", 1), ("increment", 1), ("append", 1), ("remove", 1)):
        edit = user(client)
        getattr(edit, method)(key, value)
        assert edit.validate_body() == [f"[distinct_id: user-1][{method}] {key}: {RESERVED}"]
    edit = user(client)
    edit.unset(["fine", "$email", "$locale", key])
    assert edit.validate_body() == [f"[distinct_id: user-1][unset] {key}: {RESERVED}"]
    assert edit.operations == [{"$unset": ["fine", "$email", "$locale", key]}]
