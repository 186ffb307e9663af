"""Bodies of upsert, PATCH and subscriptions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from suprsend_hub.api.bodies.profile import parse_patch, parse_upsert
from suprsend_hub.api.bodies.subscription import parse_subscribe
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Identity, Profile, channels_to_wire

from ...strategies import any_json  # noqa: TID252 - the absolute name depends on where pytest starts


def test_upsert_takes_all_documented_forms():
    """Properties, arrays and single values of channels, and token objects give the profile one expects."""
    payload = {
        "name": "Ada",
        "nothing": None,
        "$timezone": "UTC",
        "$email": ["a@example.com", "b@example.com"],
        "$sms": "+15550100",
        "$whatsapp": None,
        "$androidpush": ["t1", {"token": "t2", "provider": "xiaomi", "device_id": "d"}],
        "$slack": {"user_id": "U1"},
        "$inbox": ["x"],
    }
    result = fold(None, parse_upsert(payload))
    assert result.profile == Profile(
        {"name": "Ada", "nothing": None, "$timezone": "UTC"},
        {
            "$email": [Identity("a@example.com"), Identity("b@example.com")],
            "$sms": [Identity("+15550100")],
            "$androidpush": [Identity("t1", "fcm"), Identity("t2", "xiaomi", "d")],
            "$slack": [Identity({"user_id": "U1"})],
        },
    )
    assert [(refusal.code, refusal.ignorable) for refusal in result.refusals] == [("inbox_key", True)]


def test_upsert_adds_to_channels():
    """Channel values are added to those present; an empty body changes nothing."""
    before = fold(None, parse_upsert({"$email": "a@example.com"})).profile
    assert len(fold(before, parse_upsert({"$email": ["b@example.com"]})).profile.channels["$email"]) == 2
    assert parse_upsert({}) == []


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({"$email": 5}, r"\$email"),
        ({"$email": ["a@example.com", 5]}, r"\$email\[1\]"),
        ({"$slack": ["U1"]}, r"\$slack\[0\]"),
        ({"$androidpush": [{"provider": "fcm"}]}, r"\$androidpush\[0\]\.token"),
        ({"$iospush": [{"token": "t", "device_id": 5}]}, r"\$iospush\[0\]\.device_id"),
        ({"$timezone": 5}, r"\$timezone"),
        ({"$inbox": {}}, r"\$inbox"),
        ([], "the body"),
        (None, "the body"),
    ],
)
def test_upsert_refuses_wrong_types(payload, key):
    """A wrong type is an error that names the key."""
    with pytest.raises(InvalidRequest, match=f"^{key} must be "):
        parse_upsert(payload)


@pytest.mark.parametrize("key", ["distinct_id", "properties", "created_at", "updated_at"])
def test_upsert_refuses_the_keys_of_the_profile_itself(key):
    """A profile that is written back would otherwise nest in itself. The message explains the flat form."""
    with pytest.raises(InvalidRequest, match=f"^'{key}' is a key of the profile itself .* next to the channels"):
        parse_upsert({"name": "Ada", key: {"a": 1}})


def test_upsert_takes_identities_as_a_profile_shows_them():
    """What one reads can be written back, and changes nothing: an address that bounced is not activated again."""
    written = {
        "$email": ["a@example.com", "b@example.com"],
        "$androidpush": {"token": "t", "provider": "xiaomi", "device_id": "d"},
        "$slack": {"user_id": "U1"},
        "$webpush": {"endpoint": "https://push.example.com/1", "keys": {"p256dh": "p", "auth": "a"}},
    }
    before = fold(None, parse_upsert(written)).profile
    before.channels["$email"][1] = msgspec.structs.replace(before.channels["$email"][1], status="inactive")
    shown = channels_to_wire(before.channels)
    assert shown["$email"][1]["status"] == "inactive"
    result = fold(before, parse_upsert({**shown, "city": "X"}))
    assert result.refusals == []
    assert result.profile.channels == before.channels
    assert result.profile.properties == {"city": "X"}
    again = fold(None, parse_upsert({"$email": shown["$email"][0]})).profile
    assert again.channels["$email"] == [Identity("a@example.com")]


@given(any_json)
def test_upsert_raises_nothing_else(payload):
    """Any JSON is either operations for the fold or an InvalidRequest."""
    try:
        operations = parse_upsert(payload)
    except InvalidRequest:
        return
    fold(None, operations)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (None, "Request body must not be empty"),
        ({}, "Request body must not be empty"),
        ({"operation": []}, "Request body must not be empty"),
        ([], "the body must be an object"),
        ({"operations": None}, "operations must be an array"),
        ({"operations": {"$set": {}}}, "operations must be an array"),
        ({"operations": [{}, 5]}, r"operations\[1\] must be an object"),
    ],
)
def test_patch_bodies_that_are_none(payload, message):
    """An empty body has the documented message, a wrong shape says what was expected."""
    with pytest.raises(InvalidRequest, match=f"^{message}"):
        parse_patch(payload)


def test_patch_bodies_that_are():
    """An empty list of operations is a valid no-op; others are handed on untouched."""
    assert parse_patch({"operations": []}) == []
    assert parse_patch({"operations": [{"$set": {"a": 1}}]}) == [{"$set": {"a": 1}}]


@pytest.mark.parametrize(("key", "value"), [("", 1), ("k", "\0"), ("k", 2**63), ("k\ud800", 1), ("k", float("nan"))])
def test_properties_of_a_subscription(key, value):
    """Properties of a subscription obey the rules of a profile's; good ones pass."""
    parse_subscribe({"recipients": [], "properties": {"role": {"since": 2020}}})
    with pytest.raises(InvalidRequest) as caught:
        parse_subscribe({"recipients": [], "properties": {key: value}})
    caught.value.message.encode()
