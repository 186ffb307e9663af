"""Channel identities: accepted forms, equality, companions, refresh."""

from __future__ import annotations

import pytest
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.limits import MAX_IDENTITIES
from suprsend_hub.domain.profile import Identity, Profile


def append(channel, value, profile=None, **around):
    return fold(profile, [{"$append": {channel: value} | {f"${name}": text for name, text in around.items()}}])


def values(result, channel):
    return [identity.value for identity in result.profile.channels.get(channel, [])]


@pytest.mark.parametrize(
    ("channel", "given", "stored"),
    [
        ("$email", " Ada@Example.com ", "Ada@Example.com"),
        ("$email", "x" * 64 + "@" + "ab." * 62 + "com", "x" * 64 + "@" + "ab." * 62 + "com"),
        ("$sms", "+1 (555) 010-0123", "+15550100123"),
        ("$whatsapp", "+4930123456", "+4930123456"),
        ("$iospush", " tok ", "tok"),
        ("$slack", {"email_id": " u@e.com "}, {"email": "u@e.com"}),
        ("$slack", {"channel": "C1", "access_token": "x"}, {"channel_id": "C1", "access_token": "x"}),
        ("$slack", {"email": "u@e.com", "user_id": "U1", "team_id": "T", "access_token": "x"},
         {"user_id": "U1", "access_token": "x"}),
        ("$slack", {"incoming_webhook": {"url": "https://h"}, "channel_id": "C1"}, {"incoming_webhook": {"url": "https://h"}}),
        ("$slack", {"channel_id": None, "user_id": "", "email": "u@e.com"}, {"email": "u@e.com"}),
        ("$ms_teams", {"tenant_id": "m", "service_url": "s", "user_id": "29", "conversation_id": "19"},
         {"conversation_id": "19", "tenant_id": "m", "service_url": "s"}),
    ],
)  # fmt: skip
def test_stored_form(channel, given, stored):
    """Values are trimmed, phones reduced to E.164, and of several identifiers the highest in precedence is kept."""
    assert values(append(channel, given), channel) == [stored]


@pytest.mark.parametrize(
    ("channel", "bad"),
    [
        *(("$email", bad) for bad in [None, 5, "", "a@b", "no-at.example", "a b@c.de", "a@b\0.com", "x" * 65 + "@ab.com", {}]),
        *(("$sms", bad) for bad in [None, 15550100, "5550100", "+123456", "+0123456789", "+1234567890123456", "+1555CALLME"]),
        *(("$androidpush", bad) for bad in [None, "", "  ", {"token": "t"}, "a\ud800"]),
        *(("$webpush", bad) for bad in [None, "t", {}, {"endpoint": "https://e"}, {"endpoint": "https://e", "keys": {"p256dh": "k"}},
          {"endpoint": "", "keys": {"p256dh": "k", "auth": "a"}}]),
        *(("$slack", bad) for bad in [None, "U1", {}, {"access_token": "x"}, {"user_id": 5}, {"incoming_webhook": "https://h"}]),
        *(("$ms_teams", bad) for bad in [None, "x", {}, {"tenant_id": "m", "service_url": "s"}, {"user_id": ["29"]}]),
    ],
)  # fmt: skip
def test_invalid_values_are_refused(channel, bad):
    """An invalid value is refused under the name of its channel, and PATCH answers 400 for it."""
    result = append(channel, bad)
    assert values(result, channel) == []
    (refusal,) = result.refusals
    assert refusal.key == channel
    assert refusal.code in {"invalid_channel_value", "invalid_text"}
    assert not refusal.ignorable


def test_good_elements_of_an_array_are_kept():
    """One invalid element does not take the others with it."""
    result = append("$email", ["a@example.com", "nonsense", "b@example.com"])
    assert values(result, "$email") == ["a@example.com", "b@example.com"]
    assert [refusal.operation for refusal in result.refusals] == [{"$append": {"$email": "nonsense"}}]


def test_array_with_repeats_after_a_refusal():
    """Positions stay right when an element in between was refused."""
    result = append(
        "$email", ["a@example.com", "bad", "b@example.com", "A@example.com", "B@example.com", "c@example.com"]
    )
    assert values(result, "$email") == ["a@example.com", "b@example.com", "c@example.com"]


