"""A profile's storage form and wire form."""

from __future__ import annotations

from suprsend_hub.domain.profile import (
    Identity,
    Profile,
    decode_profile,
    encode_channels,
    encode_properties,
    profile_to_wire,
)

SUBSCRIPTION = {"endpoint": "https://e", "keys": {"p256dh": "k", "auth": "a"}}
PROFILE = Profile(
    {"name": "Ada", "big": 2**63 - 1, "f": 1e16, "z": -0.0, "n": None},
    {
        "$webpush": [Identity(SUBSCRIPTION, "vapid", device_id="d")],
        "$email": [Identity("a@example.com"), Identity("b@example.com", status="inactive", perma_status="disabled")],
        "$sms": [],
    },
)


def test_storage_form_is_short():
    """Defaults are left out of storage, everything else keeps its name."""
    assert encode_channels(Profile({}, {"$email": PROFILE.channels["$email"]})) == (
        '{"$email":[{"value":"a@example.com"},{"value":"b@example.com","status":"inactive","perma_status":"disabled"}]}'
    )


def test_storage_form_is_lossless():
    """Numbers keep their type and sign, objects their shape."""
    again = decode_profile(encode_properties(PROFILE), encode_channels(PROFILE))
    assert repr(again) == repr(PROFILE)


def test_wire_form():
    """Channels come in the documented order, an empty one has no key, objects appear as value and value_json."""
    wire = profile_to_wire(PROFILE)
    assert list(wire) == ["properties", "$email", "$webpush"]
    assert wire["$email"][1] == {"value": "b@example.com", "status": "inactive", "perma_status": "disabled"}
    assert wire["$webpush"] == [
        {
            "value": SUBSCRIPTION,
            "value_json": SUBSCRIPTION,
            "id_provider": "vapid",
            "device_id": "d",
            "status": "active",
            "perma_status": "active",
        }
    ]