@pytest.mark.parametrize(
    ("channel", "given", "stored"),
    [
        ("$androidpush", None, "fcm"),
        ("$androidpush", " OPPO ", "oppo"),
        ("$androidpush", "apns", "fcm"),
        ("$iospush", "fcm", "apns"),
        ("$iospush", "", "apns"),
    ],
)
def test_providers(channel, given, stored):
    """Null and blank mean the default, and so does the provider of another channel; case is ignored."""
    assert append(channel, "t", id_provider=given).profile.channels[channel][0].id_provider == stored


@pytest.mark.parametrize(
    "companion", [{"id_provider": "nobody"}, {"id_provider": 5}, {"device_id": 5}, {"bundle_id": "x" * 256}]
)
def test_bad_companions_refuse_the_token(companion):
    """An unknown provider or a companion of the wrong type refuses the tokens it qualifies."""
    result = append("$androidpush", "t", **companion)
    assert result.profile.channels == {}
    assert [refusal.code for refusal in result.refusals] in (["invalid_provider"], ["invalid_companion"])


def test_companions_of_other_channels_are_ignored():
    """E-mail has no provider: whatever the companion, the address is stored, and nothing becomes a property."""
    result = append("$email", "a@example.com", id_provider=None, device_id=5)
    assert result.profile == Profile({}, {"$email": [Identity("a@example.com")]})
    assert result.refusals == []


def test_old_name_of_the_provider():
    """The legacy browser SDK writes $pushvendor; $id_provider wins if both are there."""
    assert append("$androidpush", "t", pushvendor="xiaomi").profile.channels["$androidpush"][0].id_provider == "xiaomi"
    both = append("$androidpush", "t", pushvendor="xiaomi", id_provider="oppo")
    assert both.profile.channels["$androidpush"][0].id_provider == "oppo"


def test_token_appended_again_takes_what_is_given():
    """Provider, device and bundle change where given and stay where not."""
    first = append("$androidpush", "t", id_provider="xiaomi", device_id="d1", bundle_id="b1")
    second = append("$androidpush", "t", first.profile, id_provider=None, device_id="d2")
    assert second.profile.channels["$androidpush"] == [Identity("t", "xiaomi", "d2", "b1")]
    assert not append("$androidpush", "t", second.profile).changed


def test_remove_of_a_token_with_provider():
    """A provider on $remove must match; without one the token goes under any provider."""
    stored = append("$androidpush", "t", id_provider="xiaomi").profile
    kept = fold(stored, [{"$remove": {"$androidpush": "t", "$id_provider": "fcm"}}])
    assert not kept.changed
    gone = fold(stored, [{"$remove": {"$androidpush": "t", "$id_provider": "xiaomi"}}])
    assert gone.profile.channels == {}


def test_web_push_is_known_by_its_endpoint():
    """A new subscription of an endpoint replaces the keys; the endpoint suffices to remove it."""

    def subscription(key):
        return {"endpoint": "https://e", "keys": {"p256dh": key, "auth": key}}

    first = append("$webpush", subscription("k1"))
    second = append("$webpush", subscription("k2"), first.profile)
    assert values(second, "$webpush") == [subscription("k2")]
    assert fold(second.profile, [{"$remove": {"$webpush": {"endpoint": "https://e"}}}]).profile.channels == {}


def test_slack_without_token_keeps_the_stored_one():
    """Naming a Slack user again without a token does not lose the token."""
    first = append("$slack", {"email": "U@e.com", "access_token": "xoxb-1"})
    second = append("$slack", {"email": "u@E.com"}, first.profile)
    assert values(second, "$slack") == [{"email": "U@e.com", "access_token": "xoxb-1"}]
    assert not second.changed


def test_at_most_so_many_identities():
    """A channel takes 100 identities; the next is refused, one already there is still renewed."""
    full = append("$email", [f"user{i}@example.com" for i in range(MAX_IDENTITIES + 1)])
    assert len(values(full, "$email")) == MAX_IDENTITIES
    assert [refusal.code for refusal in full.refusals] == ["too_many_identities"]
    assert append("$email", "user5@example.com", full.profile).refusals == []


def test_inbox_is_left_alone():
    """The inbox belongs to the hub: writes to it are ignored and the stored one stays."""
    profile = Profile({}, {"$inbox": [Identity("abc", "suprsend")]})
    edit = [
        {"$append": {"$inbox": "x"}},
        {"$remove": {"$inbox": "abc"}},
        {"$unset": ["$inbox"]},
        {"$set": {"$inbox": 1}},
    ]
    result = fold(profile, edit)
    assert result.profile == profile
    assert [(refusal.code, refusal.ignorable) for refusal in result.refusals] == [("inbox_key", True)] * 4
